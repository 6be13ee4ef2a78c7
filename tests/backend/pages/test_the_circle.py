from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.backend.pages.browser import at_the_desk, in_the_circle, plain
from tests.world import World, a_day


async def test_a_mentor_joins_says_yes_is_invited_confirmed_and_cut(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    home = f"/desk/plans/{plan['id']}"
    mentor = await world.a_mentor(plan["id"])
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"{home}/circle"))
    typed: dict[str, Any] = {
        "role": "ME",
        "mentor": mentor,
        "alias": "Blue",
        "gate": "first",
    }
    refused = await browser.send(page, f"{home}/circle", **{**typed, "alias": "Prison"})
    assert refused.status == 422
    assert ("mentor", mentor) in refused.form(f"{home}/circle").fields
    joined = plain(await browser.send(refused, f"{home}/circle", **typed))
    assert "Imaginary Mentor Blue" in joined.words
    assert "No yes to messages" in joined.words
    assert not joined.has_form(f"{home}/invitations")
    agreed = plain(await browser.send(joined, f"{home}/consents", "subject"))
    invitation = await browser.send(agreed, f"{home}/invitations")
    assert "This page is shown once" in invitation.words
    [link] = await world.sql("SELECT id FROM link")
    assert "https://t.me/horizon_desk_bot?start=" in invitation.words
    pin = invitation.words.split("PIN, by voice")[1][:6]
    assert pin.isdecimal()
    circle = plain(await browser.open(f"{home}/circle"))
    assert pin not in circle.html
    await world.sql("UPDATE link SET state = 'unconfirmed', version = version + 1")
    action = f"{home}/links/{link['id']}/confirm"
    stale = await browser.send(await browser.open(f"{home}/circle"), action, seen="1")
    assert stale.status == 412
    confirmed = plain(await browser.send(stale, action))
    assert "Chat works" in confirmed.words
    cut = plain(await browser.send(confirmed, f"{home}/links/{link['id']}/cut"))
    assert "Chat ended" in cut.words


async def test_a_reload_of_the_invitation_shows_the_same_one_and_makes_no_other(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await in_the_circle(worker, plan["id"], "FA", name="Imaginary Sister")
    browser = await at_the_desk(world, worker)
    action = f"/desk/plans/{plan['id']}/invitations"
    form = (await browser.open(f"/desk/plans/{plan['id']}/circle")).form(action).filled()
    first, second = await browser.post(action, form), await browser.post(action, form)
    assert first.html == second.html
    assert len(await world.sql("SELECT id FROM link")) == 1


async def test_a_fact_may_be_told_and_the_yes_taken_back(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    sister = await in_the_circle(worker, plan["id"], "FA", name="Imaginary Sister")
    home = f"/desk/plans/{plan['id']}"
    browser = await at_the_desk(world, worker)
    page = await browser.open(f"{home}/circle")
    until = (a_day() + timedelta(days=30)).isoformat()
    typed: dict[str, Any] = {
        "recipient": sister,
        "fact": "release_date",
        "purpose": "meets at the gate",
    }
    passed = await browser.send(page, f"{home}/disclosures", **typed, until="2020-01-01")
    assert "This day has passed." in passed.words
    assert ("purpose", "meets at the gate") in passed.form(f"{home}/disclosures").fields
    told = plain(await browser.send(passed, f"{home}/disclosures", **typed, until=until))
    assert "The release date may be told until" in told.words
    [row] = await world.sql("SELECT id FROM disclosure")
    back = plain(await browser.send(told, f"{home}/consents/{row['id']}/withdraw"))
    assert "may be told until" not in back.words


async def test_an_answer_of_the_person_is_recorded_for_one_part(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    action = f"/desk/plans/{plan['id']}/consents"
    browser = await at_the_desk(world, worker)
    page = await browser.open(f"/desk/plans/{plan['id']}/circle")
    assert "Declining has no consequence" in page.words
    said = await browser.send(page, action, "pathway", pathway="CNS-P", answer="declined")
    assert "Counselling: declined" in said.words


async def test_the_person_gets_a_chat_and_a_mandate_ends(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await in_the_circle(worker, plan["id"], "PE")
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(f"/desk/plans/{plan['id']}/circle"))
    assert "The person · No chat yet" in page.words
    [mandate] = await world.sql("SELECT id FROM mandate WHERE role = 'PE'")
    action = f"/desk/plans/{plan['id']}/mandates/{mandate['id']}/end"
    ended = await browser.send(page, action)
    assert "The mandate has ended" in ended.words
    assert not ended.has_form(action)


async def test_a_date_is_planned_moved_and_took_place(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    home = f"/desk/plans/{plan['id']}/dates"
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open(home))
    day, later = (str(a_day() + timedelta(days=days)) for days in (3, 5))
    typed: dict[str, Any] = {
        "role": "PO",
        "held_on": day,
        "held_at": "11:00",
        "place": "Long Street 4",
    }
    broken = await browser.send(page, home, **{**typed, "held_at": "noon"})
    assert broken.status == 422
    assert ("place", "Long Street 4") in broken.form(home).fields
    planned = plain(await browser.send(broken, home, **typed))
    assert "Long Street 4" in planned.words
    [first] = await world.sql("SELECT id FROM appointment")
    action = f"{home}/{first['id']}"
    moved = plain(
        await browser.send(planned, action, "held_on", held_on=later, held_at="09:30", by="service")
    )
    assert "Cancelled by the service" in moved.words
    assert "09:30" in moved.words
    [second] = await world.sql("SELECT id FROM appointment WHERE state = 'scheduled'")
    done = await browser.send(moved, f"{home}/{second['id']}", "state", state="attended")
    assert "Took place" in done.words
    stale = await browser.send(planned, action, "state", state="attended")
    assert stale.status == 412
    assert "Somebody changed this" in stale.words


async def test_ids_of_another_plan_in_a_path_reach_nothing(world: World) -> None:
    owner, other = await world.somebody("SW"), await world.somebody("SW")
    theirs, mine = await world.a_plan(owner), await world.a_plan(other)
    who = await in_the_circle(owner, theirs["id"], "FA", name="Imaginary Sister")
    await owner.post("/invitations", {"plan": theirs["id"], "subject": who})
    [link] = await world.sql("SELECT id FROM link")
    browser = await at_the_desk(world, other)
    home = f"/desk/plans/{mine['id']}"
    page = await browser.open(f"{home}/circle")
    own = page.form(f"{home}/circle").filled(seen="1")
    answer = await browser.post(f"{home}/links/{link['id']}/cut", own)
    assert (answer.status, "Imaginary Sister" in answer.words) == (404, False)
    rows = await world.sql("SELECT state FROM link WHERE id = $1", UUID(str(link["id"])))
    assert rows[0]["state"] == "invited"
