"""What was typed in a session that had ended is shown to who typed it, and to nobody else."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest

from backend import clock
from backend.pages import kept
from backend.pages.forms import Form
from tests.backend.authenticator import a_passkey
from tests.backend.pages.browser import DESK, SIGN_IN, Browser, Page, at_the_desk, login_of
from tests.databases import as_the_owner_of_everything
from tests.world import PASSWORD, Caller, World

OWN = {"Sec-Fetch-Site": "same-origin"}
WORDS = "Nobody calls me back & I wait. Ça va?\n你好"


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


class Typed:
    """A worker who typed a complaint, in a session that runs out before it is sent."""

    def __init__(self, world: World, worker: Caller, plan: str) -> None:
        self.world, self.worker, self.plan = world, worker, plan
        self.action = f"{DESK}/plans/{plan}/complaint"
        self.browser = Browser()
        self.fields: list[tuple[str, str]] = []

    async def type(self) -> None:
        self.browser = await at_the_desk(self.world, self.worker)
        page = await self.browser.open(self.action)
        self.fields = page.form(self.action).filled(text=WORDS)

    async def send(self) -> Page:
        return await self.browser.post(self.action, self.fields, headers=OWN)

    async def enter(self, door: Page, who: Caller) -> Page:
        login = await login_of(self.world, who)
        return await self.browser.send(door, SIGN_IN, login=login, password=PASSWORD)

    def tells(self, page: Page, *, own: bool = False) -> bool:
        """Whether a page says what was typed, or where; a worker's own desk says which plans."""
        texts = [WORDS, WORDS[:20], quote(WORDS), quote_plus(WORDS), *(() if own else [self.plan])]
        return any(text in page.html.replace("&amp;", "&") for text in texts)


@pytest.fixture
async def typed(world: World) -> Typed:
    worker = await world.somebody("SW")
    made = Typed(world, worker, str((await world.a_plan(worker))["id"]))
    await made.type()
    return made


@pytest.fixture(autouse=True)
def _present() -> Iterator[None]:
    yield
    clock.travel(None)


async def test_the_door_itself_says_nothing_of_what_was_typed_nor_where(typed: Typed) -> None:
    _later(minutes=40)
    door = await typed.send()
    assert door.status == 401
    assert "for you alone" in door.words
    assert not typed.tells(door)
    wrong = await typed.browser.send(door, SIGN_IN, login="nobody", password="wrong")
    assert not typed.tells(wrong)
    assert not typed.tells(await typed.browser.send(wrong, f"{SIGN_IN}/passkey", "csrf"))


async def test_who_typed_it_looks_at_all_of_it_again_and_sends_it(typed: Typed) -> None:
    _later(minutes=40)
    again = await typed.enter(await typed.send(), typed.worker)
    assert WORDS in again.words
    assert ("text", WORDS) in again.form(typed.action).fields
    assert (await typed.browser.send(again, typed.action)).status == 200
    assert len(await typed.world.sql("SELECT 1 FROM complaint")) == 1


async def test_the_next_colleague_at_that_browser_reads_nothing_of_it(typed: Typed) -> None:
    other = await typed.world.somebody("SW")
    _later(minutes=40)
    door = await typed.send()
    theirs = await typed.enter(door, other)
    assert (theirs.status, theirs.answer.url.path) == (200, DESK)
    assert not typed.tells(theirs)
    assert "Nothing of it is saved yet" not in theirs.words


async def test_a_passkey_opens_it_for_its_holder_as_a_password_does(typed: Typed) -> None:
    other = await typed.world.somebody("SW")
    keys = {who: await a_passkey(who) for who in (other, typed.worker)}
    for who, key in keys.items():  # a new passkey has ended what was signed in elsewhere
        typed.browser.http.cookies.clear()
        shown = await typed.browser.show_at(await typed.send(), key)
        assert typed.tells(shown) == (who is typed.worker)


async def test_it_hangs_on_the_page_it_was_typed_on_and_not_on_the_cookie(typed: Typed) -> None:
    other = await typed.world.somebody("SW")
    # a colleague signs in at another tab, and their session runs out too
    assert (await typed.browser.enter(await login_of(typed.world, other))).status == 200
    _later(minutes=40)
    door = await typed.send()
    assert not typed.tells(await typed.enter(door, other))
    # and without any cookie it is still theirs who typed it
    typed.browser.http.cookies.clear()
    again = await typed.enter(await typed.send(), typed.worker)
    assert WORDS in again.words


async def test_a_form_of_a_colleagues_page_is_not_shown_again_to_who_is_signed_in(
    typed: Typed,
) -> None:
    other = await typed.world.somebody("SW")
    assert (await typed.browser.enter(await login_of(typed.world, other))).status == 200
    refused = await typed.send()
    assert (refused.status, typed.tells(refused)) == (403, False)
    assert (await typed.browser.enter(await login_of(typed.world, typed.worker))).status == 200
    again = await typed.send()
    assert (again.status, WORDS in again.words) == (403, True)


async def test_the_program_alone_keeps_it_from_a_colleague(typed: Typed) -> None:
    other = await typed.world.somebody("SW")
    await as_the_owner_of_everything(typed.world)
    _later(minutes=40)
    assert not typed.tells(await typed.enter(await typed.send(), other))


async def test_it_is_kept_for_a_day_and_while_the_session_is_known(typed: Typed) -> None:
    _later(minutes=40)
    door = await typed.send()
    _later(days=1, seconds=1)
    late = await typed.enter(door, typed.worker)
    assert (late.answer.url.path, typed.tells(late, own=True)) == (DESK, False)
    await typed.type()
    await typed.world.sql("DELETE FROM refresh_token")
    await typed.world.sql("DELETE FROM session")
    gone = await typed.enter(await typed.send(), typed.worker)
    assert (gone.answer.url.path, typed.tells(gone, own=True)) == (DESK, False)


@pytest.mark.parametrize("made_up", ["text=hello", "AQ==", "é", "Ag" * 40, "!" * 200, "A" * 9000])
async def test_what_was_not_sealed_here_is_as_if_nothing_had_been_kept(
    typed: Typed, made_up: str
) -> None:
    page = await typed.browser.open(SIGN_IN)
    login = await login_of(typed.world, typed.worker)
    sent = page.form(SIGN_IN).filled(login=login, password=PASSWORD, kept=made_up, to=typed.action)
    there = await typed.browser.post(SIGN_IN, sent)
    assert (there.status, there.answer.url.path) == (200, typed.action)


async def test_nothing_is_kept_of_a_form_without_a_page_or_larger_than_any(typed: Typed) -> None:
    _later(minutes=40)
    without = [pair for pair in typed.fields if pair[0] != "csrf"]
    larger = [*typed.fields, ("more", "x" * 120_000)]
    for fields in (without, larger):
        door = await typed.browser.post(typed.action, fields, headers=OWN, follow=False)
        assert (door.status, door.answer.headers["location"]) == (303, SIGN_IN)
    widest = Form(typed.action, (("csrf", "x"), *((f"f{n}", "你" * 450) for n in range(60))))
    assert 0 < len(kept.keep(widest)) <= kept.MOST
