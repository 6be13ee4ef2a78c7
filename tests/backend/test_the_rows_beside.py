"""What is done for one of a circle leaves alone what is another's, and what is of another plan."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from backend import clock
from backend.alerts.actions import close_silence, step_again
from backend.circles.actions import end_mandate
from backend.consents.actions import withdraw
from backend.messages.links import NewInvitation, confirm_link, create_invitation
from backend.plans.actions.ending import end_silently
from tests.backend.beside import Beside, a_row_like, unguarded


async def _a_relative(held: Any, beside: Beside) -> Any:
    """Who has a chat on the plan, and to whom something waits to be said."""
    found = await held.fetchrow(
        "SELECT l.id AS link, l.subject AS actor, m.id AS mandate, c.id AS consent FROM link l"
        " JOIN mandate m ON m.actor = l.subject JOIN channel_consent c ON c.subject = l.subject"
        " WHERE l.plan = $1 AND l.state = 'active' AND m.role = 'FA'",
        beside.plan,
    )
    async with unguarded():
        await held.execute(
            "UPDATE message SET state = 'queued', sending_at = NULL WHERE recipient = $1",
            found["actor"],
        )
    return found


async def _beside_them(beside: Beside) -> None:
    """The same of another plan, and of somebody else in this one."""
    await beside.add(plan=beside.empty, link=beside.other_link)
    somebody = beside.kept.scene.callers["SW"].id
    await beside.add(subject=somebody, recipient=somebody, link=beside.other_link)


async def test_a_plan_that_ends_without_a_word_ends_nothing_else(beside: Beside) -> None:
    """Nor what was over before, in its own circle."""
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        await _a_relative(held, beside)
        over = {"starts": "2020-01-01T00:00:00Z", "ends": "2020-01-02T00:00:00Z"}
        before = await a_row_like("mandate", "role = 'FA'", plan=beside.plan, **over)
        await beside.add(plan=beside.empty, link=beside.other_link)
        of_before = {"plan": beside.empty, "subject": beside.person}
        chat = await a_row_like("link", "state = 'active'", **of_before)
        own = await a_row_like("link", "state = 'active'", plan=beside.plan, subject=beside.person)
        cant = {"kind": "cant", "subject": uuid4(), "closed_at": None}
        task = await a_row_like("task", plan=beside.plan, **{**cant, "subject": uuid4()})
        await a_row_like("task", plan=beside.empty, **cant)
        version = await held.fetchval("SELECT version FROM plan WHERE id = $1", beside.plan)
        changed = await beside.changes(end_silently(worker, beside.plan, version))
        assert {"plan", "mandate", "link", "message", "milestone"} <= changed.keys()
        assert str(before) not in changed["mandate"]
        assert str(task) in changed["task"]
        assert str(own) in changed["link"]
        assert str(chat) not in changed["link"]


async def test_a_yes_that_is_taken_back_ends_the_chat_of_its_own(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        relative = await _a_relative(held, beside)
        await _beside_them(beside)
        changed = await beside.changes(withdraw(worker, relative["consent"]))
        assert changed.keys() == {"channel_consent", "link", "message"}


async def test_a_mandate_that_ends_takes_the_chat_of_its_own(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        relative = await _a_relative(held, beside)
        await _beside_them(beside)
        changed = await beside.changes(end_mandate(worker, relative["mandate"], 1))
        yeses = {"channel_consent", "disclosure"}
        assert changed.keys() == {"mandate", "link", "message", *yeses}


async def test_an_invitation_ends_the_one_before_it(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        relative = await _a_relative(held, beside)
        await held.execute("UPDATE link SET state = 'invited' WHERE id = $1", relative["link"])
        await _beside_them(beside)
        new = NewInvitation(beside.plan, relative["actor"])
        changed = await beside.changes(create_invitation(worker, new))
        assert changed.keys() == {"link", "message"}


async def test_a_chat_that_is_confirmed_ends_the_one_before_it(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        relative = await _a_relative(held, beside)
        new = NewInvitation(beside.plan, relative["actor"])
        await create_invitation(worker, new)
        await held.execute("UPDATE link SET state = 'unconfirmed' WHERE id = $1", new.id)
        await _beside_them(beside)
        changed = await beside.changes(confirm_link(worker, new.id, 1))
        assert changed["link"] == {str(new.id), str(relative["link"])}


async def test_a_chat_is_welcomed_in_the_role_of_its_own_mandate(beside: Beside) -> None:
    worker = beside.actor("SW")
    async with beside.undone(worker) as held:
        relative = await _a_relative(held, beside)
        new = NewInvitation(beside.plan, relative["actor"])
        await create_invitation(worker, new)
        await held.execute("UPDATE link SET state = 'unconfirmed' WHERE id = $1", new.id)
        own = {"plan": beside.plan, "actor": relative["actor"], "role": "ME"}
        for other in ({"plan": beside.other}, {"actor": worker.id}, {"role": "TR"}):
            later = {**own, **other, "starts": "2090-01-01T00:00:00Z"}
            await a_row_like("mandate", "role = 'FA' AND ends IS NULL", **later)
        await confirm_link(worker, new.id, 1)
        key = await held.fetchval("SELECT key FROM message WHERE link = $1", new.id)
        assert key == "WELCOME-F"


TODAY, LAST_WEEK = "2031-03-03", "2031-02-24"


async def test_an_answer_about_a_week_closes_the_silence_of_that_week_alone(
    beside: Beside,
) -> None:
    async with beside.undone(beside.actor("SW")):
        row, another = uuid4(), uuid4()
        of: dict[str, object] = {"plan": beside.plan, "closed_at": None, "local_due": TODAY}
        silent = {**of, "kind": "mentor-silent", "step": "silent-48"}
        own = await a_row_like("task", subject=row, **silent)
        theirs = await a_row_like("task", subject=another, **silent)
        await a_row_like("task", subject=row, **{**silent, "local_due": LAST_WEEK})
        await a_row_like("task", subject=row, **{**silent, "kind": "cant", "step": "CONTACT"})
        paging = {**silent, "kind": "unopened", "step": ""}
        pages = [await a_row_like("task", subject=one, **paging) for one in (own, theirs)]
        act = close_silence(row, date.fromisoformat(TODAY), "answered")
        assert (await beside.changes(act))["task"] == {str(own), str(pages[0])}


@pytest.mark.parametrize("name", ["subject", "about", "kind", "local_due", "step", "closed_at"])
async def test_who_asks_again_is_heard_as_often_as_this_very_question_was_closed(
    beside: Beside, name: str
) -> None:
    async with beside.undone(beside.actor("SW")):
        row, who = uuid4(), beside.person
        closed = {"kind": "call-me", "subject": row, "about": who, "local_due": TODAY}
        closed |= {"plan": beside.plan, "step": "GATE-7", "closed_at": clock.now()}
        other = {"subject": uuid4(), "about": uuid4(), "kind": "cant", "local_due": LAST_WEEK}
        other |= {"step": "APPT-3", "closed_at": None}

        async def step() -> str:
            day = date.fromisoformat(TODAY)
            return await step_again("call-me", row, about=who, local_due=day, step="GATE-7")

        await a_row_like("task", **{**closed, "step": "GATE-7 again-0", name: other[name]})
        assert await step() == "GATE-7"
        await a_row_like("task", **closed)
        assert await step() == "GATE-7 again-1"
