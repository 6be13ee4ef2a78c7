"""Codes of a second factor: read together with the account, judged, and taken once."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import clock
from backend.actors.actions import unseal_with, vault
from backend.staff.rules import new_secret, recovery_code, step_of

_nobody = new_secret()


@dataclass(frozen=True)
class Code:
    """A right code: of a time step of the app, or a recovery code, which needs no app."""

    factor: UUID | None
    step: int | None
    recovery: UUID | None

    @property
    def of_app(self) -> bool:
        return self.step is not None


def hash_recovery(code: str | None) -> bytes:
    return vault().index("recovery_code.hash", recovery_code(code or ""))


def place(factor: UUID) -> str:
    return f"factor.secret:{factor}"


def right_code(row: Any | None, code: str | None) -> Code | None:
    """The code, where it is right for the account of this row. No row and no app take as long."""
    secret, app = _nobody, None if row is None else row["factor"]
    if row is not None and app is not None:
        secret = unseal_with(row["wrapped"], row["id"], place(app), row["secret"])
    step = step_of(secret, code or "", clock.now())
    if row is not None and app is not None and step is not None:
        return Code(app, step, None)
    if row is not None and row["recovery"] is not None:
        return Code(app, None, row["recovery"])
    return None


async def take(held: Any, code: Code) -> bool:
    """Whether it was not taken before: by an account, a time step is used once, whoever asks.

    What was taken away since the code was judged opens nothing.
    """
    if code.of_app:
        sql = (
            "UPDATE factor SET used_step = $2 WHERE id = $1 AND used_step < $2 AND ended_at IS NULL"
        )
        done: str = await held.execute(sql, code.factor, code.step)
    else:
        sql = "UPDATE recovery_code SET used_at = $2 WHERE id = $1 AND used_at IS NULL"
        done = await held.execute(sql, code.recovery, clock.now())
    return done.endswith(" 1")
