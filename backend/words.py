"""What typed words may look like and when two are one; and what acts are said to be for."""

import re
import unicodedata
from typing import Annotated

from msgspec import Meta

# `$` alone would let a last line end pass
END = "$(?!\\n)"
# no NUL or control characters, no line ends of Unicode, no bidi overrides, no lone surrogates
_NEVER = "\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff"
CLEAN = f"^[^\\x00-\\x1f{_NEVER}]*{END}"
_CLEAN_LINES = f"^[^\\x00-\\x09\\x0b-\\x1f{_NEVER}]*{END}"
_BASE64 = f"^[A-Za-z0-9_-]+=*{END}"

# What an act may be said to be for; the database has a usual answer for each operation.
PURPOSES = ("care", "supervision", "summary", "complaint", "audit", "technical")

Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=CLEAN)]
NameOrEmpty = Annotated[str, Meta(max_length=120, pattern=CLEAN)]  # empty takes it away
Purpose = Annotated[str, Meta(min_length=1, max_length=40, pattern=CLEAN)]
Place = Annotated[str, Meta(min_length=1, max_length=60, pattern=CLEAN)]
Line = Annotated[str, Meta(min_length=1, max_length=80, pattern=CLEAN)]
Note = Annotated[str, Meta(min_length=1, max_length=500, pattern=_CLEAN_LINES)]
Minutes = Annotated[str, Meta(min_length=1, max_length=2000, pattern=_CLEAN_LINES)]
# a file that somebody pastes: lines, however they end, and tables
_CLEAN_SHEET = f"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f{_NEVER}]*{END}"
Sheet = Annotated[str, Meta(min_length=1, max_length=200_000, pattern=_CLEAN_SHEET)]
Alias = Annotated[str, Meta(min_length=1, max_length=24, pattern=CLEAN)]
Language = Annotated[str, Meta(pattern="^[a-z]{2,3}" + END)]
RoleCode = Annotated[str, Meta(pattern="^[A-Z]{2}" + END)]
# what somebody shows to come in
Login = Annotated[str, Meta(min_length=3, max_length=80, pattern=r"^[\w.@+-]*" + END)]
PasswordWord = Annotated[str, Meta(min_length=1, max_length=128)]
CodeWord = Annotated[str, Meta(min_length=6, max_length=40)]
Token = Annotated[str, Meta(min_length=20, max_length=200)]
DeviceName = Annotated[str, Meta(min_length=1, max_length=40, pattern=CLEAN)]
# bytes of an authenticator, in base64url
KeyId = Annotated[str, Meta(min_length=1, max_length=1400, pattern=_BASE64)]
Bytes = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=_BASE64)]

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
