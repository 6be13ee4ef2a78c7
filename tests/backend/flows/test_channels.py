"""Every channel has its entry, and closes with it alone."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid4

from backend import database
from backend.flows.entries import Receiver, may_flow
from backend.messages import outbox
from backend.messages.links import WELCOME
from backend.messages.outbox import Occurrence
from tests.backend.courts.docket import REFERENCE
from tests.backend.flows.abroad import LAW, Abroad, a_plan_abroad
from tests.chats import Chats, Member
from tests.world import World


@dataclass
class Channels:
    """Everything that leaves the agency, each asked whether it is open just now."""

    abroad: Abroad
    chats: Chats
    members: dict[str, Member]
    summary: str
    asked: int = field(default=0)

    async def open(self) -> set[str]:
        docket = self.abroad.docket
        found = {f"chat {role}" for role in await self._told()}
        calls = self.abroad.calls()
        statuses = {name: (await call()).status_code for name, call in calls.items()}
        assert len({status < 400 for status in statuses.values()}) == 1, statuses
        if all(status < 400 for status in statuses.values()):
            found.add("agency")
        await docket.court.sign_in()
        pulled = (await docket.court.pull(REFERENCE, self.summary)).status_code
        listed = (await docket.court.list(REFERENCE)).status_code
        assert (await docket.read()).status_code == 201
        await docket.officer.post("/account/prove", {"password": "a long enough password"})
        issued = (await docket.issue()).status_code
        assert (pulled, listed, issued) in {(200, 200, 201), (404, 404, 409)}
        if pulled == 200:
            found.add("court")
        async with database.transaction():
            if await may_flow(self._agency, Receiver("person"), "contacts"):
                found.add("person")
        return found

    @property
    def _agency(self) -> UUID:
        return self.abroad.world.agency or uuid4()

    async def _told(self) -> set[str]:
        """Which of the three hear something that is said to each of them now."""
        self.asked += 1
        before = {role: len(await self.chats.texts(m.phone)) for role, m in self.members.items()}

        async def say() -> None:
            for role, member in self.members.items():
                link = await outbox.active_link(UUID(self.abroad.docket.plan), UUID(member.actor))
                day = date(2031, 1, 1) + timedelta(days=self.asked)
                occurrence = Occurrence("again", "", UUID(member.actor), day)
                await outbox.queue(link, WELCOME[role], occurrence, urgent=True)

        async def work() -> None:
            async with database.transaction():
                await say()

        await self.chats.job(work)
        await self.chats.round()
        return {
            role
            for role, member in self.members.items()
            if len(await self.chats.texts(member.phone)) > before[role]
        }


async def test_each_channel_has_its_entry_and_closes_with_it_alone(
    world: World, chats: Chats
) -> None:
    abroad = await a_plan_abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    members = {role: await chats.a_member(worker, plan, role) for role in ("ME", "FA")}
    members["PE"] = await chats.a_member(worker, plan, "PE", facts=())
    await world.a_flow(abroad.there)
    summary = await abroad.docket.issued()
    channels = Channels(abroad, chats, members, summary)
    every = {"agency", "court", "person", "chat ME", "chat FA", "chat PE"}
    assert await channels.open() == every
    for flow in await abroad.flows():
        await abroad.end(flow["id"])
        name = f"chat {flow['to_role']}" if flow["kind"] == "chat" else flow["kind"]
        assert await channels.open() == every - {name}, flow
        if flow["kind"] == "chat":
            kinds = [task["kind"] for task in (await worker.get("/tasks")).json()["tasks"]]
            assert "no-flow" in kinds  # never silence
        again = {
            "groups": flow["groups"],
            **{key: flow.get(key) for key in ("kind", "to_agency", "court", "to_role", "purpose")},
            "basis": flow["basis"],
            "responsible": str(abroad.head.id),
            **(LAW if flow["basis"] == "law" else {}),
        }
        made = await abroad.head.post("/flows", again)
        assert made.status_code == 201, made.text
        assert await channels.open() == every
