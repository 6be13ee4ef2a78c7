"""How long a pass opens the door, and what is printed and spoken. No I/O."""

import base64
import re
from datetime import timedelta

LIVES = timedelta(days=7)
SESSION = timedelta(minutes=15)  # from coming in, whatever is tapped meanwhile
MOST_TRIES = 5  # wrong PINs of one paper, in all its life
PIN_DIGITS = 6
CODE_BYTES = 20  # 160 bits: nobody finds one by trying
PATH = "/file/enter"
HOLDERS = frozenset({"PE", "LR"})


def code_of(secret: bytes) -> str:
    """Letters and digits that can be read from paper and typed where no camera is."""
    return base64.b32encode(secret[:CODE_BYTES]).decode().lower()


def pin_of(secret: bytes) -> str:
    return f"{int.from_bytes(secret[:8], 'big') % 10**PIN_DIGITS:0{PIN_DIGITS}d}"


def typed_code(text: str) -> str:
    """A code as it is hashed, however it was typed."""
    return re.sub(r"[\s-]", "", text).lower()[:64]


def typed_pin(text: str) -> str:
    return re.sub(r"[\s-]", "", text)[:16]
