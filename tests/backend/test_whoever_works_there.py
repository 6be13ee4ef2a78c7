"""Who does not work there any more has no session, whatever was on its way when they went."""

import pytest

from backend.errors import NotSignedIn, WrongCredentials
from backend.staff.passwords import is_right
from backend.staff.sessions import Whence, refresh, sign_in
from tests.world import PASSWORD, World


async def test_an_account_that_ends_while_its_password_is_looked_at_is_not_signed_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await world.somebody("SW")

    async def then_gone(password: str, hashed: str | None) -> bool:
        await world.sql("UPDATE staff SET active = false WHERE id = $1", worker.id)
        return await is_right(password, hashed)

    monkeypatch.setattr("backend.staff.sessions.is_right", then_gone)
    with pytest.raises(WrongCredentials):
        await sign_in(worker.login or "", PASSWORD, Whence())


async def test_an_account_that_has_ended_renews_no_session(world: World) -> None:
    worker = await world.somebody("SW")
    tokens = await sign_in(worker.login or "", PASSWORD, Whence())
    assert tokens.refresh
    await world.sql("UPDATE staff SET active = false WHERE id = $1", worker.id)
    with pytest.raises(NotSignedIn):
        await refresh(tokens.refresh)
