"""A neutral word for somebody: in one agency no two people on open plans go by the same."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from itertools import permutations
from random import SystemRandom
from uuid import UUID

from backend.database import connection
from backend.messages.wording import ALIASES, MAX_ALIAS, fold

OFFERED = 1000  # of some forty thousand pairs
_folded = lru_cache(maxsize=OFFERED)(fold)  # the same words are offered again and again


async def free_alias(agency: UUID | None, *, but: Collection[str] = ()) -> str:
    """A word by which nobody goes on an open plan of the actor's own agency; none of `but`.

    Until this transaction ends nobody else there is given one, so that two at once differ.
    """
    held = connection()
    await held.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"alias:{agency}")
    used = {fold(alias) for alias in but}
    for offered in _offers():
        fit = [alias for alias in offered if _folded(alias) not in used]
        alias: str | None = await held.fetchval("SELECT free_alias($1::text[])", fit)
        if alias is not None:
            return alias
    raise RuntimeError("every word and pair of words stands for somebody")


def _offers() -> Iterator[Sequence[str]]:
    """Every single word, then many pairs of them, in an order of chance.

    No numbers: an alias with one reads like a file, and none may be typed either.
    """
    chance = SystemRandom()
    yield chance.sample(ALIASES, len(ALIASES))
    pairs = _pairs(ALIASES)
    yield chance.sample(pairs, min(OFFERED, len(pairs)))


@cache
def _pairs(words: tuple[str, ...]) -> Sequence[str]:
    pairs = (f"{one} {two}" for one, two in permutations(words, 2))
    return [pair for pair in pairs if len(pair) <= MAX_ALIAS]
