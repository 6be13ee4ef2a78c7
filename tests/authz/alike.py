"""Plans that are alike in all but what one of them keeps secret: one script, one clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from backend.matrix import MATTERS
from bots.phones.wire import Phone
from tests.backend.courts.docket import REFERENCE, Court, a_court
from tests.backend.papers import a_lawyer
from tests.chats import Chats, at
from tests.releases import change, leave
from tests.world import PASSWORD, Caller, World, row

RELEASE = date(2031, 3, 26)  # a Wednesday; it is told three weeks before
BEGINS = RELEASE - timedelta(days=21)
STAFF = ("PO", "PS", "TR", "CP", "CS")
# Whoever has a phone: the observers, and the mother, of whom most secrets are.
CIRCLE: dict[str, dict[str, str | int]] = {
    "PE": {},
    "ME": {"name": "Invented Mentor", "gate": "first"},
    "FA": {"name": "Invented Aunt", "call_weekday": 5, "call_at": "12:30:00"},
    "mother": {"name": "Invented Mother", "gate": "first"},
}
WITH_PHONES = ("PO", "PS")
OPENED = 3  # the version of a link that was invited, opened and told its number
TOGETHER = 16  # of whose six phones the bot takes in everything at once


@dataclass
class Twin:
    """One of the plans, with a circle, a desk, phones and a court of its own."""

    name: str
    plan: dict[str, Any]
    staff: dict[str, Caller]
    court: Court
    file: str
    members: dict[str, str] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    move: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.plan["id"])

    @property
    def worker(self) -> Caller:
        return self.staff["SW"]

    @property
    def rows(self) -> dict[str, str]:
        return {one["code"]: one["id"] for one in self.plan["milestones"]}


@dataclass
class Office:
    """Where the plans are kept, and colleagues who have no part in any of them."""

    world: World
    chats: Chats
    head: Caller
    colleague: Caller
    outsider: Caller

    async def becomes(self, twin: Twin, code: str, *states: str, **more: Any) -> None:
        """Take a row through these states."""
        for state in states:
            found = row(await self.world.plan(twin.worker, twin.id), code)
            again = state == "in_progress" and found["state"] in {"declined", "done"}
            asked = {"reason": "The person wishes it.", "person_asks": True} if again else {}
            wanted = {"state": state, **asked, **more}
            await change(self.world, twin.worker, twin.plan, code, **wanted)

    async def appointment(self, twin: Twin, by: str, role: str, on: date, **more: Any) -> str:
        body = {"role": role, "held_on": on.isoformat(), "held_at": "15:00:00"} | more
        made = await _made(twin.staff[by], f"/plans/{twin.id}/appointments", body)
        return str(made["id"])


async def _made(caller: Caller, path: str, body: object) -> dict[str, Any]:
    answer = await caller.post(path, body)
    assert answer.status_code == 201, (path, answer.text)
    made: dict[str, Any] = answer.json()
    return made


async def an_office(world: World, chats: Chats) -> Office:
    at(BEGINS, 9)
    staff = [await world.somebody(role) for role in ("CO", "SW", "TR")]
    return Office(world, chats, *staff)


async def twins(office: Office, names: Sequence[str]) -> dict[str, Twin]:
    """The plans, with everybody's chat confirmed; nothing is secret yet."""
    made = {name: await _a_twin(office.world, name) for name in names}
    every = list(made.values())
    for first in range(0, len(every), TOGETHER):
        await _chats_of_all(office, every[first : first + TOGETHER])
    return made


async def _a_twin(world: World, name: str) -> Twin:
    at(BEGINS, 9)
    worker = await world.somebody("SW")
    plan = await world.a_plan(
        worker,
        release_date=(RELEASE - timedelta(days=1)).isoformat(),
        certainty="confirmed",
        release_time="09:00:00",
        supervision=True,
    )
    staff = {"SW": worker}
    for role in STAFF:
        staff[role] = await world.somebody(role)
        joins = {"role": role, "login": staff[role].login}
        await _made(worker, f"/plans/{plan['id']}/circle", joins)
    court = await a_court(world)
    bound = {"client": str(court.id), "reference": REFERENCE}
    file = await _made(staff["PO"], f"/plans/{plan['id']}/court-files", bound)
    twin = Twin(name, plan, staff, court, file["id"])
    for minute, (who, values) in enumerate(CIRCLE.items()):
        at(BEGINS, 9, minute)  # a circle stands in the order in which they came
        role = {"mother": "FA"}.get(who, who)
        twin.members[who] = str(uuid4())
        given = {"role": role, "id": twin.members[who], "name": who, **values}
        await _made(worker, f"/plans/{twin.id}/circle", given if role != "PE" else {"role": role})
    await a_lawyer(worker, twin.id, *MATTERS)
    circle = (await worker.get(f"/plans/{twin.id}")).json()["circle"]
    twin.members["PE"] = next(one["actor"] for one in circle if one["role"] == "PE")
    _name(twin, circle)
    for actor in twin.members.values():
        yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "en"}
        await _made(worker, f"/plans/{twin.id}/consents", yes)
    for who in ("ME", "FA"):
        for fact in ("release_date", "good_news"):
            await disclose(twin, who, fact)
    for code in ("FAM-04", "FAM-11", "HLT-02"):
        path = f"/milestones/{twin.rows[code]}"
        woken = await worker.patch(path, {"state": "planned"}, version=1)
        assert woken.status_code == 200, woken.text
    return twin


async def disclose(twin: Twin, who: str, fact: str) -> None:
    until = (RELEASE + timedelta(days=300)).isoformat()
    body = {"recipient": twin.members[who], "fact": fact, "purpose": "the day", "until": until}
    await _made(twin.worker, f"/plans/{twin.id}/disclosures", body)


def _name(twin: Twin, circle: Sequence[dict[str, Any]]) -> None:
    """What stands for what, of all that is drawn by lot."""
    twin.ids = {twin.id: "plan", twin.file: "file"}
    twin.ids |= {id_: code for code, id_ in twin.rows.items()}
    twin.ids |= {actor: who for who, actor in twin.members.items()}
    twin.ids |= {str(caller.id): role for role, caller in twin.staff.items()}
    twin.words = {str(caller.login): f"login of {role}" for role, caller in twin.staff.items()}
    twin.words |= {one["alias"]: f"alias of {one['role']}" for one in circle if "alias" in one}
    twin.words[twin.plan["alias"]] = "alias"


async def _chats_of_all(office: Office, made: Sequence[Twin]) -> None:
    """Invited, opened, called back: all at once, for each round of the jobs takes its time."""
    chats, pins = office.chats, dict[int, str]()
    for twin in made:
        for who in (*CIRCLE, *WITH_PHONES):
            about = {"plan": twin.id, "subject": twin.members[who]} if who in CIRCLE else None
            inviter = twin.worker if who in CIRCLE else twin.staff[who]
            invited = await _made(inviter, "/invitations", about)
            phone = twin.phones[who] = await chats.phones.phone(f"{who} of {twin.name}")
            twin.links[who] = invited["id"]
            pins[phone.id] = invited["pin"]
            await chats.phones.say(phone.id, f"/start {invited['payload']}")
    await chats.round()
    for chat, pin in pins.items():
        await chats.phones.say(chat, pin)
    await chats.round()
    for twin in made:
        for who, link in twin.links.items():
            caller = twin.worker if who in CIRCLE else twin.staff[who]
            confirmed = await caller.post(f"/links/{link}/confirm", version=OPENED)
            assert confirmed.status_code == 200, confirmed.text
    await chats.round()


async def with_version(
    office: Office, caller: Caller, table: str, path: str, body: object = None
) -> httpx.Response:
    """A change of the row that the path names, as it stands."""
    named = UUID(path.split("/")[2])
    (found,) = await office.world.sql(f"SELECT version FROM {table} WHERE id = $1", named)
    answer = await caller.post(path, body, version=found["version"])
    assert answer.status_code in {200, 201}, (path, answer.text)
    return answer


async def go_on(office: Office, made: Sequence[Twin]) -> None:
    """What happens in every plan alike, once the secret is there."""
    for twin in made:
        plan = await office.world.plan(twin.worker, twin.id)
        if row(plan, "VOC-08")["state"] == "dormant":
            await office.becomes(twin, "VOC-08", "planned", "in_progress", person_asks=True)
        if row(plan, "PLN-07")["state"] == "planned":
            await office.becomes(twin, "PLN-07", "not_possible", cause="legal")
        for role in ("PO", "TR", "CP"):
            await office.appointment(twin, role, role, RELEASE + timedelta(days=2))


async def days_go_by(office: Office, made: Sequence[Twin]) -> dict[str, httpx.Response]:
    """From two weeks before the day to five days after it; what the desk that moves it is told."""
    told = {}
    for days, hour in ((-14, 9), (-7, 9), (-7, 10), (-3, 10), (-1, 10)):
        at(RELEASE + timedelta(days=days), hour)
        if (days, hour) == (-14, 9):
            told = {twin.name: await _moved(office, twin) for twin in made}
        await office.chats.round()
    at(RELEASE, 9, 30)
    for twin in made:
        await leave(office.world, twin.staff["PS"], twin.plan)
    for days, hour in ((0, 17), (1, 18), (2, 17), (3, 13), (5, 9)):
        at(RELEASE + timedelta(days=days), hour)
        await office.chats.round()
    return told


async def _moved(office: Office, twin: Twin) -> httpx.Response:
    body = {"release_date": RELEASE.isoformat(), "certainty": "confirmed"}
    path = f"/plans/{twin.id}/release-date"
    answer = await with_version(office, twin.staff["PS"], "plan", path, body)
    twin.move = answer.json()["id"]
    return answer


def subject(twin: Twin) -> dict[str, str]:
    """What a summary is about that tells of all that happened here."""
    return {
        "file": twin.file,
        "type": "start",
        "period_from": (RELEASE - timedelta(days=25)).isoformat(),
        "period_to": (RELEASE + timedelta(days=5)).isoformat(),
    }


async def issue(twin: Twin) -> None:
    """A summary is read to the person and issued."""
    about = subject(twin)
    read = {**about, "kind": "read", "read_on": about["period_to"], "language": "en"}
    await _made(twin.worker, f"/plans/{twin.id}/readings", read)
    proved = await twin.staff["PO"].post("/account/prove", {"password": PASSWORD})
    assert proved.status_code in {200, 204}, proved.text
    await _made(twin.staff["PO"], f"/plans/{twin.id}/summaries", about)
