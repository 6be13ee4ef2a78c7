"""What a password must be like, and which codes are right. No I/O."""

import base64
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from zxcvbn import zxcvbn

from backend.errors import Unfit
from backend.staff.common import is_common

PRODUCT = "throughcare"
SHORTEST, SHORTEST_WITH_FACTOR, LONGEST = 15, 8, 128
# Guesses of somebody who knows the common passwords and the words around the account, as powers
# of ten. Online they have ten in a quarter of an hour; a stolen hash costs them 20 ms each.
FEWEST_GUESSES, FEWEST_WITH_FACTOR = 10, 8
# zxcvbn tries every reading of signs that stand for letters, which takes seconds where many are
# mixed: each sign is read in one way here, and no more characters are looked at than these.
LOOKED_AT = 48
AS_LETTERS = str.maketrans("@({[<!|$+%", "acccciistx")
GUESSED = "This password is common or easily guessed: take another."
STEP = 30  # seconds, as every app that shows codes has it
DIGITS = 6
SECRET_BYTES = 20  # RFC 4226, section 4
RECOVERY_CODES, RECOVERY_BYTES = 10, 10
LEADERS = frozenset({"CO", "AD"})
FACTOR_RULES = ("none", "leaders", "all", "passkeys")  # the last one asks for most


def check_password(password: str, words: Sequence[str], *, second_factor: bool) -> None:
    """Raises Unfit for one that is too short, too long, or easily guessed.

    `words` are those of the account: login, alias, agency. Nothing is asked of the kinds of
    characters (NIST SP 800-63B, 3.1.1.2).
    """
    shortest = SHORTEST_WITH_FACTOR if second_factor else SHORTEST
    if not shortest <= len(password) <= LONGEST:
        raise Unfit(f"A password has {shortest} to {LONGEST} characters.", field="password")
    if is_common(password):
        raise Unfit(GUESSED, field="password")
    around = [PRODUCT, *(part for word in words for part in (word, *re.split(r"\W+", word)))]
    told = zxcvbn(password[:LOOKED_AT].translate(AS_LETTERS), [word for word in around if word])
    if told["guesses_log10"] < (FEWEST_WITH_FACTOR if second_factor else FEWEST_GUESSES):
        raise Unfit(GUESSED, field="password")


def needs_factor(rule: str, role: str) -> bool:
    """Whether an agency with this rule asks a second factor of a role."""
    return rule in {"all", "passkeys"} or (rule == "leaders" and role in LEADERS)


def asks_less(rule: str) -> bool:
    """Whether this is less than a second factor of all staff and a passkey of leaders."""
    return rule != FACTOR_RULES[-1]


def needs_passkey(rule: str, role: str) -> bool:
    """Whether it asks a passkey, so that a code from an app is not enough."""
    return rule == "passkeys" and role in LEADERS


def new_secret() -> str:
    """In base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """What an app shows in a time step: the seconds since 1970, divided by thirty."""
    return _totp(secret).generate(step * STEP).decode()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is: the present one, the last or the next (RFC 6238, 5.2)."""
    present, typed, found = int(now.timestamp()) // STEP, _plain(code).encode(), None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), typed):
            found = step
    return found


def uri_of(secret: str, login: str, issuer: str) -> str:
    """What an app reads from a QR code."""
    return _totp(secret).get_provisioning_uri(login, issuer)


def new_recovery_codes() -> list[str]:
    """80 random bits each, in fours that can be read from paper."""
    made = (base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
    return ["-".join(re.findall("....", code.decode().lower())) for code in made]


def recovery_code(typed: str) -> str:
    """A recovery code as it is hashed, however it was typed."""
    return _plain(typed).lower()


def _plain(typed: str) -> str:
    return re.sub(r"[\s-]", "", typed)


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP)  # noqa: S303 - what apps know
