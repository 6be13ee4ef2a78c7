"""A referral opens one plan to one professional, until it is taken back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from backend import clock
from tests.backend.flows.abroad import a_plan_abroad
from tests.world import World


async def test_a_referral_opens_one_plan_to_one_professional_until_it_is_taken_back(
    world: World,
) -> None:
    abroad = await a_plan_abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    await world.a_flow(
        abroad.there, groups=["alias", "tasks", "milestones"], basis="authorisation", law=None,
        article=None, purpose="care",
    )  # fmt: skip
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404
    today = clock.today("Africa/Tunis")
    body = {"fact": "referral", "purpose": "counselling", "until": today.isoformat()}
    at_home = await worker.post(
        f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.docket.officer.id)}
    )
    assert at_home.status_code == 422
    made = await worker.post(
        f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.officer.id)}
    )
    assert made.status_code == 201, made.text
    seen = (await abroad.officer.get(f"/plans/{plan}")).json()
    assert seen.keys() == {"id", "alias", "milestones"}
    assert (await abroad.worker.get(f"/plans/{plan}")).status_code == 404  # it was not for them
    taken = await worker.post(f"/consents/{made.json()['id']}/withdraw")
    assert taken.status_code == 200, taken.text
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404
    again = await worker.post(
        f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.officer.id)}
    )
    assert again.status_code == 201
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 200
    clock.travel(lambda: datetime.combine(today, datetime.min.time(), UTC) + timedelta(days=2))
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404


async def test_a_referral_ends_with_the_day_of_the_agency_wherever_the_plan_is(
    world: World,
) -> None:
    abroad = await a_plan_abroad(world)
    plan, worker = abroad.docket.plan, abroad.docket.worker
    await world.sql("UPDATE plan SET zone = 'Indian/Reunion'")  # three hours before Tunis
    await world.a_flow(
        abroad.there, groups=["alias"], basis="authorisation", law=None, article=None
    )
    last = clock.today("Africa/Tunis") + timedelta(days=2)
    clock.travel(lambda: datetime.combine(last, datetime.min.time(), UTC) + timedelta(hours=21))
    assert clock.today("Indian/Reunion") > last
    body = {"fact": "referral", "purpose": "counselling", "recipient": str(abroad.officer.id)}
    yesterday = {**body, "until": (last - timedelta(days=1)).isoformat()}
    path = f"/plans/{plan}/disclosures"
    assert (await worker.post(path, yesterday)).status_code == 422
    made = await worker.post(path, {**body, "until": last.isoformat()})
    assert made.status_code == 201, made.text
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 200
    clock.travel(lambda: datetime.combine(last, datetime.min.time(), UTC) + timedelta(hours=24))
    assert (await abroad.officer.get(f"/plans/{plan}")).status_code == 404


_WAITS = """
INSERT INTO message (id, agency, plan, version, bot, recipient, rule, step, subject, local_due, key,
                     due_at, expires_at, created_at, state)
SELECT gen_random_uuid(), b.agency, $1, 1, b.id, $2, $3, '', $1, $4, 'CONTACT72', now(), now(),
       now(), 'queued' FROM bot b WHERE b.agency = $5
"""


async def test_a_referral_that_is_taken_back_takes_along_what_waits_to_be_said(
    world: World,
) -> None:
    abroad = await a_plan_abroad(world)
    plan, worker, today = abroad.docket.plan, abroad.docket.worker, clock.today("Africa/Tunis")
    more = {"basis": "authorisation", "law": None, "article": None}
    await world.a_flow(abroad.there, groups=["tasks"], **more)
    body = {"fact": "referral", "purpose": "counselling", "until": today.isoformat()}
    for by_law in (False, True):
        if by_law:
            await world.a_flow(abroad.there, groups=["tasks"])
        for who in (abroad.officer, abroad.docket.officer):
            what = (UUID(plan), who.id, f"rule {by_law}", today, world.agency)
            await world.sql(_WAITS, *what)
        made = await worker.post(
            f"/plans/{plan}/disclosures", {**body, "recipient": str(abroad.officer.id)}
        )
        taken = await worker.post(f"/consents/{made.json()['id']}/withdraw")
        assert taken.status_code == 200, taken.text
        rows = await world.sql(
            "SELECT recipient, state FROM message WHERE rule = $1", f"rule {by_law}"
        )
        states = {row["recipient"]: row["state"] for row in rows}
        # what a law lets them know anyway goes on
        assert states[abroad.officer.id] == ("queued" if by_law else "cancelled")
        assert states[abroad.docket.officer.id] == "queued"
