"""Forget within the hour what nobody needs any more; what has a term of days goes in `retain`."""

from datetime import timedelta

from backend import clock
from backend.database import fetch_at_once
from workflows.tidy import DELETABLE

AN_HOUR = timedelta(hours=1)  # further than the clocks of two machines are apart
A_DAY = timedelta(days=1)  # a stranger is answered within seconds or not at all

_STRANGERS = """
UPDATE message SET variables = NULL, chat = NULL, version = version + 1
 WHERE link IS NULL AND (variables IS NOT NULL OR chat IS NOT NULL) AND created_at < $1
"""
# The address of a chat that ended with a mandate, once nothing can be taken out of it any more.
_ENDED = """
UPDATE link SET chat = NULL, version = version + 1
 WHERE state = 'ended' AND chat IS NOT NULL AND chat_index IS NULL AND ended_at <= $1
"""
# What a court's machine signed; it has run out, so nobody takes it a second time.
_SAID = "DELETE FROM court_assertion WHERE until < $1"
# How much an account did within an hour; who looked at what stands in the audit.
_COUNTED = "DELETE FROM recent_act WHERE since < $1"


async def purge() -> None:
    """Empty a stranger's chat after a day, one that ended after two; the rest an hour late."""
    now = clock.now()
    await fetch_at_once(_STRANGERS, now - A_DAY)
    await fetch_at_once(_ENDED, now - DELETABLE)
    await fetch_at_once(_SAID, now - AN_HOUR)
    await fetch_at_once(_COUNTED, now - AN_HOUR)
