"""Tell the audit how many refusals of a minute had no row of their own."""

from datetime import timedelta
from uuid import UUID

from backend import clock
from backend.audit.denials import MOST
from backend.database import fetch_at_once

OVER = timedelta(minutes=2)  # a refusal that is still being written down is of a minute ago at most
NOBODY = UUID(int=0)

_TELL = """
WITH counted AS (DELETE FROM denial WHERE minute < $1 RETURNING actor, times)
INSERT INTO audit (at, actor, operation, agency, outcome, times)
SELECT $2, nullif(c.actor, $3), 'denials', a.agency, 'denied', c.times - $4
  FROM counted c LEFT JOIN actor a ON a.id = c.actor
 WHERE c.times > $4
"""


async def tell_denials() -> None:
    now = clock.now()
    await fetch_at_once(_TELL, now - OVER, now, NOBODY, MOST)
