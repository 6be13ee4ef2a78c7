"""Let the end of the audit's chain leave this host."""

from backend.audit.heads import export_head as export
from backend.settings import settings


async def export_head() -> None:
    """Into the folder and to the address of the settings; where there is neither, nowhere."""
    await export(settings().audit_head_dir, settings().audit_head_url)
