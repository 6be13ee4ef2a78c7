from datetime import UTC, datetime, timedelta
from typing import Any

from backend import clock
from backend.database import transaction
from tests.backend.pages.browser import Browser, at_the_desk, in_the_circle, plain
from tests.world import World

MONDAY = datetime(2031, 3, 3, 9, tzinfo=UTC)


async def test_a_coordinator_goes_through_an_incident_at_the_desk(world: World) -> None:
    clock.travel(lambda: MONDAY + timedelta(hours=3))
    head = await world.somebody("CO")
    await world.sql("UPDATE agency SET country = 'NL'")
    browser, url = await at_the_desk(world, head), "/desk/incidents"
    page = plain(await browser.open(url))
    assert "No incident was recorded" in page.words
    typed: dict[str, Any] = {
        "kind": "lost_paper",
        "day": "2031-03-03",
        "at": "10:00",
        "description": "A folder.",
    }
    refused = await browser.send(page, url, **typed, touched="no id")
    assert refused.status == 422
    assert "no ids of plans or people" in refused.words
    page = plain(await browser.send(page, url, **typed, touched=f"{world.agency},"))
    assert "its clock runs" in page.words
    assert "next notice due Thu 6 Mar, 10:00" in page.words
    [row] = await world.sql("SELECT * FROM incident")
    assert row["noticed_at"] == MONDAY  # the agency's own clock says ten
    here = f"{url}/{row['id']}"
    draft = plain(await browser.open(f"{here}/notice?to=people"))
    assert "papers were lost or stolen" in draft.words
    assert "A folder" not in draft.words
    assert not page.has_form(here + "/close")
    for _ in range(2):
        page = plain(await browser.send(page, here + "/notices", how="sent"))
    assert "overdue" not in page.words
    page = plain(await browser.send(page, here + "/close", outcome="Found again."))
    assert "It is closed" in page.words
    assert "Found again" in page.words


async def test_a_complaint_is_written_down_by_a_worker_and_answered_by_a_coordinator(
    world: World,
) -> None:
    head, other, worker = [await world.somebody(role) for role in ("CO", "CO", "SW")]
    plan = (await world.a_plan(worker))["id"]
    relative = await in_the_circle(worker, plan, "FA", name="Relative")
    browser, url = await at_the_desk(world, worker), f"/desk/plans/{plan}/complaint"
    page = plain(await browser.open(url))
    typed: dict[str, Any] = {
        "subject": relative,
        "text": "Nobody calls me.",
        "about": str(other.login),
    }
    page = plain(await browser.send(page, url, **typed))
    assert "A coordinator answers it" in page.words
    assert "Nobody calls me" not in page.words
    assert (await browser.open("/desk/complaints")).status == 403
    about = await at_the_desk(world, other)
    assert "Nothing waits for an answer" in (await about.open("/desk/complaints")).words
    desk = await at_the_desk(world, head)
    page = plain(await desk.open("/desk/complaints"))
    assert "A relative complained" in page.words
    assert f"It names: {other.login}" in page.words
    [row] = await world.sql("SELECT id FROM complaint")
    here = f"/desk/complaints/{row['id']}/answer"
    page = plain(await desk.send(page, here, answer="We call tomorrow."))
    assert "The answer is saved" in page.words
    assert not page.has_form(here)


async def test_an_officer_has_a_desk_of_ids_and_no_people(world: World) -> None:
    head, officer, worker = [await world.somebody(role) for role in ("CO", "DP", "SW")]
    plan = await world.a_plan(worker)
    reason = {"reason": "A matter is before a court."}
    assert (await head.post(f"/plans/{plan['id']}/legal-holds", reason)).status_code == 201
    browser = Browser()
    begins = plain(await browser.enter(str(officer.login)))
    assert begins.answer.url.path == "/desk/agency"
    page = plain(await browser.open("/desk/record"))
    assert plan["id"] in page.words
    assert "Set legal hold" in page.words
    for word in ("Imaginary Person", reason["reason"], plan["alias"]):
        assert word not in page.html
    assert "People" not in page.words
    for path in (f"/desk/plans/{plan['id']}", "/desk/complaints", "/desk/messages"):
        assert (await browser.open(path)).status in {403, 404}, path
    assert (await browser.open("/desk/incidents")).status == 200
    assert (await browser.open("/desk/tasks")).status == 200


async def test_an_auditor_reads_the_record_as_ids_and_no_holds(world: World) -> None:
    worker, auditor = await world.somebody("SW"), await world.somebody("AU")
    plan = await world.a_plan(worker)
    elsewhere = await world.somebody("SW", agency=await world.an_agency(name="Elsewhere"))
    foreign = await world.a_plan(elsewhere)
    browser = Browser()
    await browser.enter(str(auditor.login))
    page = plain(await browser.open("/desk/record"))
    assert plan["id"] in page.html
    assert foreign["id"] not in page.html
    assert "Imaginary Person" not in page.html
    assert "Legal holds" not in page.words
    assert (await auditor.get("/legal-holds")).status_code == 403
    assert (await auditor.get("/retention-proofs")).status_code == 200
    for table in ("plan", "person", "mandate"):
        async with transaction(auditor.id) as held:
            assert await held.fetch(f"SELECT 1 FROM {table}") == [], table


async def test_an_auditor_has_pages_of_mandates_consents_and_counts_and_the_administrator_one(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    pages = ("/desk/record/mandates", "/desk/record/consents", "/desk/record/counts")
    seen = {}
    for role in ("AU", "AD", "SW"):
        browser = Browser()
        await browser.enter(str((await world.somebody(role)).login))
        seen[role] = [plain(await browser.open(path)) for path in pages]
        agency = await browser.open("/desk/agency")
        ways = [path for path in pages if f'href="{path}"' in agency.html]
        opened = [p for p, one in zip(pages, seen[role], strict=True) if one.status == 200]
        assert ways == opened, role
    assert [one.status for one in seen["AU"]] == [200, 200, 200]
    assert [one.status for one in seen["AD"]] == [403, 403, 200]
    assert {one.status for one in seen["SW"]} == {403}
    mandates, consents, counts = seen["AU"]
    assert plan["id"] in mandates.html
    assert str(worker.id) in mandates.html
    assert "Imaginary Person" not in mandates.html
    assert "None." in consents.words
    assert "Sent: fewer than 5" in counts.words
    assert "Issued to a court: fewer than 5" in counts.words
    assert "Summaries" not in seen["AD"][2].words
