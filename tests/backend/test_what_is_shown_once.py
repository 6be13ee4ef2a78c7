"""A secret that is made from an id is shown to its maker while they may make it, and not later.

A form that is sent twice, and a repeat with one Idempotency-Key, are answered without the act: so
it is asked anew whether what they show may still be shown.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend import clock
from backend.access import Actor
from backend.errors import NotFromThisState
from backend.messages.links import invitation_of
from backend.once import SHOWN_AGAIN
from backend.passes.actions import check_shown, paper_of
from tests.backend.pages.browser import Browser, Page, at_the_desk, in_the_circle, login_of
from tests.backend.papers import comes_in, in_circle
from tests.world import PASSWORD, Caller, World

Fields = list[tuple[str, str]]


@dataclass
class Paper:
    """A pass whose paper was just shown, with the form that made it."""

    world: World
    worker: Caller
    plan: str
    mandate: str
    desk: Browser
    form: Fields
    first: Page
    id: UUID

    @property
    def here(self) -> str:
        return f"/desk/plans/{self.plan}/passes"

    def shows(self, page: Page) -> bool:
        paper = paper_of(self.id)
        found = [paper.pin in page.words, paper.code in page.html.replace(" ", "")]
        assert found[0] == found[1]
        return found[0]

    async def again(self) -> Page:
        """As a browser sends a form again, with whatever was typed into it."""
        return await self.desk.post(self.here, self.form)


@pytest.fixture
async def paper(world: World) -> Paper:
    worker = await world.somebody("SW")
    plan = str((await world.a_plan(worker))["id"])
    mandate = await in_circle(worker, plan)
    desk = await at_the_desk(world, worker)
    here = f"/desk/plans/{plan}/passes"
    form = (await desk.open(here)).form(here).filled()
    first = await desk.post(here, form)
    (row,) = await world.sql("SELECT id FROM entry_pass")
    made = Paper(world, worker, plan, mandate, desk, form, first, row["id"])
    assert made.shows(first)
    return made


def _later(**more: float) -> None:
    moment = clock.now() + timedelta(**more)
    clock.travel(lambda: moment)


async def test_a_form_that_is_sent_twice_shows_the_same_paper(paper: Paper) -> None:
    again = await paper.again()
    assert again.status == 200
    assert paper.shows(again)
    assert len(await paper.world.sql("SELECT 1 FROM entry_pass")) == 1


Act = Callable[[Paper], Awaitable[Any]]


async def _the_makers_mandate_ends(paper: Paper) -> None:
    sql = "UPDATE mandate SET ends = $2 WHERE actor = $1"
    await paper.world.sql(sql, paper.worker.id, clock.now())


async def _the_holders_mandate_ends(paper: Paper) -> None:
    sql = "UPDATE mandate SET ends = $2 WHERE id = $1"
    await paper.world.sql(sql, UUID(paper.mandate), clock.now())


async def _the_holders_mandate_is_to_come(paper: Paper) -> None:
    sql = "UPDATE mandate SET starts = $2 WHERE id = $1"
    later = clock.now() + timedelta(hours=1)
    await paper.world.sql(sql, UUID(paper.mandate), later)


async def _the_pass_is_ended(paper: Paper) -> None:
    done = await paper.desk.send(await paper.desk.open(paper.here), f"{paper.here}/{paper.id}/end")
    assert "opens nothing" in done.words


async def _another_is_made(paper: Paper) -> None:
    made = await paper.desk.send(await paper.desk.open(paper.here), paper.here, "mandate")
    assert made.status == 200
    assert not paper.shows(made)


async def _it_is_used_and_left(paper: Paper) -> None:
    async with await comes_in(paper_of(paper.id)) as browser:
        await browser.send(await browser.open("/file"), "/file/close")


async def _the_plan_is_over(paper: Paper) -> None:
    await paper.world.sql("UPDATE plan SET state = 'closed', closed_at = now() RETURNING id")


async def _the_proof_is_no_longer_fresh(paper: Paper) -> None:
    await paper.world.sql("UPDATE session SET proved_at = $1", clock.now() - timedelta(minutes=6))


ENDS: dict[str, Act] = {
    act.__name__.strip("_").replace("_", " "): act
    for act in (
        _the_makers_mandate_ends,
        _the_holders_mandate_ends,
        _the_holders_mandate_is_to_come,
        _the_pass_is_ended,
        _another_is_made,
        _it_is_used_and_left,
        _the_plan_is_over,
        _the_proof_is_no_longer_fresh,
    )
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_paper_is_not_shown_again_once(paper: Paper, name: str) -> None:
    await ENDS[name](paper)
    again = await paper.again()
    assert not paper.shows(again)
    assert again.status in {403, 404, 409}, again.words


async def test_a_paper_is_shown_again_though_its_holder_read_another_file(paper: Paper) -> None:
    other = (await paper.world.a_plan(paper.worker))["id"]
    await paper.world.sql(
        "INSERT INTO audit (at, actor, role, operation, agency, plan, outcome)"
        " SELECT $1, subject, 'PE', 'enterFile', agency, $2::uuid, 'done' FROM entry_pass",
        clock.now(),
        UUID(other),
    )
    assert paper.shows(await paper.again())


async def test_a_paper_is_of_its_own_plan_alone(paper: Paper) -> None:
    other = UUID((await paper.world.a_plan(paper.worker))["id"])
    (session,) = await paper.world.sql(
        "SELECT id FROM session WHERE staff = $1 AND ended_at IS NULL"
        " ORDER BY proved_at DESC LIMIT 1",
        paper.worker.id,
    )
    assert paper.worker.id
    assert paper.world.agency
    maker = Actor(paper.worker.id, "staff", "SW", paper.world.agency, session=session["id"])
    await check_shown(maker, UUID(paper.plan), paper.id)
    with pytest.raises(NotFromThisState):
        await check_shown(maker, other, paper.id)


async def test_nor_after_five_minutes_though_the_password_is_sent_along(paper: Paper) -> None:
    """A browser that sends a form again sends what was typed into it, the password too."""
    form = [pair for pair in paper.form if pair[0] != "password"] + [("password", PASSWORD)]
    _later(minutes=4)
    assert paper.shows(await paper.desk.post(paper.here, form))
    _later(minutes=1)
    late = await paper.desk.post(paper.here, form)
    assert not paper.shows(late)
    assert late.status == 409
    assert "make a new one" in late.words
    assert len(await paper.world.sql("SELECT 1 FROM entry_pass")) == 1


# Of invitations to a chat and of colleagues: by a repeat of the API, and by a form of the desk.
@dataclass
class Invited:
    world: World
    by: Caller
    path: str
    body: dict[str, Any]
    key: str
    first: dict[str, Any]

    async def again(self) -> Any:
        return await self.by.post(self.path, self.body, key=self.key)


async def _invited(world: World, by: Caller, path: str, body: dict[str, Any]) -> Invited:
    key = str(uuid4())
    made = await by.post(path, body, key=key)
    assert made.status_code == 201, made.text
    found = Invited(world, by, path, body, key, made.json())
    again = await found.again()
    assert (again.status_code, again.json()) == (201, found.first)
    return found


@pytest.fixture
async def chat(world: World) -> Invited:
    worker = await world.somebody("SW")
    plan = str((await world.a_plan(worker))["id"])
    who = await in_the_circle(worker, plan, "FA", name="Imaginary Sister")
    return await _invited(world, worker, "/invitations", {"plan": plan, "subject": who})


@pytest.fixture
async def account(world: World) -> Invited:
    administrator = await world.somebody("AD")
    await administrator.sign_in()
    body = {"role": "SW", "alias": "Robin"}
    return await _invited(world, administrator, "/account-invitations", body)


_NOW = "$1::timestamptz IS NOT NULL"
OF_CHATS = {
    "the maker's mandate has ended": "UPDATE mandate SET ends = $1 WHERE role = 'SW'",
    "the recipient's mandate has ended": "UPDATE mandate SET ends = $1 WHERE role = 'FA'",
    "the yes was taken back": "UPDATE channel_consent SET withdrawn_at = $1 RETURNING id",
    "it was opened": f"UPDATE link SET state = 'unconfirmed' WHERE {_NOW}",
    "it was cut": "UPDATE link SET state = 'ended', ended_at = $1 RETURNING id",
    "another made it": (
        f"UPDATE link SET invited_by = (SELECT id FROM member LIMIT 1) WHERE {_NOW}"
    ),
}
OF_ACCOUNTS = {
    "the proof is no longer fresh": (
        "UPDATE session SET proved_at = $1::timestamptz - interval '6 minutes'"
    ),
    "it was taken back": "UPDATE account_invitation SET ended_at = $1 RETURNING id",
    "it was used": "UPDATE account_invitation SET used_at = $1, account = invited_by RETURNING id",
}


async def _not_shown(made: Invited) -> None:
    answer = await made.again()
    assert answer.status_code in {403, 404, 409, 422}, answer.text
    for name in ("payload", "pin", "code"):
        if name in made.first:
            assert made.first[name] not in answer.text


@pytest.mark.parametrize("name", OF_CHATS)
async def test_an_invitation_to_a_chat_is_not_shown_again_once(chat: Invited, name: str) -> None:
    await chat.world.sql(OF_CHATS[name], clock.now())
    await _not_shown(chat)


@pytest.mark.parametrize("name", OF_ACCOUNTS)
async def test_an_invitation_of_a_colleague_is_not_shown_again_once(
    account: Invited, name: str
) -> None:
    await account.world.sql(OF_ACCOUNTS[name], clock.now())
    await _not_shown(account)


async def test_nor_after_five_minutes_to_who_may_make_another(
    chat: Invited, account: Invited
) -> None:
    _later(seconds=SHOWN_AGAIN.total_seconds() + 1)
    assert (await account.by.post("/account/prove", {"password": PASSWORD})).status_code == 204
    for made in (chat, account):
        answer = await made.again()
        assert answer.status_code == 409
        assert "make a new one" in answer.text
        await _not_shown(made)


async def test_nor_does_the_desk_show_a_chats_or_a_colleagues_again(world: World) -> None:
    worker, administrator = await world.somebody("SW"), await world.somebody("AD")
    plan = str((await world.a_plan(worker))["id"])
    await in_the_circle(worker, plan, "FA", name="Imaginary Sister")
    circle, colleagues = f"/desk/plans/{plan}", "/desk/colleagues"
    async with await at_the_desk(world, worker) as desk, Browser() as other:
        await other.enter(await login_of(world, administrator))
        page = await desk.open(f"{circle}/circle")
        chat = page.form(f"{circle}/invitations").filled()
        new = (await other.open(colleagues)).form(colleagues).filled(role="SW", alias="Robin")
        assert "shown once" in (await desk.post(f"{circle}/invitations", chat)).words
        assert "shown once" in (await other.post(colleagues, new)).words
        (link,) = await world.sql("SELECT id FROM link")
        _later(minutes=6)
        for browser, path, form in (
            (desk, f"{circle}/invitations", chat),
            (other, colleagues, [*new, ("password", PASSWORD)]),
        ):
            late = await browser.post(path, form)
            assert late.status == 409, late.words
            assert "shown once" not in late.words
            assert invitation_of(link["id"]).pin not in late.html
