"""Passwords are hashed with argon2id, beside the event loop, two at a time."""

import asyncio
import secrets
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from backend.staff.rules import check_password

# OWASP's argon2id minimum: 19 MiB, two passes, one lane
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash(secrets.token_urlsafe(16))
_threads = asyncio.Semaphore(2)


async def hash_password(
    password: str, words: Sequence[str] = (), *, second_factor: bool = False
) -> str:
    """Raises Unfit for one that is too short, too long or easily guessed."""

    def work() -> str:
        check_password(password, words, second_factor=second_factor)
        return _hasher.hash(password)

    async with _threads:
        return await asyncio.to_thread(work)


async def is_right(password: str, hashed: str | None) -> bool:
    """Whether the hash is this password's. Where there is none, the answer takes as long."""

    def work() -> bool:
        try:
            return _hasher.verify(hashed or _nobody, password) and hashed is not None
        except (VerifyMismatchError, InvalidHashError):
            return False

    async with _threads:  # hashing is heavy on purpose; two at a time leave room for the rest
        return await asyncio.to_thread(work)
