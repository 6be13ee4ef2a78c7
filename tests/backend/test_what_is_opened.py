"""Sealed values are opened late: as many as a page shows, and none for what shows no words."""

from typing import Any

import pytest

from backend.vault import Vault
from tests.backend.pages.browser import in_the_circle
from tests.world import World, row


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places of what is opened, one after the other."""
    places: list[str] = []
    unseal = Vault.unseal

    def counted(vault: Vault, *given: Any) -> bytes:
        places.append(str(given[2]).partition(":")[0])
        return unseal(vault, *given)

    monkeypatch.setattr(Vault, "unseal", counted)
    return places


async def test_a_read_opens_what_it_shows_and_nothing_else(world: World, opened: list[str]) -> None:
    coordinator, worker = await world.somebody("CO"), await world.somebody("SW")
    plans = [await world.a_plan(worker) for _ in range(3)]
    plan = plans[0]["id"]
    sister = await in_the_circle(worker, plan, "FA", name="Imaginary Sister")
    await in_the_circle(worker, plan, "ME", name="Imaginary Mentor")
    flag = {"subject": sister, "raiser": sister, "words": "Please wait."}
    assert (await worker.post(f"/plans/{plan}/safety-flags", flag)).status_code == 201
    name, names = "person.identity", ["member.identity"] * 2
    for caller, path, expected in (
        (worker, "/plans", [name] * 3),
        (worker, "/plans?limit=1", [name]),
        (worker, f"/plans/{plan}", [*names, name]),
        (coordinator, f"/plans/{plan}", [*names[:1], name]),  # no relative
        (worker, f"/plans/{plan}/safety", ["safety_flag.content"]),
        (worker, "/tasks", []),
        (worker, f"/plans/{plan}/access", []),
        (worker, f"/milestones/{row(plans[0], 'PLN-01')['id']}/history", []),
        (worker, "/plans/00000000-0000-4000-8000-000000000000", []),
    ):
        await caller.get("/tasks")  # whoever has to sign in does so first
        opened.clear()
        answer = await caller.get(path)
        assert answer.status_code == (404 if path.endswith("8000-000000000000") else 200), path
        assert sorted(opened) == sorted(expected), (caller.login, path)
