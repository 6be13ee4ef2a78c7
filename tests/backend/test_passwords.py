"""What a password must be like, and how its holder changes it."""

import importlib.util
from datetime import timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import clock
from backend.errors import Unfit
from backend.staff import common, rules
from tests.world import PASSWORD, App, Caller, World

PROBLEM = "urn:throughcare:problem:"
WORDS = ("camille", "Camille", "Association Vallon")
NEW = "four horses in a row"
SENTENCE = (
    "a grey cat sat by the river while seven old bikes leaned on a wall, and nobody came to ask"
    " whose they were until the rain was over"
)


def _fits(password: str, *, second_factor: bool = False) -> bool:
    try:
        rules.check_password(password, WORDS, second_factor=second_factor)
    except Unfit:
        return False
    return True


@pytest.mark.parametrize(
    ("password", "alone", "with_factor"),
    [
        ("", False, False),
        ("k7#dP2q", False, False),
        ("k7#dP2qz", False, True),
        ("correct horse b", True, True),
        ("correct horse ", False, True),
        ("вчера шёл дождь весь день", True, True),
        (SENTENCE[:128], True, True),
        (SENTENCE[:129], False, False),
        # common ones, or made of what stands around the account
        ("password", False, False),
        ("Password123", False, False),
        ("passwordpassword", False, False),
        ("123456789012345", False, False),
        ("qwertyuiopasdfgh", False, False),
        ("aaaaaaaaaaaaaaaaaaaa", False, False),
        ("throughcare2026", False, False),
        ("camille-camille-1", False, False),
        ("Vallon Vallon Vallon", False, False),
        ("Association Vallon", False, False),
        ("P@$$w0rd!", False, False),
        ("p@ssw0rd p@ssw0rd", False, True),
    ],
)
def test_it_is_long_and_not_easily_guessed_and_nothing_else(
    password: str, *, alone: bool, with_factor: bool
) -> None:
    assert _fits(password) == alone
    assert _fits(password, second_factor=True) == with_factor


@settings(max_examples=60, deadline=timedelta(seconds=2))
@given(st.text(alphabet="a4@b8c({[<e3g69i1!|l7o0s$5t+x%z2", min_size=100, max_size=128))
def test_no_password_keeps_the_program_busy(password: str) -> None:
    _fits(password)


async def _enter(who: Caller, password: str, **more: str) -> httpx.Response:
    return await Caller().post("/sessions", {"login": who.login, "password": password, **more})


async def _change(who: Caller, new: str, old: str = PASSWORD) -> httpx.Response:
    return await who.post("/account/password", {"old": old, "new": new})


async def test_a_change_needs_the_old_one_and_ends_every_other_session(world: World) -> None:
    worker = await world.somebody("SW")
    elsewhere = (await _enter(worker, PASSWORD)).json()
    await worker.sign_in()
    refused = await _change(worker, NEW, old="not the old one at all")
    assert (refused.status_code, refused.json()["type"]) == (401, PROBLEM + "wrong-credentials")
    assert (await _change(worker, NEW)).status_code == 204
    assert (await _enter(worker, PASSWORD)).status_code == 401
    assert (await worker.get("/plans")).status_code == 200
    headers = {"Authorization": f"Bearer {elsewhere['access_token']}"}
    assert (await Caller().get("/plans", headers=headers)).status_code == 401
    fresh = {"refresh_token": elsewhere["refresh_token"]}
    assert (await Caller().post("/sessions/refresh", fresh)).status_code == 401
    assert (await _enter(worker, NEW)).status_code == 200
    (account,) = await world.sql("SELECT password, version FROM staff")
    assert account["version"] == 2
    assert NEW not in account["password"]


async def test_the_old_one_is_guessed_ten_times_and_no_more(world: World) -> None:
    worker = await world.somebody("SW")
    seen = [(await _change(worker, NEW, old=f"wrong {n}")).status_code for n in range(11)]
    assert seen == [401] * 10 + [429]
    assert (await _change(worker, NEW)).status_code == 429
    assert (await _enter(worker, PASSWORD)).status_code == 200  # signing in has its own count


async def test_the_words_around_the_account_are_known(world: World) -> None:
    await world.an_agency(name="Grindelwald")
    worker = await world.somebody("SW")
    for easy in ("Grindelwald 2026", f"{worker.login} 2026", "throughcare 2026", "x" * 20):
        refused = await _change(worker, easy)
        assert (refused.status_code, refused.json()["type"]) == (422, PROBLEM + "unfit"), easy
        assert easy not in refused.text
    assert (await _change(worker, NEW)).status_code == 204


async def test_eight_characters_are_enough_with_a_second_factor_and_only_with_it(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    short = "k7#dP2qz"
    assert (await _change(worker, short)).status_code == 422
    app = App((await worker.post("/account/factor")).json()["secret"])
    confirmed = await worker.post("/account/factor/confirm", {"code": app.code()})
    assert confirmed.status_code == 200
    assert (await _change(worker, short)).status_code == 204
    entered = await _enter(worker, short, code=app.code())
    assert entered.json()["refresh_token"]
    # an operator takes the lost factor away: the short password alone leads to a new one only
    await world.sql("UPDATE factor SET ended_at = now()")
    assert (await _enter(worker, short)).json()["refresh_token"] is None


async def test_a_change_counts_as_a_fresh_proof(world: World) -> None:
    worker = await world.somebody("SW")
    await worker.sign_in()
    moment = clock.now() + timedelta(minutes=6)
    clock.travel(lambda: moment)
    assert (await worker.post("/account/factor")).status_code == 403
    assert (await _change(worker, NEW)).status_code == 204
    assert (await worker.post("/account/factor")).status_code == 200


@pytest.mark.parametrize("known", ["krasavchik", "KrasavChik", "njkmznnb", "cnfc35762209"])
def test_a_password_of_the_hundred_thousand_is_refused_whatever_it_looks_like(known: str) -> None:
    assert not _fits(known, second_factor=True)
    assert _fits(f"{known} zw9", second_factor=True)


def test_the_list_of_common_passwords_is_whole_in_order_and_small() -> None:
    whole = common.FILE.read_bytes()
    entries = [whole[at : at + 4] for at in range(0, len(whole), 4)]
    assert entries == sorted(set(entries))
    assert 99_900 < len(entries) <= 100_000
    assert len(whole) < 500_000
    made = common.packed(["Password", "short", "password", "dragonfly", "", "dragonfly "])
    assert made == b"".join(sorted({common._beginning("password"), common._beginning("dragonfly")}))


def test_a_password_costs_a_thief_what_owasp_asks_for_at_least() -> None:
    # read anew: the tests of this process hash more quickly
    named = importlib.util.find_spec("backend.staff.passwords")
    assert named is not None
    assert named.loader is not None
    fresh = importlib.util.module_from_spec(named)
    named.loader.exec_module(fresh)
    hasher = fresh._hasher
    assert (hasher.type.name, hasher.time_cost >= 2) == ("ID", True)
    assert (hasher.memory_cost >= 19 * 1024, hasher.parallelism) == (True, 1)
    assert (hasher.salt_len >= 16, hasher.hash_len >= 32) == (True, True)
