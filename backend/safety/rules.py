"""What names a protected address, however it is typed. No I/O."""

import re
import unicodedata

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """The words of a text without case, accents and signs, in their order.

    What looks alike (NFKC) is alike: a name is found however its writer's keyboard makes it.
    """
    bare = _without_marks(_without_marks(text).casefold())
    return _WORD.findall(unicodedata.normalize("NFKC", bare))


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")


def names(text: str, address: str) -> bool:
    """Whether a text has all the words of this address in it, one after the other."""
    wanted = words_of(address)
    return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(words_of(text))} "
