"""A plan as the story's people see and change it, over HTTP."""

from collections.abc import Sequence
from typing import Any

from workflows.story.cast import Answer, Handset, Staff
from workflows.story.stage import Stage


class Plan:
    """One plan, in the hands of its social worker. Every read and write is a request."""

    def __init__(self, stage: Stage, worker: Staff, id_: str) -> None:
        self.stage = stage
        self.worker = worker
        self.id = id_

    @property
    def path(self) -> str:
        return f"/plans/{self.id}"

    async def read(self, reader: Staff | None = None) -> Any:
        return await (reader or self.worker).get(f"{self.path}?show=all")

    async def rows(self, reader: Staff | None = None) -> dict[str, Any]:
        return {row["code"]: row for row in (await self.read(reader))["milestones"]}

    async def state(self, code: str) -> str:
        return str((await self.rows())[code]["state"])

    async def change(self, code: str, by: Staff | None = None, **wanted: Any) -> None:
        who = by or self.worker
        row = (await self.rows(who))[code]
        await who.patch(f"/milestones/{row['id']}", wanted, version=row["version"])

    async def wake(self, *codes: str) -> None:
        await self._each(codes, None, "planned")

    async def begin(self, *codes: str) -> None:
        """The person has said yes: now those who take part in it see it."""
        await self._each(codes, None, "in_progress")

    async def done(self, *codes: str, by: Staff | None = None) -> None:
        await self._each(codes, by, "done")

    async def _each(self, codes: Sequence[str], by: Staff | None, state: str) -> None:
        who = by or self.worker
        rows = await self.rows(who)
        for code in codes:
            path, version = f"/milestones/{rows[code]['id']}", rows[code]["version"]
            await who.patch(path, {"state": state}, version=version)

    async def post(self, what: str, body: object, by: Staff | None = None) -> Any:
        return await (by or self.worker).post(f"{self.path}/{what}", body)

    async def versioned(self, what: str, body: object, by: Staff | None = None) -> Any:
        """A change of the plan itself, as it stands now."""
        who = by or self.worker
        version = (await who.get(self.path))["version"]
        return await who.post(f"{self.path}/{what}", body, version=version)

    async def known(self, code: str) -> list[tuple[str, str]]:
        """Who knows of a row that it happened, or says so, and how."""
        row = (await self.rows())[code]
        found = await self.worker.get(f"/milestones/{row['id']}")
        return [(one["role"], one["provenance"]) for one in found["sayings"]]

    async def due(self) -> list[Any]:
        """The summaries that a court is, or was, to have by a day."""
        return list(await self.worker.get(f"{self.path}/summaries/due"))

    async def claims(self) -> list[str]:
        """What was said of this plan and waits for its worker."""
        found = await self.worker.get(f"/verify?plan={self.id}")
        return [one["code"] for one in found["claims"]]

    async def tasks(self, reader: Staff | None = None) -> list[Any]:
        found = await (reader or self.worker).get(f"/tasks?plan={self.id}&limit=100")
        return list(found["tasks"])

    async def kinds(self, reader: Staff | None = None) -> list[str]:
        return [task["kind"] for task in await self.tasks(reader)]

    async def close(self, *kinds: str, outcome: str = "done", by: Staff | None = None) -> None:
        """The worker has done what these tasks asked for."""
        who = by or self.worker
        for task in await self.tasks(who):
            if task["kind"] in kinds:
                how = {"outcome": outcome}
                await who.post(f"/tasks/{task['id']}/close", how, version=task["version"])

    async def print(self, sheet: str, language: str, by: Staff | None = None) -> Answer:
        """A sheet on paper, or why there is none."""
        path = f"{self.path}/papers/{sheet}?language={language}"
        return await (by or self.worker).ask("GET", path)

    # the circle

    async def mentor(self, name: str, *, vetted: bool = True) -> str:
        """Somebody whom the coordinator has put on the agency's list of mentors."""
        head = self.stage.staff["solange"]
        made = await head.post("/mentors", {"name": name, "languages": ["fr"]})
        if vetted:
            await self.vet(made["id"])
        return str(made["id"])

    async def vet(self, mentor: str) -> None:
        found = {"vetting": "passed", "vetted_on": self.stage.today.isoformat()}
        found |= {"boundaries_on": found["vetted_on"], "trained_on": found["vetted_on"]}
        await self.stage.staff["solange"].patch(f"/mentors/{mentor}", found, version=1)

    async def on_the_map(self, actor: str, **said: Any) -> None:
        """What the person or a relative has said since, or that somebody was asked."""
        one = (await self.relatives())[actor]
        await self.worker.patch(f"/relatives/{actor}", said, version=one["version"])

    async def relatives(self) -> dict[str, Any]:
        found = await self.worker.get(f"{self.path}/relatives")
        return {one["id"]: one for one in found["relatives"]}

    async def ask(self, relative: str) -> None:
        """A human calls them: do they take part, and, alone with them, are they safe?"""
        await self.on_the_map(relative, takes_part=True, language="fr")
        await self.on_the_map(relative, safety_asked=True)

    async def add(self, role: str, **who: Any) -> str:
        """Somebody joins; the id under which they act."""
        mandate = await self.post("circle", {"role": role, **who})
        return str((await self.member(mandate["id"]))["actor"])

    async def member(self, mandate: str) -> Any:
        circle = (await self.read())["circle"]
        return next(one for one in circle if one["mandate"] == mandate)

    async def link_of(self, actor: str) -> Any:
        """Somebody's place in the circle, with the state of their chat."""
        circle = (await self.read())["circle"]
        return next(one for one in circle if one["actor"] == actor)

    async def say_yes(self, actor: str) -> None:
        yes = {"kind": "channel", "subject": actor, "channel": "telegram", "language": "fr"}
        await self.post("consents", yes)

    async def disclose(self, actor: str, *facts: str) -> None:
        until = self.stage.calendar.day(400).isoformat()
        for fact in facts:
            body = {"recipient": actor, "fact": fact, "purpose": "as agreed", "until": until}
            await self.post("disclosures", body)

    async def confirm(self, actor: str) -> None:
        one = await self.link_of(actor)
        path = f"/links/{one['link']}/confirm"
        await self.worker.post(path, version=one["link_version"])

    async def link(self, who: str, actor: str, *, level: str = "P1") -> Handset:
        """Invitation, token, PIN, call and confirmation; nothing goes wrong here."""
        stage, asked = self.stage, {"plan": self.id, "subject": actor, "level": level}
        invited = await self.worker.post("/invitations", asked)
        phone = await stage.phone(who)
        phone.actor = actor
        await stage.says(phone, f"/start {invited['payload']}", shown="opens the link")
        await stage.hears(phone, "PIN-ASK")
        await stage.says(phone, invited["pin"], shown="writes the PIN")
        await stage.hears(phone, "LINK-WAIT")
        stage.does(self.worker, f"calls the {who}: the check phrase is right; confirms the chat")
        await self.confirm(actor)
        return phone
