"""What the person let one recipient know on one plan is let to nobody else and nothing else."""

from datetime import timedelta
from uuid import UUID

from backend import clock
from backend.database import transaction
from backend.messages.links import is_released
from tests.backend.pages.browser import in_the_circle
from tests.world import World


async def test_a_yes_is_to_its_recipient_for_its_fact_on_its_plan(world: World) -> None:
    worker = await world.somebody("SW")
    plan, other = [str((await world.a_plan(worker))["id"]) for _ in range(2)]
    mother, aunt = [
        await in_the_circle(worker, plan, "FA", name=name) for name in ("Mother", "Aunt")
    ]
    until = (clock.today("Africa/Tunis") + timedelta(days=3)).isoformat()
    told = {"recipient": mother, "fact": "release_date", "purpose": "x", "until": until}
    made = await worker.post(f"/plans/{plan}/disclosures", told)
    assert made.status_code == 201, made.text

    async def released(on: str, to: str, fact: str) -> bool:
        async with transaction(worker.id):
            return await is_released(UUID(on), UUID(to), fact)

    assert await released(plan, mother, "release_date")
    assert not await released(plan, aunt, "release_date")
    assert not await released(other, mother, "release_date")
    assert not await released(plan, mother, "good_news")
    await world.sql(
        "UPDATE disclosure SET until = until - 4 WHERE id = $1::uuid", made.json()["id"]
    )
    assert not await released(plan, mother, "release_date"), "it has ended"
