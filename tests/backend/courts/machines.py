"""Courts' machines that sign with a key, and answers without what differs in each of them."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from backend.courts.clients import add_key_client
from backend.operating import at_terminal
from tests.backend.courts.docket import Docket
from tests.world import Caller, World
from workflows.story.machine import Machine

TOKEN = "/court/token"


class Signing(Machine):
    """A machine that is known to the agency by its key, and calls with it."""

    id: UUID

    async def token(self, *, proof: str | None = None, **claims: object) -> httpx.Response:
        return await self.ask(self.credentials(**claims), proof=proof)

    async def ask(self, body: dict[str, Any], *, proof: str | None = None) -> httpx.Response:
        shown = self.proof("POST", TOKEN) if proof is None else proof
        return await Caller().post(TOKEN, body, headers={"DPoP": shown} if shown else {})

    async def signed_in(self) -> str:
        answer = await self.token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def get(self, path: str, token: str, *, proof: str | None = None) -> httpx.Response:
        shown = self.proof("GET", path, token) if proof is None else proof
        headers = {"Authorization": f"DPoP {token}"} | ({"DPoP": shown} if shown else {})
        return await Caller().get(path, headers=headers)


async def a_machine(world: World, key: Any = None, *, busiest_day: int = 100) -> Signing:
    machine, machine_id = Signing(key), uuid4()
    async with at_terminal():
        where = world.agency or await world.an_agency()
        machine.client_id = await add_key_client(
            machine_id, agency=where, label="Chamber", key=machine.public, busiest_day=busiest_day
        )
    machine.id = machine_id
    return machine


async def bind(docket: Docket, client: UUID, reference: str) -> None:
    body = {"client": str(client), "reference": reference}
    answer = await docket.officer.post(f"/plans/{docket.plan}/court-files", body)
    assert answer.status_code == 201, answer.text


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but what names the request itself."""
    headers = {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "date"}}
    return answer.status_code, answer.content, headers
