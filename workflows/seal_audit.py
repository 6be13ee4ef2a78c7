"""Seal what was written into the audit."""

from backend.audit.seals import Progress, seal_rows, sealing_key


async def seal_audit(progress: Progress) -> None:
    """`progress` is of this process and this database, and kept between its rounds."""
    await seal_rows(sealing_key(), progress)
