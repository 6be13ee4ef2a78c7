"""What somebody writes: stop, begin again, help, or words that a human reads."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from backend import clock
from backend.actors.actions import seal
from backend.alerts.actions import open_task, step_again
from backend.calendars.rules import open_days
from backend.database import connection
from backend.messages import links, rules
from backend.vault import KeyDestroyed
from bots.chat import Chat, of_a_plan_first
from bots.texts.stop_words import is_stop

KEPT = timedelta(days=30)
LONGEST = 2000


async def stop(chat: Chat) -> None:
    """Every link of the chat is off at once, the worker is told, and nothing follows from it."""
    living = chat.living
    for link in living:
        # who is in a chat that no human called may be anybody: it does not speak for the one who is
        if link["confirmed_at"]:
            await _takes_back(link)
        # what was never confirmed cannot begin again by a word
        state = "stopped" if link["confirmed_at"] else "ended"
        at = chat.update["received_at"]
        await links.end_link(link, state, task="link-stopped", at=at)
    if living:
        await chat.say(living[0], "STOP-OK")


async def _takes_back(link: Any) -> None:
    """The yes to messages ends, and what was to be opened on the strength of it."""
    held = connection()
    await held.execute(
        "UPDATE channel_consent SET withdrawn_at = $3, version = version + 1"
        " WHERE plan = $1 AND subject = $2 AND withdrawn_at IS NULL",
        link["plan"],
        link["subject"],
        clock.now(),
    )
    for other in await held.fetch(
        "SELECT * FROM link WHERE plan = $1 AND subject = $2 AND id <> $3"
        " AND state IN ('invited', 'unconfirmed') FOR UPDATE",
        link["plan"],
        link["subject"],
        link["id"],
    ):
        await links.end_link(other, "ended")


async def start_again(chat: Chat) -> bool:
    """Whoever stopped may begin again by themselves: it is their own yes. Whether one did.

    A word of before the last stop, which was held up, begins nothing.
    """
    held = connection()
    stopped = [
        link
        for link in chat.links
        if link["state"] == "stopped"
        and link["confirmed_at"]
        and not _is_of_before(chat, link)
        and await _may_begin(link)
    ]
    if not stopped:
        return False
    for link in stopped:
        await held.execute(
            "UPDATE link SET state = 'active', ended_at = NULL, version = version + 1"
            " WHERE id = $1",
            link["id"],
        )
        if link["plan"] is not None:
            await held.execute(
                "INSERT INTO channel_consent (id, agency, plan, version, subject, channel,"
                " language, recorded_by, given_at)"
                " VALUES ($1, $2, $3, 1, $4, 'telegram', $5, $4, $6)",
                uuid4(),
                link["agency"],
                link["plan"],
                link["subject"],
                link["language"],
                clock.now(),
            )
            await tell(link, "link-begun-again")
    await chat.say(stopped[0], "START-OK")
    return True


def _is_of_before(chat: Chat, link: Any) -> bool:
    return link["ended_at"] is not None and link["ended_at"] > chat.update["received_at"]


async def _may_begin(link: Any) -> bool:
    """Whether they are of the circle still, and have no other chat."""
    if link["plan"] is not None and not await links.has_mandate(link["plan"], link["subject"]):
        return False
    return await _alone(link)


async def _alone(link: Any) -> bool:
    """Whether they have no other chat for the same plan: one at a time is enough."""
    other = await connection().fetchval(
        "SELECT 1 FROM link WHERE subject = $1 AND plan IS NOT DISTINCT FROM $2"
        " AND state = 'active' LIMIT 1",
        link["subject"],
        link["plan"],
    )
    return other is None


async def help_wanted(chat: Chat, text: str) -> None:
    """A human is asked for at each plan of the chat; where only a stopped one is, it is words."""
    if all(link["plan"] is None for link in chat.active) and await _matters(chat):
        await free_text(chat, text)
        return
    for link in chat.active:
        await tell(link, "need-help")
    await chat.promise("HELP")


async def free_text(chat: Chat, text: str) -> None:
    """Kept sealed for the worker, for thirty days; answered, never read by a machine.

    In a chat of staff alone it is kept for nobody.
    """
    matters = await _matters(chat)
    link = of_a_plan_first(matters or chat.active)
    if _are_several(matters):
        await _call_instead(matters)
        await chat.say(chat.active[0], "NOT-KEPT")
    elif link["state"] == "stopped":  # and what is active beside it is no matter of theirs
        await after_stop(chat, link, text)
    elif link["plan"] is None:
        await chat.say(link, "UNREAD")
    else:
        await _keep(link, text)
        await chat.say(link, "FREETEXT" if await _office_open(link) else "OOH")


async def _matters(chat: Chat) -> list[Any]:
    """The links of which somebody may be writing: one for each plan, and for whom on it.

    A plan whose circle they have left, or for which the chat no longer works, is none of them.
    """
    return [
        link
        for link in chat.links
        if link["state"] in {"active", "stopped"}
        and link["plan"] is not None
        and link["confirmed_at"]
        and await links.has_mandate(link["plan"], link["subject"])
    ]


def _are_several(matters: list[Any]) -> bool:
    """Whether no machine can tell which is meant: two plans, or two people of one.

    The worker of one would read of another, or read under the person's name what a relative wrote.
    """
    return len({(link["plan"], link["subject"]) for link in matters}) > 1


async def _call_instead(matters: list[Any]) -> None:
    for link in matters:
        await tell(link, "call-me")


async def after_stop(chat: Chat, link: Any, text: str | None) -> None:
    """Somebody who stopped the messages writes: a human reads it, and nothing else begins.

    A second stop word says nothing that the first has not said, but that they still want none.
    """
    if text is not None and is_stop(text):
        await _still(chat)
    elif text is not None:
        await _read_after_stop(chat, link, text)
    await chat.say(link, "STOP-OK")


async def _read_after_stop(chat: Chat, link: Any, text: str) -> None:
    matters = await _matters(chat)
    link = of_a_plan_first([*matters, link])
    if _are_several(matters):
        await _call_instead(matters)
    elif link["plan"] is not None:
        await _keep(link, text)


async def _still(chat: Chat) -> None:
    """What was said before this and comes later begins nothing again."""
    await connection().execute(
        "UPDATE link SET ended_at = greatest(ended_at, $2), version = version + 1"
        " WHERE id = ANY ($1) AND state = 'stopped'",
        [link["id"] for link in chat.links],
        chat.update["received_at"],
    )


async def _keep(link: Any, text: str) -> None:
    held, id_, now = connection(), uuid4(), clock.now()
    try:
        sealed = await seal(link["subject"], f"incoming.text:{id_}", text[:LONGEST])
    except KeyDestroyed:  # who was erased has nobody here who could read it
        return
    await held.execute(
        "INSERT INTO incoming (id, agency, plan, version, bot, link, subject, received_at,"
        " purge_after, text) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
        id_,
        link["agency"],
        link["plan"],
        link["bot"],
        link["id"],
        link["subject"],
        now,
        (now + KEPT).date(),
        sealed,
    )
    await open_task(
        "free-text",
        agency=link["agency"],
        plan=link["plan"],
        subject=id_,
        local_due=clock.today(link["zone"]),
        about=link["subject"],
    )


async def _office_open(link: Any) -> bool:
    agency = await connection().fetchrow(
        "SELECT a.*, c.working_days, c.closed FROM agency a JOIN calendar c ON c.id = a.id"
        " WHERE a.id = $1",
        link["agency"],
    )
    return rules.is_open(
        clock.now(),
        zone=agency["zone"],
        days=open_days(agency),
        opens=agency["opens"],
        closes=agency["closes"],
    )


async def tell(link: Any, kind: str) -> None:
    """Open a task for the worker of the link's plan, unless one of the kind is open since today.

    Whoever asks again after a human has closed it is heard again.
    """
    if link["plan"] is None:
        return
    today = clock.today(link["zone"])
    await open_task(
        kind,
        agency=link["agency"],
        plan=link["plan"],
        subject=link["id"],
        local_due=today,
        about=link["subject"],
        step=await step_again(kind, link["id"], about=link["subject"], local_due=today),
    )
