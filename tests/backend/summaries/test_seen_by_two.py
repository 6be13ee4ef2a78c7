"""Somebody else than who issues a summary has seen this very draft; a day where there is nobody."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.database import act_as, in_fresh_context, transaction
from backend.founding import make_small
from backend.summaries.rules import RECORDERS, a_day_old, heard, seen_by_another
from tests.backend.courts.docket import REFERENCE, Docket, a_docket, join
from tests.backend.pages.browser import at_the_desk, plain
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.world import PASSWORD, Caller, World, a_day

NOT_READ = "urn:throughcare:problem:summary-not-read-to-person"
NOT_CHECKED = "urn:throughcare:problem:summary-not-checked"
NOT_YOURS = "urn:throughcare:problem:not-your-role"
REFUSED = asyncpg.InsufficientPrivilegeError
A_DAY = timedelta(hours=24)
_COPY = """
INSERT INTO summary SELECT (jsonb_populate_record(s, jsonb_build_object(
    'id', gen_random_uuid(), 'number', s.number + 50) || $1::jsonb)).* FROM summary s LIMIT 1
"""
_READING = """
INSERT INTO reading SELECT (jsonb_populate_record(r, jsonb_build_object(
    'id', gen_random_uuid(), 'summary', null, 'recorded_by', $1::uuid, 'recorded_at', $2::text)
    || $3::jsonb)).* FROM reading r LIMIT 1
"""


def why(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def a_docket_with_a_head(world: World) -> tuple[Docket, Caller]:
    """The officer has read the draft to the person themself; there is a coordinator."""
    head = await world.somebody("CO")
    docket = await a_docket(world)
    assert (await docket.read(docket.officer)).status_code == 201
    return docket, head


async def test_who_read_it_to_the_person_alone_does_not_issue_it_alone(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    assert why(await docket.issue()) == (409, NOT_CHECKED)
    assert (await docket.check(docket.officer)).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED), "one pair of eyes is no two"
    assert await world.sql("SELECT 1 FROM summary") == []
    assert (await docket.check(head)).status_code == 201
    assert (await docket.issue()).status_code == 201
    assert await world.sql("SELECT 1 FROM outside_review") == []


async def test_whoever_else_read_it_to_the_person_has_seen_it(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    assert (await docket.read(docket.worker)).status_code == 201
    assert (await docket.issue()).status_code == 201


async def test_who_only_tried_to_read_it_need_not_have_seen_a_word(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    assert (await docket.read(docket.worker, kind="tried")).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED)


async def test_another_officer_of_the_plan_is_another_pair_of_eyes(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    second = await world.somebody("PO")
    await join(world, docket.worker, docket.plan, second, "PO")
    assert (await docket.issue(second)).status_code == 201, "the first has read it"


async def test_what_was_checked_was_heard_by_nobody_and_that_is_said_first(world: World) -> None:
    head = await world.somebody("CO")
    docket = await a_docket(world)
    for _ in range(3):
        assert (await docket.check(head)).status_code == 201
    assert why(await docket.issue()) == (409, NOT_READ)
    await docket.officer.sign_in()
    moment = clock.now() + timedelta(minutes=6)
    clock.travel(lambda: moment)
    assert (await docket.issue()).status_code == 403, "and before all a fresh proof"


async def test_a_check_is_of_this_very_draft_and_carries_one_version(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    shown = (await docket.draft(head)).json()["digest"]
    await docket.change("PRB-05", {"state": "done"})
    assert (await docket.read(head, kind="checked", digest=shown)).status_code == 409
    assert (await docket.read(docket.officer)).status_code == 201
    assert (await docket.check(head, type="periodic")).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED)
    assert (await docket.check(head)).status_code == 201
    assert (await docket.issue()).status_code == 201
    assert (await docket.read(docket.officer)).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED)


async def test_what_the_issuer_wrote_down_later_is_looked_at_too(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    assert (await docket.check(head)).status_code == 201
    said = await docket.read(docket.officer, comment="I never said that.")
    assert said.status_code == 201, said.text
    assert why(await docket.issue()) == (409, NOT_CHECKED), "nobody else has seen these words"
    with pytest.raises(REFUSED, match="nobody else"):
        await _force(docket)
    assert (await docket.read(docket.worker, kind="tried")).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED)
    assert (await docket.read(docket.officer, kind="tried")).status_code == 201
    assert (await docket.check(head)).status_code == 201
    assert (await docket.read(docket.officer)).status_code == 201, "one without words"
    assert (await docket.issue()).status_code == 201


async def test_what_another_wrote_down_they_have_seen(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    assert (await docket.read(docket.worker, comment="I go to work.")).status_code == 201
    assert (await docket.issue()).status_code == 201


async def test_a_draft_is_shown_with_what_the_person_said_to_it_and_named_with_it(
    world: World,
) -> None:
    docket, head = await a_docket_with_a_head(world)
    shown = (await docket.draft(head)).json()
    assert shown["comments"] == []
    said = {"comment": "I go to work.", "language": "fr"}
    assert (await docket.read(docket.worker, **said)).status_code == 201
    stale = {"digest": shown["digest"]}
    for who, kind in ((head, "checked"), (docket.worker, "read"), (docket.worker, "tried")):
        assert (await docket.read(who, kind=kind, **stale)).status_code == 409, kind
    seen = (await docket.draft(head)).json()
    assert [(one["language"], one["text"]) for one in seen["comments"]] == [("fr", "I go to work.")]
    assert seen["draft"] == shown["draft"]
    other = (await docket.draft(head, type="periodic")).json()
    assert other["comments"] == [], "they were said to another draft"
    assert (await docket.check(head)).status_code == 201
    assert (await docket.issue()).status_code == 201
    assert (await docket.draft(head)).json()["comments"] == [], "they have gone along"


async def test_a_coordinator_checks_and_does_no_more(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    for kind in ("read", "tried"):
        assert why(await docket.read(head, kind=kind)) == (403, NOT_YOURS)
    assert (await docket.issue(head)).status_code == 403
    stranger = await world.somebody("CO")
    assert (await docket.draft(stranger)).status_code == 404
    for kind in RECORDERS:
        assert (await docket.read(stranger, kind=kind, digest="0" * 64)).status_code == 404


async def test_who_checks_says_which_draft_and_not_what_the_person_said(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    named: dict[str, Any] = {"digest": (await docket.draft(head)).json()["digest"]}
    checked: dict[str, Any] = {"kind": "checked", **named}
    assert (await docket.read(head, kind="checked")).status_code == 422
    assert (await docket.read(head, comment="Mm.", **checked)).status_code == 422
    tomorrow = (a_day() + timedelta(days=1)).isoformat()
    assert (await docket.read(head, read_on=tomorrow, **checked)).status_code == 422
    assert (await docket.read(head, **checked)).status_code == 201


async def test_a_court_is_not_told_who_checked_nor_that_anybody_did(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    other = await a_docket(world)
    for one in (docket, other):
        await one.read()
    await docket.check(head)
    pulled = []
    for one in (docket, other):
        answer = await one.court.pull(REFERENCE, (await one.issue()).json()["id"])
        assert answer.status_code == 200
        assert "check" not in answer.text
        pulled.append(answer.json()["summary"])
    assert pulled[0] == pulled[1]


# where there is nobody else


async def _lain(world: World, time: timedelta) -> None:
    await world.sql("UPDATE reading SET recorded_at = clock_timestamp() - $1::interval", time)


async def test_in_a_small_agency_a_day_stands_for_the_second_pair_of_eyes(world: World) -> None:
    agency = await world.an_agency()
    outside = await world.somebody("CO", agency=await world.an_agency(name="Elsewhere"))
    world.agency = agency
    docket, _ = await a_docket_with_a_head(world)
    await _lain(world, A_DAY)
    assert why(await docket.issue()) == (409, NOT_CHECKED), "nobody has said that it is small"
    assert await make_small(agency, small=True, reviewer="Elsewhere")
    await _lain(world, A_DAY - timedelta(minutes=1))
    assert why(await docket.issue()) == (409, NOT_CHECKED)
    await _lain(world, A_DAY)
    assert (await docket.read(docket.officer)).status_code == 201  # the first reading counts
    issued = await docket.issue()
    assert issued.status_code == 201, issued.text
    reviews = (await outside.get("/outside-reviews")).json()
    assert [(one["kind"], one["thing"], one["done_by"]) for one in reviews] == [
        ("summary", issued.json()["id"], str(docket.officer.id))
    ]
    page = plain(await (await at_the_desk(world, outside)).open("/desk/reviews"))
    assert "Issued a summary that nobody else had looked at" in page.words
    assert (await docket.read(docket.officer)).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED), "each draft lies for a day of its own"


async def test_it_is_small_only_while_it_has_two_coordinators_at_most(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    assert await make_small(docket.world.agency or uuid4(), small=True)
    await _lain(world, A_DAY)
    for _ in range(2):
        await world.somebody("CO")
    assert why(await docket.issue()) == (409, NOT_CHECKED)


async def test_an_officer_of_a_small_agency_does_not_issue_alone_elsewhere(world: World) -> None:
    docket = await a_docket(world)
    small = await world.an_agency(name="Probation Service")
    guest = await world.somebody("PO", agency=small)
    await world.a_flow(small)
    await world.a_flow(kind="court", court=str(docket.court.id), groups=["summary"])
    await join(world, docket.worker, docket.plan, guest, "PO")
    assert (await docket.read(guest)).status_code == 201
    await _lain(world, A_DAY)
    for agency in (small, docket.world.agency or uuid4()):
        assert await make_small(agency, small=True)
        assert why(await docket.issue(guest)) == (409, NOT_CHECKED)


async def test_in_a_small_agency_every_comment_has_lain_for_a_day_too(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    assert await make_small(docket.world.agency or uuid4(), small=True)
    await _lain(world, A_DAY)
    assert (await docket.read(docket.officer, comment="I never said that.")).status_code == 201
    assert why(await docket.issue()) == (409, NOT_CHECKED)
    with pytest.raises(REFUSED, match="nobody else"):
        await _force(docket)
    await _lain(world, A_DAY)
    assert (await docket.issue()).status_code == 201


# the second line


async def _force(docket: Docket) -> None:
    """A summary that is put into the database past the program."""
    async with transaction(docket.officer.id) as held:
        await held.execute(
            "INSERT INTO summary (id, agency, plan, version, file, subject, number, type,"
            " period_from, period_to, content, sha256, issued_at, issued_by)"
            " SELECT gen_random_uuid(), p.agency, p.id, 1, $2, p.person, 9, 'start', current_date,"
            " current_date, '\\x00', '\\x00', now(), $3 FROM plan p WHERE p.id = $1",
            docket.plan,
            docket.file,
            docket.officer.id,
        )


async def test_the_database_has_a_clock_of_its_own_for_the_day(world: World) -> None:
    docket, _ = await a_docket_with_a_head(world)
    assert await make_small(docket.world.agency or uuid4(), small=True)
    moment = clock.now() + A_DAY
    clock.travel(lambda: moment)
    await docket.officer.sign_in()
    assert (await docket.officer.post("/account/prove", {"password": PASSWORD})).status_code == 204
    assert why(await docket.issue()) == (409, NOT_CHECKED)
    assert await world.sql("SELECT 1 FROM summary") == []


async def _insert(who: Caller, sql: str, *values: object) -> str:
    async with transaction(who.id) as held:
        return str(await held.execute(sql, *values))


async def test_the_database_itself_asks_for_the_second_pair_of_eyes(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    await docket.check(head)
    assert (await docket.issue()).status_code == 201
    with pytest.raises(REFUSED, match="nobody else"):  # what was seen is used
        await _insert(docket.officer, _COPY, "{}")
    assert (await docket.read(docket.officer)).status_code == 201
    with pytest.raises(REFUSED, match="nobody else"):
        await _insert(docket.officer, _COPY, "{}")
    with pytest.raises(REFUSED, match="nobody else"):  # nor in the name of somebody else
        await _insert(docket.officer, _COPY, f'{{"issued_by": "{head.id}"}}')
    assert (await docket.check(head)).status_code == 201
    assert await _insert(docket.officer, _COPY, "{}") == "INSERT 0 1"


async def test_nobody_writes_a_reading_of_another_or_of_yesterday_and_each_is_used_once(
    world: World,
) -> None:
    docket, head = await a_docket_with_a_head(world)
    now = clock.now()
    officer, just = docket.officer, str(now)
    assert await _insert(officer, _READING, officer.id, just, "{}") == "INSERT 0 1"
    for who, at in ((head.id, just), (officer.id, str(now - timedelta(hours=1, seconds=9)))):
        with pytest.raises(REFUSED):
            await _insert(officer, _READING, who, at, "{}")
    await docket.check(head)
    used = (await docket.issue()).json()["id"]
    with pytest.raises(REFUSED):
        await _insert(officer, "UPDATE reading SET summary = NULL WHERE summary = $1", UUID(used))
    with pytest.raises(REFUSED):
        await _insert(officer, _READING, officer.id, just, f'{{"summary": "{used}"}}')
    bad = '{"kind": "checked", "comment": "\\\\x00"}'
    with pytest.raises(asyncpg.CheckViolationError):
        await _insert(officer, _READING, officer.id, just, bad)


async def test_no_job_issues_or_reads_a_summary(world: World) -> None:
    docket = await a_docket(world)
    await docket.issued()

    async def adds(sql: str, *values: object) -> None:
        act_as("worker")
        async with transaction() as held:
            await held.execute(sql, *values)

    for sql, values in ((_COPY, ["{}"]), (_READING, [uuid4(), str(clock.now()), "{}"])):
        with pytest.raises(REFUSED, match="permission denied"):
            await in_fresh_context(lambda sql=sql, values=values: adds(sql, *values))  # type: ignore[misc]


# who may know


async def test_the_person_reads_in_their_file_that_it_was_checked(world: World) -> None:
    docket, head = await a_docket_with_a_head(world)
    assert (await docket.check(head)).status_code == 201
    person = await in_circle(docket.worker, docket.plan)
    paper = await a_paper(world, docket.worker, docket.plan, person)
    async with await comes_in(paper) as browser:
        page = (await browser.open("/file")).words
        found = (await browser.http.get("/file/copy.json")).json()
    assert "checked before it goes to the court" in page
    assert [(one["kind"], one["role"]) for one in found["readings"]] == [
        ("read", "PO"),
        ("checked", "CO"),
    ]


# the rule alone

ME, OTHER = uuid4(), uuid4()
NOON = datetime(2031, 3, 3, 12).astimezone()
READINGS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(sorted(RECORDERS)),
            "recorded_by": st.sampled_from([ME, OTHER]),
            "recorded_at": st.timedeltas(timedelta(0), 2 * A_DAY).map(lambda ago: NOON - ago),
            "read_on": st.dates(date(2031, 3, 1), date(2031, 3, 3)),
            "language": st.just("fr"),
            "role": st.sampled_from(["SW", "PO", "CO"]),
            "comment": st.sampled_from([None, None, b"x"]),
        }
    ),
    max_size=6,
)


@given(READINGS)
def test_another_has_seen_it_who_read_or_checked_it(readings: list[dict[str, Any]]) -> None:
    for issuer in (ME, OTHER, uuid4()):
        told = [one["recorded_at"] for one in readings if one["recorded_by"] == issuer
                and one["comment"]]  # fmt: skip
        others = [one["recorded_at"] for one in readings if one["recorded_by"] != issuer
                  and one["kind"] != "tried"]  # fmt: skip
        expected = bool(others) and (not told or max(others) >= max(told))
        assert seen_by_another(readings, issuer) == expected


@given(READINGS)
def test_a_draft_is_a_day_old_by_its_first_reading(readings: list[dict[str, Any]]) -> None:
    ages = [NOON - row["recorded_at"] for row in readings]
    spoken = [NOON - row["recorded_at"] for row in readings if row["comment"]]
    expected = any(age >= A_DAY for age in ages) and all(age >= A_DAY for age in spoken)
    assert a_day_old(readings, NOON) == expected


@given(READINGS)
def test_what_was_checked_changes_nothing_of_what_was_heard(readings: list[dict[str, Any]]) -> None:
    assert heard(readings) == heard([row for row in readings if row["kind"] != "checked"])
