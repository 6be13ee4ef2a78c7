"""Forget what was kept only for a while: free texts and the values of messages."""

from datetime import timedelta

from backend import clock
from backend.database import fetch_at_once

A_YEAR = timedelta(days=365)
AN_HOUR = timedelta(hours=1)  # further than the clocks of two machines are apart
A_DAY = timedelta(days=1)  # a stranger is answered within seconds or not at all

# The rows stay as counts; what they said is gone.
_TEXTS = """
UPDATE incoming SET text = NULL, version = version + 1
 WHERE text IS NOT NULL AND purge_after < $1
"""
_VALUES = """
UPDATE message SET variables = NULL, chat = NULL, version = version + 1
 WHERE (variables IS NOT NULL OR chat IS NOT NULL)
   AND created_at < CASE WHEN link IS NULL THEN $2::timestamptz ELSE $1::timestamptz END
"""
# What a court's machine signed; it has run out, so nobody takes it a second time.
_SAID = "DELETE FROM court_assertion WHERE until < $1"


async def purge() -> None:
    """Empty free texts past their day, a stranger's chat after one, message values after a year.

    What courts' machines have signed goes once it has run out, by an hour.
    """
    now = clock.now()
    await fetch_at_once(_TEXTS, now.date())
    await fetch_at_once(_VALUES, now - A_YEAR, now - A_DAY)
    await fetch_at_once(_SAID, now - AN_HOUR)
