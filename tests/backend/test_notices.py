"""What changed in an account is told on each of its holder's devices but where it was done."""

from datetime import timedelta
from typing import Any

from backend import clock
from backend.founding import forget_second_factor
from tests.backend.authenticator import a_passkey
from tests.backend.pages.browser import DESK, at_the_desk, login_of, plain
from tests.world import PASSWORD, App, Caller, World

ACCOUNT = "/desk/account"
NEW = "four horses in a row"


async def _on(
    who: Caller, device: str | None = None, password: str = PASSWORD
) -> tuple[Caller, str]:
    given = {"login": who.login, "password": password, "device": device}
    answer = await Caller().post("/sessions", given)
    assert answer.status_code == 200, answer.text
    there = Caller(who.id)
    there.token = answer.json()["access_token"]
    return there, answer.json()["device"]


async def _told(who: Caller) -> list[dict[str, Any]]:
    answer = await who.get("/account/notices")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["notices"]
    return found


async def test_a_new_device_is_told_on_the_others_until_it_was_seen_there(world: World) -> None:
    worker = await world.somebody("SW")
    phone, _ = await _on(worker)
    assert await _told(phone) == [], "of a first device there is nobody to tell"
    began = clock.now()
    laptop, _ = await _on(worker)
    (new,) = await _told(phone)
    assert (new["kind"], new["browser"]) == ("device", False)
    assert new["at"] >= began.isoformat()[:19]
    assert set(new) == {"id", "at", "kind", "browser"}
    assert await _told(laptop) == []
    tablet, _ = await _on(worker)
    assert len(await _told(tablet)) == 1, "whoever comes on a new one is told of the one before"
    seen = await phone.post("/account/notices/seen", {"until": new["at"]})
    assert seen.status_code == 204
    later = [one["id"] for one in await _told(phone)]
    assert new["id"] not in later
    assert len(later) == 1, "what came after that was not seen"
    assert len(await _told(laptop)) == 1
    # seen on one device is not seen on the others
    assert len(await _told(tablet)) == 1


async def test_saying_that_all_was_seen_hides_nothing_that_comes(world: World) -> None:
    worker = await world.somebody("SW")
    phone, _ = await _on(worker)
    await _on(worker)
    for until in ("9999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"):
        assert (await phone.post("/account/notices/seen", {"until": until})).status_code == 204
        assert await _told(phone) == []
    await _on(worker)
    assert len(await _told(phone)) == 1


async def test_a_changed_password_is_told_where_one_was_signed_out(world: World) -> None:
    worker = await world.somebody("SW")
    _, token = await _on(worker)
    thief, _ = await _on(worker)
    body = {"old": PASSWORD, "new": NEW}
    assert (await thief.post("/account/password", body)).status_code == 204
    assert "password" not in [one["kind"] for one in await _told(thief)]
    owner, _ = await _on(worker, token, NEW)
    assert [one["kind"] for one in await _told(owner)] == ["password", "device"]
    month = clock.now() + timedelta(days=31)
    clock.travel(lambda: month)
    owner, _ = await _on(worker, token, NEW)
    assert await _told(owner) == []


async def test_every_way_in_that_is_set_up_or_removed_is_told_elsewhere(world: World) -> None:
    worker = await world.somebody("SW")
    _, token = await _on(worker)
    there, _ = await _on(worker)
    await a_passkey(there)
    (key,) = (await there.get("/account/passkeys")).json()["passkeys"]
    assert (await there.post(f"/account/passkeys/{key['id']}/end")).status_code == 204
    app = App((await there.post("/account/factor")).json()["secret"])
    confirmed = await there.post("/account/factor/confirm", {"code": app.code()})
    assert confirmed.status_code < 300, confirmed.text
    assert {one["kind"] for one in await _told(there)} & {"passkey", "factor"} == set()
    given = {"login": worker.login, "password": PASSWORD, "device": token, "code": app.code()}
    owner = Caller(worker.id)
    owner.token = (await Caller().post("/sessions", given)).json()["access_token"]
    told = [one["kind"] for one in await _told(owner)]
    assert told == ["factor", "passkey_ended", "passkey", "device"]


async def test_one_is_told_of_ones_own_account_alone(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    phone, _ = await _on(other)
    await _on(worker)
    await _on(worker)
    assert await _told(phone) == []


async def test_a_banner_stands_on_every_page_until_it_was_seen_in_this_browser(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    old = await at_the_desk(world, worker)
    assert "new device" not in (await old.open(DESK)).words
    new = await at_the_desk(world, worker)
    for path in (DESK, "/desk/tasks"):
        page = plain(await old.open(path))
        assert "Your account was opened on a new device" in page.words, path
        assert "(in a browser)" in page.words
        assert "new device" not in (await new.open(path)).words
    account = plain(await old.open(ACCOUNT))
    assert account.words.count("opened on a new device") == 1
    seen = await old.send(account, f"{ACCOUNT}/seen")
    assert (seen.status, seen.answer.url.path) == (200, ACCOUNT)
    for path in (DESK, ACCOUNT):
        assert "new device" not in (await old.open(path)).words


async def test_an_operators_doing_is_told_everywhere(world: World) -> None:
    worker = await world.somebody("SW")
    browser = await at_the_desk(world, worker)
    assert world.agency
    await forget_second_factor(world.agency, await login_of(world, worker))
    page = await browser.enter(await login_of(world, worker))
    assert "An operator took your second factors away" in page.words


async def test_who_came_in_by_password_alone_where_more_is_asked_is_told_nothing(
    world: World,
) -> None:
    await world.an_agency(second_factor="all")
    worker = await world.somebody("SW")
    for _ in range(2):
        limited, _ = await _on(worker)
    assert (await limited.get("/account/notices")).status_code == 401
