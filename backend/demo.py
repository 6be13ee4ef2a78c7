"""The demo agency: five invented people at five stages, made by the product's own actions.

Its password is no secret: a database that holds the demo never holds anybody real
(`agency_there` sees to that).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from backend import clock
from backend.access import Actor, find_plan
from backend.agencies.actions import NewAgency, make_agency
from backend.appointments.actions import change_appointment, plan_appointment
from backend.appointments.moving import AppointmentChange
from backend.appointments.writing import NewAppointment
from backend.calendars.rules import open_days
from backend.circles.actions import NewMember, add_member
from backend.consents.actions import NewConsent, NewDisclosure, disclose_to, record_consent
from backend.contacts.actions import NewContact, log_contact
from backend.database import connection, transaction
from backend.family.actions import Change as RelativeChange
from backend.family.actions import change_relative
from backend.founding import (
    Account,
    ChatBot,
    add_account,
    agency_there,
    let_bot_speak,
)
from backend.mentors.actions import Change as MentorChange
from backend.mentors.actions import NewMentor, add_mentor, change_mentor
from backend.messages.links import NewInvitation, create_invitation, invitation_of
from backend.operating import at_terminal
from backend.plans.actions.milestones import MilestoneChange, change_milestone
from backend.plans.actions.opening import NewPerson, NewPlan, open_plan
from backend.plans.actions.release import record_left_custody
from backend.plans.rules import due_on

DEMO_BOT_NUMBER = "1000"  # of the bot that speaks to the stand-in
PASSWORD = "only invented people"  # noqa: S105 - printed for everybody
ZONE = "Africa/Tunis"
AGENCY = NewAgency(
    name="Horizon",
    service_alias="Horizon Desk",
    zone=ZONE,
    language="en",
    emergency_number="190",
    crisis_line="80 10 10",
    crisis_text="Somebody of the desk will call you today.",
    duty_phone="71 000 000",
    demo=True,
    second_factor="none",
)
STAFF = (
    ("sam", "SW", "Sam", "social worker"),
    ("coco", "CO", "Coco", "coordinator"),
    ("po", "PO", "Robin", "probation officer"),
    ("ps", "PS", "Noor", "release desk of the prison"),
    ("ad", "AD", "Alex", "administrator; no case is shown to them"),
)
MENTORS = {"Mo Invented": uuid4(), "Ines Invented": uuid4()}
MEMBERS = {"ME": "mentor", "FA": "relative"}


def username(number: str) -> str:
    """What the stand-in for the chat service calls the bot of this number."""
    return f"desk_{number}_bot"


async def load(bot: ChatBot) -> bool:
    """Load the demo, whole and once; False where a real agency is there."""
    ids = {login: uuid4() for login, *_ in STAFF}
    async with at_terminal(ids["sam"]):
        there = await agency_there()
        if there is not None:
            return bool(there["demo"])
        agency = replace(AGENCY, id=uuid4())
        await make_agency(agency)
        await let_bot_speak(agency.id, bot)
        for login, role, alias, _ in STAFF:
            await add_account(agency.id, Account(role, login, alias, PASSWORD, ids[login]))
        sam = Actor(ids["sam"], "staff", "SW", agency.id)
        await _mentors(Actor(ids["coco"], "staff", "CO", agency.id))
        await _speak_as(sam)
        await _six_months_before(sam)
        await _two_months_before(sam)
        await _three_days_before(sam)
        await _two_days_after(sam)
        await _four_months_after(sam)
    return True


_INVITATIONS = """
SELECT l.id, m.role, p.alias, b.username FROM link l JOIN member m ON m.id = l.subject
  JOIN plan p ON p.id = l.plan JOIN bot b ON b.id = l.bot
 WHERE l.agency = $1 AND l.state = 'invited' AND l.expires_at > $2 ORDER BY p.release_date, m.role
"""


async def about() -> str:
    """How to sign in to the demo, and which chats wait to be linked."""
    async with transaction() as held:
        sam = await held.fetchrow(
            "SELECT staff_of_login('sam', NULL, a.id) AS id, a.id AS agency FROM agency a"
            " WHERE a.demo"
        )
    async with transaction(sam["id"]) as held:
        invited = await held.fetch(_INVITATIONS, sam["agency"], clock.now())
    lines = [f"{AGENCY.name} is a demo: everybody in it is invented."]
    lines.append(f'Sign in with the password "{PASSWORD}" as')
    lines += [f"  {login:<6}{what}" for login, _, _, what in STAFF]
    if invited:
        lines.append("On the phones page add a phone, open a link on it, and send the PIN;")
        lines.append("then sam confirms the chat. Questions come on working days, by day")
        lines.append("in Tunis; ./run story shows them all.")
    for row in invited:
        made = invitation_of(row["id"])
        who = f"{MEMBERS[row['role']]} of {row['alias']}"
        lines.append(
            f"  {who:<26}https://t.me/{row['username']}?start={made.payload}  PIN {made.pin}"
        )
    return "\n".join(lines)


async def _speak_as(who: Actor) -> None:
    """All of the demo is one transaction, in which one after the other acts."""
    await connection().execute("SELECT set_config('app.actor', $1, true)", str(who.id))


async def _mentors(coco: Actor) -> None:
    """Both are vetted; a coordinator alone puts that down."""
    await _speak_as(coco)
    today = clock.today(ZONE)
    for name, id_ in MENTORS.items():
        await add_mentor(coco, NewMentor(name, ["en"], id_))
        found = MentorChange(
            vetting="passed", vetted_on=today, boundaries_on=today, trained_on=today
        )
        await change_mentor(coco, id_, 1, found)


async def _six_months_before(sam: Actor) -> None:
    plan = await _open(sam, "Ada Invented", 180, "earliest_possible")
    await add_member(sam, plan, NewMember("PS", login="ps"))
    await _change(sam, plan, "PLN-01", state="done")
    await _change(sam, plan, "FAM-01", state="in_progress")


async def _two_months_before(sam: Actor) -> None:
    """A circle that can be linked, and a mentor's visit that is asked about this week."""
    today = clock.today(ZONE)
    plan = await _open(sam, "Bo Invented", 60, "expected", supervision=True)
    for role, login in (("PO", "po"), ("PS", "ps")):
        await add_member(sam, plan, NewMember(role, login=login))
    await _join(sam, plan, NewMember("ME", mentor=MENTORS["Mo Invented"]))
    sol = NewMember("FA", name="Sol Invented", relation="sibling")
    sibling = await _join(sam, plan, sol)
    good_news = NewDisclosure(sibling, "good_news", "to share it", today + timedelta(days=90))
    await disclose_to(sam, plan, good_news)
    for pathway in ("MEN", "FAM"):
        await record_consent(sam, plan, NewConsent("participation", "en", pathway, "accepted"))
    for code in ("MEN-01", "MEN-02", "MEN-03", "FAM-02", "FAM-03", "VOC-06"):
        await _change(sam, plan, code, state="planned")
    await _change(sam, plan, "MEN-04", state="planned", due_on=today + timedelta(days=7))
    await _catch_up(sam, plan, but=("PLN-06", "HOU-02"))
    await _change(sam, plan, "HOU-02", state="in_progress")
    appointment = NewAppointment("PO", today + timedelta(days=10), time(10, 30), place="Room 2")
    await plan_appointment(sam, plan, appointment)


async def _three_days_before(sam: Actor) -> None:
    plan = await _open(sam, "Cem Invented", 3, "confirmed", release_time=time(9))
    await add_member(sam, plan, NewMember("PS", login="ps"))
    await _join(sam, plan, NewMember("ME", mentor=MENTORS["Ines Invented"], gate="first"))
    rim = NewMember("FA", name="Rim Invented", gate="substitute", relation="parent")
    await _join(sam, plan, rim)
    await record_consent(sam, plan, NewConsent("participation", "en", "MEN", "accepted"))
    for code in ("FAM-10", "MEN-07", "MEN-08"):
        await _change(sam, plan, code, state="planned")
    await _catch_up(sam, plan, but=("GAT-01",))
    await _change(sam, plan, "GAT-01", state="in_progress")


async def _two_days_after(sam: Actor) -> None:
    """An appointment was missed this morning: a call by a human, and nothing else."""
    plan = await _open(sam, "Dia Invented", -2, "confirmed", supervision=True)
    await add_member(sam, plan, NewMember("PO", login="po"))
    await _leave(sam, plan)
    await _catch_up(sam, plan, but=("VOC-10",))
    missed = NewAppointment("SW", clock.today(ZONE), time(8))
    await plan_appointment(sam, plan, missed)
    await change_appointment(sam, missed.id, 1, AppointmentChange("missed_with_reason"))


async def _four_months_after(sam: Actor) -> None:
    today = clock.today(ZONE)
    plan = await _open(sam, "Eli Invented", -120, "confirmed")
    await _leave(sam, plan)
    await _catch_up(sam, plan)
    await log_contact(sam, plan, NewContact("phone", "reached", today))
    appointment = NewAppointment("SW", today + timedelta(days=9), time(14))
    await plan_appointment(sam, plan, appointment)


async def _open(sam: Actor, name: str, days: int, certainty: str, **more: Any) -> UUID:
    release = clock.today(ZONE) + timedelta(days=days)
    return (await open_plan(sam, NewPlan(NewPerson(name, "en"), release, certainty, **more))).id


async def _join(sam: Actor, plan: UUID, new: NewMember) -> UUID:
    """Somebody who said yes to messages, may know the day, and has an invitation."""
    await add_member(sam, plan, new)
    if new.role == "FA":
        said = RelativeChange(wish="wanted", takes_part=True, language="en", safety_asked=True)
        await change_relative(sam, new.id, 1, said)
    yes = NewConsent("channel", "en", subject=new.id, channel="telegram")
    await record_consent(sam, plan, yes)
    until = clock.today(ZONE) + timedelta(days=90)
    await disclose_to(sam, plan, NewDisclosure(new.id, "release_date", "to be there", until))
    await create_invitation(sam, NewInvitation(plan, new.id))
    return new.id


async def _leave(sam: Actor, plan: UUID) -> None:
    version = await connection().fetchval("SELECT version FROM plan WHERE id = $1", plan)
    await record_left_custody(sam, plan, version, left=True)


async def _change(sam: Actor, plan: UUID, code: str, **wanted: Any) -> None:
    row = await connection().fetchrow(
        "SELECT id, version FROM milestone WHERE plan = $1 AND code = $2", plan, code
    )
    await change_milestone(sam, row["id"], row["version"], MilestoneChange(**wanted))


async def _catch_up(sam: Actor, plan: UUID, but: tuple[str, ...] = ()) -> None:
    """What lies in the past was done on its day, as it would have been."""
    found = await find_plan(sam, plan)
    today = clock.today(found["zone"])
    for row in await connection().fetch(
        "SELECT * FROM milestone WHERE plan = $1 AND state = 'planned' AND NOT pinned"
        " ORDER BY due_on, code",
        plan,
    ):
        if row["code"] in but:
            continue
        seen = row["version"]
        for day in _days(row, found):
            if day >= today:
                break
            done = MilestoneChange("done", done_on=day)
            seen = (await change_milestone(sam, row["id"], seen, done)).version


def _days(row: Any, plan: Any) -> Iterator[date]:
    """The days of a row's cycles, one for most rows."""
    step, until = row["repeat_days"] or 1, row["repeat_until"] or row["day"]
    for day in range(row["day"], until + 1, step):
        yield due_on(row["code"], day, plan["release_date"], open_days(plan))
