"""Let the ids of destroyed keys leave this host, so that a restore destroys them again."""

from backend.erasure.destroyed import export_destroyed as export
from backend.settings import settings


async def export_destroyed() -> None:
    """Into the folder of the audit's heads; where there is none, nowhere."""
    await export(settings().audit_head_dir)
