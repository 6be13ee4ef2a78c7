import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from backend import clock, database
from backend.access import Actor
from backend.plans.actions.milestones import find_milestone
from backend.plans.actions.writing import write_milestone
from tests.backend.courts.docket import REFERENCE, Docket, a_court, a_docket, join
from tests.world import PASSWORD, Caller, World, a_day, row

NOT_READ = "urn:throughcare:problem:summary-not-read-to-person"
NOT_CHECKED = "urn:throughcare:problem:summary-not-checked"
PROVE = "urn:throughcare:problem:prove-again"
COMMENT = 'J\'ai fini ma formation.\n"Enfin" — voilà \u2067\u0645\u0631\u062d\u0628\u0627\u2069'


def days_ago(days: int) -> str:
    return (a_day() - timedelta(days=days)).isoformat()


async def content(docket: Docket, id_: str) -> dict[str, Any]:
    answer = await docket.court.pull(REFERENCE, id_)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["summary"]
    return found


async def test_a_summary_that_was_not_read_to_the_person_is_not_issued(world: World) -> None:
    docket = await a_docket(world)
    refused = await docket.issue()
    assert (refused.status_code, refused.json()["type"]) == (409, NOT_READ)
    assert await world.sql("SELECT 1 FROM summary") == []
    assert (await docket.read()).status_code == 201
    assert (await docket.issue()).status_code == 201


async def test_three_tries_on_three_days_stand_for_a_reading_and_two_do_not(world: World) -> None:
    docket = await a_docket(world)
    over: dict[str, Any] = {"period_to": days_ago(5)}
    for day in (4, 4, 3):
        assert (await docket.read(kind="tried", read_on=days_ago(day), **over)).status_code == 201
    assert (await docket.issue(**over)).status_code == 409
    assert (await docket.read(kind="tried", read_on=days_ago(1), **over)).status_code == 201
    assert (await docket.check(docket.worker, **over)).status_code == 201
    id_ = (await docket.issue(**over)).json()["id"]
    found = await content(docket, id_)
    assert found["attestation"] == {
        "read": None,
        "tried_on": [days_ago(4), days_ago(3), days_ago(1)],
    }
    assert found["person_view"] == {
        "comments": [],
        "sentence": "The summary could not be read to the person yet;"
        " a comment may follow at any time.",
    }


async def test_a_reading_counts_only_for_what_was_read(world: World) -> None:
    docket = await a_docket(world)
    assert (await docket.read()).status_code == 201
    await docket.change("PRB-05", {"state": "done"})
    assert (await docket.issue()).status_code == 409
    assert (await docket.issue(type="periodic")).status_code == 409
    assert (await docket.issue(period_from=days_ago(29))).status_code == 409
    await docket.change("PRB-05", {"state": "in_progress", "reason": "A mistake."})
    assert (await docket.issue()).status_code == 201  # the facts are again what was read


async def test_what_changed_since_the_draft_was_shown_cannot_be_recorded_as_read(
    world: World,
) -> None:
    docket = await a_docket(world)
    shown = (await docket.draft()).json()["digest"]
    await docket.change("PRB-05", {"state": "done"})
    stale = await docket.read(digest=shown)
    assert (stale.status_code, stale.json()["type"]) == (
        409,
        "urn:throughcare:problem:not-from-this-state",
    )
    fresh = (await docket.draft(docket.worker)).json()["digest"]
    assert fresh == (await docket.draft(docket.officer)).json()["digest"] != shown
    assert (await docket.read(digest=fresh)).status_code == 201
    assert (await docket.issue()).status_code == 201


async def test_what_is_issued_is_what_was_drafted(world: World) -> None:
    docket = await a_docket(world)
    await docket.change("IDD-04", {"state": "done"})
    draft = (await docket.draft()).json()["draft"]
    issued = await content(docket, await docket.issued())
    assert {key: issued[key] for key in draft} == draft
    assert draft["facts"][0]["text"] == "Papers handed over"
    assert draft["file_ref"] == REFERENCE


async def test_the_persons_comment_is_attached_word_for_word(world: World) -> None:
    docket = await a_docket(world)
    assert (await docket.read(comment=COMMENT, language="ar")).status_code == 201
    found = await content(docket, (await docket.issue()).json()["id"])
    assert found["person_view"] == {
        "comments": [{"language": "ar", "on": a_day().isoformat(), "text": COMMENT}],
        "sentence": None,
    }
    assert found["attestation"]["read"] == {
        "by": "SW",
        "language": "ar",
        "on": a_day().isoformat(),
    }
    kept = await world.sql("SELECT comment, content FROM reading, summary")
    assert all(COMMENT.encode()[:9] not in value for value in kept[0].values())


async def test_no_comment_is_a_fixed_neutral_sentence(world: World) -> None:
    docket = await a_docket(world)
    found = await content(docket, await docket.issued())
    assert found["person_view"] == {
        "comments": [],
        "sentence": "The person did not wish to comment.",
    }
    assert (found["opinion"], found["proposal"]) == (None, None)


async def test_a_correction_is_a_new_version_with_a_reading_of_its_own(world: World) -> None:
    docket = await a_docket(world)
    first = await docket.issued()
    before = (await docket.court.pull(REFERENCE, first)).json()
    await docket.change("IDD-04", {"state": "done"})
    assert (await docket.issue()).status_code == 409
    second = await content(docket, await docket.issued())
    assert (second["version"], second["supersedes"]) == (2, 1)
    after = (await docket.court.pull(REFERENCE, first)).json()
    assert after == {**before, "superseded_by": 2}
    periodic: dict[str, Any] = {"type": "periodic"}
    assert (await docket.read(**periodic)).status_code == 201
    third = await content(docket, (await docket.issue(**periodic)).json()["id"])
    assert (third["version"], third["supersedes"]) == (3, None)


async def test_one_reading_carries_one_version(world: World) -> None:
    docket = await a_docket(world)
    await docket.issued()
    again = await docket.issue()
    assert (again.status_code, again.json()["type"]) == (409, NOT_READ)


async def test_issuing_twice_with_one_key_issues_once(world: World) -> None:
    docket = await a_docket(world)
    await docket.read()
    key = str(uuid4())
    answers = [await docket.issue(key=key) for _ in range(3)]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert len(await world.sql("SELECT 1 FROM summary")) == 1
    other = await docket.issue(key=key, type="final")
    assert other.json()["type"] == "urn:throughcare:problem:idempotency-key-reused"


async def test_five_at_once_with_keys_of_their_own_issue_one_version(world: World) -> None:
    docket = await a_docket(world)
    await docket.read()
    answers = await asyncio.gather(*(docket.issue() for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_who_may_issue_and_who_may_not(world: World) -> None:
    docket = await a_docket(world)
    await docket.read()
    assert (await docket.issue(docket.worker)).status_code == 403
    coordinator, stranger = await world.somebody("CO"), await world.somebody("PO")
    assert (await docket.issue(coordinator)).status_code == 403
    assert (await docket.read(coordinator)).status_code == 404
    never = await stranger.post(f"/plans/{uuid4()}/summaries", docket.subject())
    refused = await docket.issue(stranger)
    assert (refused.status_code, refused.content) == (404, never.content)
    assert (await docket.read(stranger)).content == never.content
    assert (await docket.draft(stranger)).content == never.content
    assert (await docket.issue()).status_code == 201


async def test_an_officer_of_another_agency_with_a_mandate_issues(world: World) -> None:
    docket = await a_docket(world)
    elsewhere = await world.an_agency(name="Probation Service", language="fr")
    guest = await world.somebody("PO", agency=elsewhere)
    await world.a_flow(elsewhere)
    await join(world, docket.worker, docket.plan, guest, "PO")
    court = await a_court(world, elsewhere)
    await world.a_flow(kind="court", court=str(court.id), groups=["summary"])
    bound = await guest.post(
        f"/plans/{docket.plan}/court-files", {"client": str(court.id), "reference": "7"}
    )
    assert bound.status_code == 201, bound.text
    file: dict[str, Any] = {"file": bound.json()["id"]}
    assert (await docket.read(guest, **file)).status_code == 201
    assert (await docket.issue(guest, **file)).json()["type"] == NOT_CHECKED
    assert (await docket.check(docket.worker, **file)).status_code == 201
    issued = await docket.issue(guest, **file)
    assert issued.status_code == 201, issued.text
    found = (await court.pull("7", issued.json()["id"])).json()["summary"]
    assert found["author"] == {
        "agency": "Probation Service",
        "function": "probation service",
        "role": "PO",
    }
    assert found["attestation"]["read"]["by"] == "PO"


async def test_values_against_a_rule_are_refused(world: World) -> None:
    docket = await a_docket(world)
    tomorrow = days_ago(-1)
    assert (await docket.read(type="gossip")).status_code == 422
    assert (await docket.read(period_to=tomorrow)).status_code == 422
    assert (await docket.read(period_from=a_day().isoformat(), period_to=days_ago(3))).is_error
    assert (await docket.read(read_on=tomorrow)).status_code == 422
    assert (await docket.read(read_on=days_ago(1))).status_code == 422  # the period is not over
    assert (await docket.read(kind="heard of it")).status_code == 422
    assert (await docket.read(kind="tried", comment="?")).status_code == 422
    assert (await docket.read(comment="x" * 4001)).status_code == 400
    assert (await docket.read(comment="a\x00b")).status_code == 400
    assert (await docket.read(file=str(uuid4()))).status_code == 404
    other = await a_docket(world)
    assert (await docket.read(file=other.file)).status_code == 404
    assert await world.sql("SELECT 1 FROM reading") == []


async def test_a_reading_cannot_be_changed_by_the_application(world: World) -> None:
    docket = await a_docket(world)
    await docket.read()
    for change in ("digest = '\\x00'", "read_on = read_on - 9", "comment = NULL"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(docket.worker.id) as held:
                await held.execute(f"UPDATE reading SET {change}")


async def test_drafts_readings_and_issues_are_written_down(world: World) -> None:
    coordinator = await world.somebody("CO")
    docket = await a_docket(world)
    await docket.draft()
    id_ = await docket.issued()
    seen = (await coordinator.get(f"/plans/{docket.plan}/access")).json()["access"]
    assert [one["operation"] for one in seen[1:4]] == [
        "issueSummary",
        "recordReading",
        "draftSummary",
    ]
    assert seen[1]["thing"] == id_


async def test_an_agency_that_speaks_french_issues_in_french(world: World) -> None:
    await world.an_agency(language="fr")
    docket = await a_docket(world)
    await docket.change("IDD-04", {"state": "done"})
    found = await content(docket, await docket.issued())
    assert found["language"] == "fr"
    assert found["facts"][0]["text"] == "Papiers remis"
    assert found["closing"].startswith("Le soutien volontaire")


async def test_nothing_that_names_anybody_or_the_plan_is_in_a_summary(world: World) -> None:
    person = {"name": "Imaginary Person", "language": "en", "file_number": "P-77"}
    docket = await a_docket(world, person=person)
    added = {"role": "FA", "name": "Invented Mother", "language": "en", "gate": "first"}
    circle = await docket.worker.post(f"/plans/{docket.plan}/circle", added)
    assert circle.status_code == 201, circle.text
    plan = await world.plan(docket.worker, docket.plan)
    dates = {"role": "PO", "held_on": a_day().isoformat(), "held_at": "10:00:00", "place": "Rue 12"}
    planned = await docket.officer.post(f"/plans/{docket.plan}/appointments", dates)
    assert planned.status_code == 201, planned.text
    kept = await docket.officer.patch(
        f"/appointments/{planned.json()['id']}", {"state": "attended"}, version=1
    )
    assert kept.status_code == 200, kept.text
    body = (await docket.court.pull(REFERENCE, await docket.issued())).text
    assert "1 of 1" in body
    for name in ("Imaginary", "Invented", "P-77", "Rue 12", plan["alias"], docket.plan, "Sam"):
        assert name not in body
    behind = str(await world.sql("SELECT * FROM summary"))
    assert "1 of 1" not in behind
    ids = [
        str(r["id"])
        for r in await world.sql("SELECT id FROM milestone UNION ALL SELECT id FROM actor")
    ]
    assert not [id_ for id_ in ids if id_ in body]


async def _refusals_and_claims(docket: Docket) -> None:
    """All that may differ between two plans without a court learning of it."""
    plan, worker = docket.plan, docket.worker
    await docket.change("VOC-03", {"state": "planned"}, {"state": "declined"})
    await docket.change("CNS-11", {"state": "planned"}, {"state": "declined"})
    await docket.change("CNS-02", {"state": "planned"}, {"state": "done", "show_court": True})
    await docket.change("HOU-02", {"state": "declined"})
    await docket.change("VOC-12", {"state": "done"})  # not ticked
    await docket.change("FAM-02", {"state": "planned"}, {"state": "done"})
    await docket.change("FIN-04", {"state": "planned"})
    await docket.change(
        "HLT-05", {"state": "planned"}, {"state": "not_possible", "cause": "health"}
    )
    for answer, pathway in (("declined", "CNS-X"), ("accepted", "CNS-P"), ("offered", "VOC")):
        said = {"kind": "participation", "language": "fr", "pathway": pathway, "answer": answer}
        assert (await worker.post(f"/plans/{plan}/consents", said)).status_code == 201
    for how in ("phone", "letter"):
        tried = {"how": how, "outcome": "tried", "made_on": a_day().isoformat()}
        assert (await worker.post(f"/plans/{plan}/contacts", tried)).status_code == 201
    mentor = {"role": "ME", "name": "Imaginary Mentor", "language": "en"}
    assert (await worker.post(f"/plans/{plan}/circle", mentor)).status_code == 201
    claimed = row(await docket.world.plan(worker, plan), "MEN-09")
    actor = Actor(worker.id or uuid4(), "staff", "SW", docket.world.agency)
    async with database.transaction(actor.id):
        found, within = await find_milestone(actor, claimed["id"], change=True)
        await write_milestone(actor, found, within, {"said_by": "ME"})


async def test_declined_and_never_offered_give_a_court_equal_bytes(world: World) -> None:
    one, other = await a_docket(world), await a_docket(world)
    for docket in (one, other):
        await docket.change("IDD-04", {"state": "done"})
        met = {"how": "met", "outcome": "reached", "made_on": a_day().isoformat()}
        await docket.officer.post(f"/plans/{docket.plan}/contacts", met)
    await _refusals_and_claims(other)
    bodies = []
    for docket in (one, other):
        answer = await docket.court.pull(REFERENCE, id_ := await docket.issued())
        listed = (await docket.court.list(REFERENCE)).json()["summaries"]
        assert len(listed) == 1
        issued = answer.json()["issued_at"]
        assert len(answer.json()["summary"]["facts"]) >= 2
        bodies.append(answer.text.replace(id_, "ID").replace(issued, "INSTANT"))
    assert bodies[0] == bodies[1]


async def test_it_is_issued_by_whoever_has_just_shown_who_they_are(world: World) -> None:
    docket = await a_docket(world)
    assert (await docket.read()).status_code == 201
    await docket.officer.sign_in()
    moment = clock.now() + timedelta(minutes=5, seconds=1)
    clock.travel(lambda: moment)
    refused = await docket.issue(key="the-same-key")
    assert (refused.status_code, refused.json()["type"]) == (403, PROVE)
    assert await world.sql("SELECT 1 FROM summary") == []
    assert (await docket.officer.post("/account/prove", {"password": "wrong"})).status_code == 401
    assert (await docket.issue(key="the-same-key")).status_code == 403
    assert (await docket.officer.post("/account/prove", {"password": PASSWORD})).status_code == 204
    issued = await docket.issue(key="the-same-key")
    assert issued.status_code == 201
    # a repeat is no new act, so it is answered however long ago the proof is
    await world.sql("UPDATE session SET proved_at = NULL")
    assert (await docket.issue(key="the-same-key")).json() == issued.json()
    # and the proof of another session, of the same account too, is none of this one's
    await Caller(login=docket.officer.login).sign_in()
    assert (await docket.issue()).status_code == 403
