"""No machine says a word of a plan any more: what waits falls away, and humans call the circle."""

from collections.abc import Collection, Mapping
from typing import Any

from backend import clock
from backend.alerts.actions import open_task
from backend.appointments.rules import COMING
from backend.database import connection
from backend.messages import outbox
from backend.messages.links import end_link

# What was to be done for or about the person. What somebody else asked for, waits for or is owed
# stays open until a human has seen it.
POINTLESS = frozenset(
    {"appointment-in-doubt", "call-after-missed", "cant", "date-not-confirmed"}
    | {"date-not-agreed", "date-proposed"}
    | {"meeting-asked", "decision-asked", "duty"}
    | {"first-night", "gate-off", "gate-substitute", "gate-unanswered", "late-message"}
    | {"mentor-silent", "new-time", "no-contact-72h", "no-contact-yet", "no-flow", "second-way"}
    | {"sending-off", "tell-by-voice", "travel-unclear", "tried-twice", "undeliverable"}
    | {"unopened", "unplanned-release"}
)
# And at an end, which is not taken back, what somebody wished for a plan that goes on.
POINTLESS_AT_AN_END = POINTLESS | {
    *("ask-again", "let-go", "let-go-out", "meeting-off", "needs-review"),
}


async def end_own_chats(plan: Mapping[str, Any]) -> None:
    """The person's own chat ends: who holds that phone is not known."""
    for link in await connection().fetch(
        "SELECT * FROM link WHERE plan = $1 AND subject = $2 AND state <> 'ended'"
        " ORDER BY id FOR UPDATE",
        plan["id"],
        plan["person"],
    ):
        await end_link(link, "ended")


async def mute(
    plan: Mapping[str, Any],
    why: str,
    pointless: Collection[str] = POINTLESS,
    *,
    of: Collection[str] | None = None,
) -> None:
    """Whatever waits to be said of it falls away, to staff in their own chats too.

    So do tasks of these kinds, where it is said those `of` these roles: others would see by a
    task that goes what kind of pause it is.
    """
    await outbox.cancel_plan(plan["id"], why, on_its_way=True)
    tasks = await connection().fetch(
        "UPDATE task SET closed_at = $2, outcome = $3, version = version + 1"
        " WHERE plan = $1 AND closed_at IS NULL AND kind = ANY ($4)"
        " AND ($5::text[] IS NULL OR role = ANY ($5)) RETURNING id",
        plan["id"],
        clock.now(),
        why,
        sorted(pointless),
        None if of is None else sorted(of),
    )
    await outbox.cancel_about([row["id"] for row in tasks], why)


async def doubt_dates(plan: Mapping[str, Any], act: str) -> None:
    """Coming dates are neither off nor missed: a human looks at each. `act` as for the circle."""
    for row in await connection().fetch(
        "SELECT id FROM appointment WHERE plan = $1 AND state = ANY ($2)"
        " AND (held_on + held_at) AT TIME ZONE zone > $3 ORDER BY held_on, held_at, id",
        plan["id"],
        sorted(COMING),
        clock.now(),
    ):
        await open_task(
            "appointment-in-doubt",
            agency=plan["agency"],
            plan=plan["id"],
            subject=row["id"],
            local_due=clock.today(plan["zone"]),
            step=act,
        )


async def ask_to_call(plan: Mapping[str, Any], act: str = "") -> None:
    """The circle is the list of whom to call; relatives are named to their social worker alone.

    `act` tells one occasion from another on the same day.
    """
    for role in ("CO", "SW"):
        await open_task(
            "tell-the-circle",
            agency=plan["agency"],
            plan=plan["id"],
            subject=plan["id"],
            local_due=clock.today(plan["zone"]),
            role=role,
            step=f"{role} {act}".rstrip(),
            due_at=clock.now(),
        )
