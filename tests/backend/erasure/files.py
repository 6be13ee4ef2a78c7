"""The files of three people of one agency, one of whom is erased."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.backend.duties import asked
from tests.world import Caller, World

PROBLEM = "urn:throughcare:problem:"
REASON = "A complaint about this service is before a court."


@dataclass
class File:
    """A plan of somebody, with its worker and its coordinator."""

    world: World
    head: Caller
    worker: Caller
    plan: str
    asker: Caller | None = None  # another coordinator, who asks for it each time

    async def version(self) -> int:
        rows = await self.world.sql("SELECT version FROM plan WHERE id = $1", UUID(self.plan))
        return int(rows[0]["version"])

    async def person(self) -> UUID:
        rows = await self.world.sql("SELECT person FROM plan WHERE id = $1", UUID(self.plan))
        return UUID(str(rows[0]["person"]))

    async def erase(self, by: Caller | None = None, **more: Any) -> Any:
        more = {"version": await self.version(), **more}
        self.asker = self.asker or await self.world.somebody("CO")
        await asked(self.world, self.plan, self.asker)
        return await (by or self.head).post(f"/plans/{self.plan}/erase", None, **more)

    async def erased(self) -> None:
        answer = await self.erase()
        assert answer.status_code == 200, answer.text

    async def hold(self, **more: Any) -> str:
        body = {"reason": REASON}
        answer = await self.head.post(f"/plans/{self.plan}/legal-holds", body, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def close(self) -> None:
        path, body = f"/plans/{self.plan}/state", {"state": "closed"}
        answer = await self.worker.post(path, body, version=await self.version())
        assert answer.status_code == 200, answer.text


async def keys_of(world: World) -> Mapping[UUID, bytes | None]:
    rows = await world.sql("SELECT id, wrapped FROM subject_key")
    return {one["id"]: one["wrapped"] for one in rows}


def what_came(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


def a_plan() -> dict[str, Any]:
    return {"release_date": "2031-03-03", "certainty": "expected"}
