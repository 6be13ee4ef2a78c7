"""What a week of sixty cases costs a social worker: calls over the API, and fields.

The thirteen commonest acts are carried out over the API that a client would use, each in the fewest
calls that it takes. A call is a request; a field is something that a human types or chooses. What
a client knows by itself (an id, a version, today, the language of the person) is none. How often
each act happens in a week is a guess, for nobody has counted it yet: `WEEK` says it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from backend import clock
from backend.app import create_app
from benchmarks.ground import ground, speaking_as
from benchmarks.office import LOGIN, PASSWORD, fill

CASES, MOST = 60, 650
# How often in a week of sixty cases: each is opened once and seen every fortnight.
WEEK: Mapping[str, float] = {
    "look": 5,  # the caseload, each morning
    "see": 60,
    "visit": 30,  # with two steps ticked and the next date
    "tick": 30,
    "log": 20,
    "verify": 15,
    "appoint": 15,
    "answer": 10,
    "decline": 4,
    "open": 0.5,
    "link": 1,
    # At its four places in the plan of each case that is opened; and between two of them as often
    # a talk of ten minutes: ninety days have passed, the date has moved, something has changed.
    "review": 2,
    "short": 2,
}


@dataclass
class Hands:
    """Somebody who works over the API; `calls` and `fields` of the act that is under way."""

    http: httpx.AsyncClient
    calls: int = 0
    fields: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str) -> Any:
        self.calls += 1
        answer = await self.http.get(path, headers=self.headers)
        answer.raise_for_status()
        return answer.json()

    async def send(
        self,
        method: str,
        path: str,
        typed: Mapping[str, Any] | None = None,
        *,
        has: Mapping[str, Any] | None = None,
        seen: int | None = None,
    ) -> Any:
        """Each of `typed` is a field, of a list each entry; the client `has` the rest."""
        fields = dict(typed or {})
        self.calls += 1
        self.fields += sum(len(one) if isinstance(one, list) else 1 for one in fields.values())
        headers = {**self.headers, "Idempotency-Key": str(uuid4())}
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        body = {**fields, **(has or {})}
        answer = await self.http.request(method, path, json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.json()


@dataclass
class Desk:
    """A case as its client shows it: what was read of it lately."""

    hands: Hands
    plan: str
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/plans/{self.plan}"

    async def look(self) -> None:
        await self.hands.get("/plans")

    async def see(self) -> None:
        self.seen = await self.hands.get(self.path)

    def _mine(self, number: int) -> list[dict[str, Any]]:
        rows = [row for row in self.seen["milestones"] if row["state"] == "planned"]
        return [row for row in rows if row["owner"] == "SW"][:number]

    async def visit(self) -> None:
        today = clock.today("Africa/Tunis")
        ticks = [{"milestone": row["id"], "version": row["version"]} for row in self._mine(2)]
        typed = {"how": "met", "ticks": ticks, "next_at": "10:00:00"}
        typed["next_on"] = str(today + timedelta(days=14))
        has, version = {"made_on": str(today)}, self.seen["version"]
        await self.hands.send("POST", f"{self.path}/visits", typed, has=has, seen=version)

    async def tick(self) -> None:
        [row] = self._mine(1)
        path = f"/milestones/{row['id']}"
        await self.hands.send("PATCH", path, {"state": "done"}, seen=row["version"])

    async def log(self) -> None:
        has = {"made_on": str(clock.today("Africa/Tunis"))}
        typed = {"how": "phone", "outcome": "tried"}
        await self.hands.send("POST", f"{self.path}/contacts", typed, has=has)

    async def verify(self) -> None:
        """What was said waits with the case; one tap says how the worker knows it too.

        Here nobody has said anything: the call and its body are the same.
        """
        [row] = self._mine(1)
        path, has = f"/milestones/{row['id']}", {"state": "done"}
        await self.hands.send("PATCH", path, {"known": "provider"}, has=has, seen=row["version"])

    async def appoint(self) -> None:
        day = str(clock.today("Africa/Tunis") + timedelta(days=9))
        typed = {"role": "SW", "held_on": day, "held_at": "09:30:00"}
        await self.hands.send("POST", f"{self.path}/appointments", typed)

    async def answer(self) -> None:
        await self._says("accepted")

    async def decline(self) -> None:
        await self._says("declined")

    async def _says(self, answer: str) -> None:
        has, typed = {"kind": "participation", "language": "en"}, {"pathway": "VOC"}
        path = f"{self.path}/consents"
        await self.hands.send("POST", path, {**typed, "answer": answer}, has=has)

    async def open(self) -> None:
        day = str(clock.today("Africa/Tunis") + timedelta(days=150))
        person = {"name": "Somebody Invented", "language": "fr"}
        self.hands.fields += len(person) - 1  # each of them is typed, and all go as one
        typed = {"person": person, "release_date": day, "certainty": "expected"}
        await self.hands.send("POST", "/plans", typed)

    async def link(self) -> None:
        """A relative is named, asked, added and invited; the PIN is told by voice."""
        typed = {"name": "Invented Sister", "relation": "sibling", "wish": "wanted"}
        named = await self.hands.send("POST", f"{self.path}/relatives", typed)
        who, yes = named["id"], {"takes_part": True, "language": "fr", "safety_asked": True}
        path = f"/relatives/{who}"
        await self.hands.send("PATCH", path, yes, seen=named["version"])
        has = {"role": "FA", "relative": who}
        await self.hands.send("POST", f"{self.path}/circle", has=has)
        has = {"kind": "channel", "subject": who, "channel": "telegram"}
        await self.hands.send("POST", f"{self.path}/consents", {"language": "fr"}, has=has)
        has = {"plan": self.plan, "subject": who}
        await self.hands.send("POST", "/invitations", has=has)

    async def review(self) -> None:
        """A whole one: both columns of all ten areas, and four strengths of the person."""
        today = str(clock.today("Africa/Tunis"))
        has = {"held_on": today, "language": "en", "interpreter": False}
        begun = await self.hands.send("POST", f"{self.path}/needs-reviews", has=has)
        [review] = (await self.hands.get(f"{self.path}/needs-reviews"))["reviews"]
        for number, area in enumerate(review["areas"]):
            typed: dict[str, Any] = {
                "own": {"status": "going_well"},
                "view": {"status": "going_well"},
            }
            if number in {0, 4, 5, 6}:  # home, learning, work, family
                typed["own"]["strengths"] = ["A sister who calls."]
                self.hands.fields += 1  # beside the word of the same column
            has, path = {"own_ok": True, "looked": True}, f"/needs-areas/{area['id']}"
            await self.hands.send("PUT", path, typed, has=has, seen=area["seen"])
        end = f"/needs-reviews/{begun['id']}/close"
        await self.hands.send("POST", end, seen=begun["version"])

    async def short(self) -> None:
        """Of ten areas four, both columns of each, and one step that both agree on."""
        spoken = ("home", "money", "work", "family")
        areas = [{"area": one, "own": "going_well", "view": "going_well"} for one in spoken]
        today = clock.today("Africa/Tunis")
        step = {"item": "NSR-12", "due_on": str(today + timedelta(days=14))}
        self.hands.fields += len(areas) + len(step) - 1  # each of these holds two that are chosen
        has = {"held_on": str(today), "language": "en", "own_ok": True, "looked": True}
        path = f"{self.path}/needs-reviews/short"
        await self.hands.send("POST", path, {"areas": areas, "steps": [step]}, has=has)


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Each act once, and the sum of a week of them."""
    async with (
        ground() as made,
        speaking_as(made, "app", size=4),
        speaking_as(made, "operator", size=1),
    ):
        plan = str(await fill(1))
        app: Any = create_app()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            hands = Hands(http)
            given = {"login": LOGIN, "password": PASSWORD}
            token = (await http.post("/sessions", json=given)).json()["access_token"]
            hands.headers = {"Authorization": f"Bearer {token}"}
            desk = Desk(hands, plan)
            figures = [await _counted(desk, name) for name in WEEK]
    week = sum(one["a week"] for one in figures)
    total = {"all": 0.0, "a week": week, "at most": MOST}
    missed = [] if week <= MOST else [f"a week is {week:,.0f}, at most {MOST}"]
    return [*figures, total], missed


async def _counted(desk: Desk, name: str) -> dict[str, float]:
    if name not in {"look", "see"}:
        await desk.see()  # what a client shows before; counted as an act of its own
    act: Callable[[], Awaitable[None]] = getattr(desk, name)
    desk.hands.calls = desk.hands.fields = 0
    await act()
    calls, fields = desk.hands.calls, desk.hands.fields
    return {name: 1.0, "calls": calls, "fields": fields, "a week": WEEK[name] * (calls + fields)}
