"""An erasure leaves alone what is of another plan, of another person, and what has ended before."""

from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor
from backend.erasure.actions import erase_person
from backend.erasure.voluntary import erase_voluntary, take_out_again
from backend.walls.rules import LASTS
from tests.backend.beside import LONG_AGO, Beside, a_row_like, has_proved, unguarded
from tests.plan_rows import PLAN_ROWS


async def _let(held: Any, beside: Beside, head: Actor, *, voluntary: bool) -> int:
    """Nothing is in the way of it any more; the version of the plan."""
    await held.execute("UPDATE legal_hold SET ended_at = set_at, ended_by = set_by")
    await has_proved(head)
    await a_row_like(
        "erasure_wish",
        plan=beside.plan,
        person=beside.person,
        asked_by=beside.actor("CO", beside.kept.other).id,
        asked_at=clock.now(),
        ended_at=None,
        voluntary=voluntary,
    )
    sql = "UPDATE plan SET supervision = $2 WHERE id = $1 RETURNING version"
    version: int = await held.fetchval(sql, beside.plan, voluntary)
    return version


async def _waiting(subject: UUID, person: UUID) -> str:
    """A task to answer a complaint of theirs; it is of no plan."""
    complaint = await a_row_like("complaint", subject=subject, person=person)
    return str(await a_row_like("task", plan=None, kind="complaint-due", subject=complaint))


async def _about(held: Any, plan: UUID) -> set[str]:
    """What waits to be said to staff about the tasks of a plan."""
    tasks = await held.fetch("SELECT id FROM task WHERE plan = $1", plan)
    more = {"plan": None, "recipient": None, "state": "queued", "sending_at": None}
    return {
        str(await a_row_like("message", subject=row["id"], local_due="2031-03-03", **more))
        for row in tasks
    }


async def test_a_person_who_is_erased_takes_along_nobody_else(beside: Beside) -> None:
    head = beside.actor("CO", session=uuid4())
    async with beside.undone(head) as held:
        version = await _let(held, beside, head, voluntary=False)
        (member,) = await held.fetch("SELECT id FROM member WHERE plan = $1 LIMIT 1", beside.other)
        own_task = await _waiting(beside.person, beside.person)
        own_messages = await _about(held, beside.plan)
        wishes = await held.fetch(
            "SELECT g.id FROM break_glass g JOIN plan p ON p.alias = g.alias WHERE p.id = $1",
            beside.other,
        )
        now = clock.now()
        let = {"starts": now, "ends": now + LASTS, "glass": wishes[0]["id"]}
        await a_row_like("mandate", plan=beside.other, **let)
        beside.watched |= {
            *await _about(held, beside.other),
            await _waiting(beside.other_person, beside.other_person),
            str(await a_row_like("incident", "description IS NOT NULL", touched=[member["id"]])),
            *(str(row["id"]) for row in wishes),
        }
        somebody = dict.fromkeys(("subject", "person"), beside.other_person)
        somebody["client"] = beside.kept.other.docket.court.id
        await beside.add(plan=beside.empty, link=beside.other_link, milestone=uuid4(), **somebody)
        await beside.add(**LONG_AGO)
        changed = await beside.changes(erase_person(head, beside.plan, version))
        assert own_task in changed["task"]
        assert own_messages <= changed["message"]
        assert changed.keys() >= {
            *("link", "court_file", "plan", "entry_pass", "wall", "safety_flag"),
            *("protected_address", "erasure_wish", "break_glass", "incident", "mandate"),
        }


async def test_the_voluntary_part_is_of_those_who_stand_by_nobody_else(beside: Beside) -> None:
    head = beside.actor("CO", session=uuid4())
    async with beside.undone(head) as held:
        version = await _let(held, beside, head, voluntary=True)
        members = await held.fetch(
            "SELECT id FROM member WHERE plan = $1 AND role IN ('ME', 'FA')"
            " ORDER BY role = 'FA' AND id IN (SELECT subject FROM channel_consent) DESC,"
            " role = 'ME' DESC, id IN (SELECT subject FROM safety_flag), id",
            beside.plan,
        )
        relative, first, second, *_ = (row["id"] for row in members)
        await a_row_like("mandate", "ends IS NULL", plan=beside.other, actor=first)
        await a_row_like("mandate", plan=beside.other, actor=second, **LONG_AGO)
        async with unguarded():
            await held.execute(
                "UPDATE contact SET actor = $2 WHERE plan = $1", beside.plan, relative
            )
            await held.execute(
                "UPDATE participation SET answer = 'declined' WHERE plan = $1", beside.plan
            )
        own_task = await _waiting(relative, beside.person)
        beside.watched |= {
            await _waiting(beside.person, beside.person),
            await _waiting(beside.other_person, beside.other_person),
        }
        another = {"link": beside.other_link, "milestone": uuid4(), "meeting": uuid4()}
        other = {"plan": beside.empty, "person": beside.other_person}
        await beside.add(["mandate"], **other, **another)  # for who has one is left alone
        staff = dict.fromkeys(("subject", "actor", "recipient", "about"), beside.actor("SW").id)
        # a no goes whatever row it is about, and a meeting with all that was said in it
        of_meetings = [table for table in PLAN_ROWS if table.startswith("meeting")]
        await beside.add(["incoming", "participation", *of_meetings], **staff, **another)
        await beside.add(**LONG_AGO)
        welcomes = await held.fetch(
            "SELECT k.id FROM welcome w JOIN subject_key k ON k.id = w.id WHERE w.plan = $1",
            beside.plan,
        )
        assert welcomes
        changed = await beside.changes(erase_voluntary(head, beside.plan, version))
        gone = [row["id"] for row in (*members, *welcomes) if row["id"] != first]
        assert changed["subject_key"] == {str(one) for one in gone}
        assert own_task in changed["task"]
        assert changed.keys() >= {
            *("link", "message", "incoming", "claim", "contact", "participation"),
            *("channel_consent", "disclosure", "safety_flag", "protected_address", "mandate"),
            *("goal", "needs_review", "needs_area", "welcome"),
            *of_meetings,
        }


async def test_what_a_backup_brought_back_is_taken_out_of_its_own_plan_and_circle_alone(
    beside: Beside,
) -> None:
    """Of mentors and relatives: a lawyer whose key is gone, or a mentor elsewhere, is none."""
    async with beside.undone(beside.actor("CO")) as held:
        sql = "SELECT id FROM member WHERE plan = $1 AND role = $2 LIMIT 1"
        mentor, lawyer, elsewhere = [
            await held.fetchval(sql, plan, role)
            for plan, role in ((beside.plan, "ME"), (beside.plan, "LR"), (beside.other, "ME"))
        ]
        own, theirs = [
            await a_row_like("mandate", "ends IS NULL", plan=beside.plan, actor=one)
            for one in (mentor, lawyer)
        ]
        waiting = {"plan": None, "recipient": None, "state": "queued", "sending_at": None}
        about, about_lawyer, about_other = [
            await a_row_like("message", subject=one, local_due="2031-03-03", **waiting)
            for one in (mentor, lawyer, elsewhere)
        ]
        async with unguarded():
            await held.execute(
                "UPDATE subject_key SET wrapped = NULL WHERE id = ANY ($1)",
                [mentor, lawyer, elsewhere],
            )
        beside.watched |= {str(about_other), str(about_lawyer), str(theirs)}
        changed = await beside.changes(take_out_again(beside.plan))
        assert str(own) in changed["mandate"]
        assert str(about) in changed["message"]
