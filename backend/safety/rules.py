"""What names a protected address, however it is typed. No I/O."""

from backend.words import words_of

FROM_WHOM = frozenset({"ME", "FA"})  # days and places are kept; others are told them on paper


def names(text: str, address: str) -> bool:
    """Whether a text has all the words of this address in it, one after the other."""
    wanted = words_of(address)
    return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(words_of(text))} "
