"""What is printed for who has no phone: by whom, on one page, and without what harms them."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import product
from typing import Any

import asyncpg
import httpx
import pytest

from backend.papers.rules import SHEETS
from tests.backend.flows.abroad import a_plan_abroad
from tests.backend.pages.browser import at_the_desk, in_the_circle
from tests.backend.papers import a_paper, comes_in, in_circle
from tests.backend.printed import letters, pages, sizes
from tests.releases import change, joins
from tests.world import Caller, World, a_day, row

LANGUAGES = ("en", "fr", "ar")
EVERY = [(sheet, language) for sheet in SHEETS for language in LANGUAGES]
JOINED = "لميعنب"  # letters that are drawn otherwise at the beginning, in the middle, at the end


async def _print(who: Caller, plan: Any, sheet: str, language: str = "en") -> httpx.Response:
    return await who.get(f"/plans/{plan['id']}/papers/{sheet}?language={language}")


async def _printed(who: Caller, plan: Any, sheet: str, language: str = "en") -> bytes:
    answer = await _print(who, plan, sheet, language)
    assert answer.status_code == 200, answer.text
    return answer.content


async def _date(who: Caller, plan: Any, day: date, **more: Any) -> None:
    body = {"role": "SW", "held_on": day.isoformat(), "held_at": "09:30:00", **more}
    answer = await who.post(f"/plans/{plan['id']}/appointments", body)
    assert answer.status_code == 201, answer.text


async def _with(world: World, worker: Caller, plan: Any, role: str) -> Caller:
    who = await world.somebody(role)
    await joins(world, worker, plan, who, role)
    return who


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_sheet_is_one_page_whatever_stands_in_the_plan(world: World, language: str) -> None:
    worker = await world.somebody("SW")
    overlays = ["safety_first", "other_place", "no_supervision"]
    plan = await world.a_plan(worker, in_days=9, certainty="confirmed", overlays=overlays)
    await world.sql("UPDATE milestone SET state = 'planned' WHERE state = 'dormant'")
    await world.sql("UPDATE milestone SET state = 'in_progress' WHERE kind = 'V'")
    await world.sql("UPDATE milestone SET title = $1", "Wolfeschlegelstein " * 15)
    for sheet, number in product(("a", "b"), range(7)):
        place = ("Wolfeschlegelsteinhausenbergerdorff " * 3)[:78] + sheet
        await _date(worker, plan, a_day() + timedelta(days=9 + number), place=place)
    (rows,) = await world.sql("SELECT count(*) AS n FROM milestone")
    assert rows["n"] >= 110
    for sheet in SHEETS:
        made = await _printed(worker, plan, sheet, language)
        assert made.startswith(b"%PDF")
        assert pages(made) == 1, sheet
        assert min(sizes(made)) >= (5.6 if sheet == "card" else 7.2), (sheet, sizes(made))


async def test_arabic_letters_are_joined_and_none_is_missing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    for sheet in SHEETS:
        drawn = letters(await _printed(worker, plan, sheet, "ar"))
        assert "\ufffd" not in drawn
        if sheet != "card":  # on a card stand two lines
            assert sum(drawn[letter] >= 2 for letter in JOINED) > 3, (sheet, drawn)
        english = letters(await _printed(worker, plan, sheet, "en"))
        assert not any(letter in english for letter in JOINED)
        assert english["e"] == 1


async def test_who_prints_what(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    head, desk = [await _with(world, worker, plan, role) for role in ("CO", "PS")]
    none = [await _with(world, worker, plan, role) for role in ("PO", "TR", "CP")]
    stranger = await world.somebody("SW")
    for sheet in SHEETS:
        assert (await _print(worker, plan, sheet)).status_code == 200
        assert (await _print(head, plan, sheet)).status_code == 200
        of_desk = 200 if sheet in {"day-one", "72-hours"} else 403
        assert (await _print(desk, plan, sheet)).status_code == of_desk, sheet
        for who in none:
            assert (await _print(who, plan, sheet)).status_code == 403
        assert (await _print(stranger, plan, sheet)).status_code == 404
    assert (await _print(worker, plan, "everything")).status_code == 404


async def test_a_release_desk_prints_while_the_person_is_inside(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=0, certainty="confirmed")
    desk = await _with(world, worker, plan, "PS")
    out = {"left": True}
    left = await desk.post(f"/plans/{plan['id']}/left-custody", out, version=plan["version"])
    assert left.status_code == 200, left.text
    refused = await _print(desk, plan, "72-hours")
    assert refused.status_code == 409, refused.text
    assert (await _print(worker, plan, "72-hours")).status_code == 200
    async with await at_the_desk(world, desk) as browser:
        page = await browser.open(f"/desk/plans/{plan['id']}/papers")
        assert "To print" not in page.words


async def test_of_a_plan_that_is_over_nothing_is_printed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    ended = await worker.post(f"/plans/{plan['id']}/silent-end", version=plan["version"])
    assert ended.status_code == 200, ended.text
    assert (await _print(worker, plan, "plan")).status_code == 409


async def test_the_language_is_the_persons_and_never_english_instead(world: World) -> None:
    worker = await world.somebody("SW")
    arabic, other = [
        await world.a_plan(worker, person={"name": f"Imaginary {one}", "language": one})
        for one in ("ar", "sw")
    ]
    path = f"/plans/{arabic['id']}/papers/plan"
    assert (await worker.get(path)).content == await _printed(worker, arabic, "plan", "ar")
    refused = await worker.get(f"/plans/{other['id']}/papers/plan")
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert "en, fr, ar" in refused.json()["detail"]
    assert (await _print(worker, other, "plan", "fr")).status_code == 200
    for strange in ("", "EN", "../en", "x" * 400):
        assert (await _print(worker, other, "plan", strange)).status_code == 422, strange


async def _says(worker: Caller, plan: Any, pathway: str, answer: str) -> None:
    said = {"kind": "participation", "language": "en", "pathway": pathway, "answer": answer}
    made = await worker.post(f"/plans/{plan['id']}/consents", said)
    assert made.status_code == 201, made.text


async def _every(who: Caller, plan: Any) -> Mapping[Any, bytes]:
    found = {one: await _printed(who, plan, *one) for one in EVERY}
    drawn = await who.get(f"/plans/{plan['id']}/timeline.svg")
    return {**found, "picture": drawn.content}


async def test_what_was_refused_and_what_was_never_offered_print_in_the_same_bytes(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=20, certainty="confirmed")
    before = await _every(worker, plan)
    assert before == await _every(worker, plan)
    for code in ("VOC-03", "CNS-01", "CNS-11", "MEN-01", "HOU-03", "IDD-05", "HLT-04", "FIN-02"):
        await change(world, worker, plan, code, state="planned")
        await change(world, worker, plan, code, state="declined")
    await _says(worker, plan, "CNS-X", "declined")
    await change(world, worker, plan, "VOC-07", state="planned")
    await change(world, worker, plan, "VOC-07", state="not_needed")
    assert await _every(worker, plan) == before


async def test_nothing_of_health_counselling_or_another_is_on_a_sheet(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=20, certainty="confirmed")
    sheets = [one for one in EVERY if one[0] != "day-one"]
    before = {one: await _printed(worker, plan, *one) for one in sheets}
    mother = await in_the_circle(worker, plan["id"], "FA", name="Invented Mother")
    for code in (
        *("CNS-01", "CNS-02", "HLT-02", "FAM-02", "FAM-05", "MEN-02", "MEN-03"),
        *("FIN-02", "FAM-07"),
    ):
        await change(world, worker, plan, code, state="planned")
    for code in ("HLT-06", "CNS-09", "CNS-01", "FAM-05"):
        await change(world, worker, plan, code, state="done")
    talk = row(await world.plan(worker, plan["id"]), "FAM-06")["id"]
    await world.sql(
        "INSERT INTO appointment (id, agency, plan, version, milestone, role, held_on, held_at,"
        " zone, state) SELECT gen_random_uuid(), agency, plan, 1, id, 'SW', $2, '09:00',"
        " 'Africa/Tunis', 'scheduled' FROM milestone WHERE id = $1",
        talk,
        a_day() + timedelta(days=22),
    )
    flag = {"subject": mother, "words": "She is afraid.", "raiser": mother}
    raised = await worker.post(f"/plans/{plan['id']}/safety-flags", flag)
    assert raised.status_code == 201, raised.text
    assert {one: await _printed(worker, plan, *one) for one in sheets} == before


async def test_a_tick_says_that_a_thing_is_there_and_an_empty_box_nothing(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    desk = await _with(world, worker, plan, "PS")
    empty, of_desk = [await _printed(who, plan, "day-one") for who in (worker, desk)]
    await change(world, worker, plan, "HOU-04", state="not_possible", cause="service_side")
    assert await _printed(worker, plan, "day-one") == empty
    await change(world, worker, plan, "HOU-04", state="in_progress", reason="A bed was found.")
    await change(world, worker, plan, "HOU-04", state="done")
    assert await _printed(worker, plan, "day-one") != empty
    assert await _printed(desk, plan, "day-one") == of_desk  # a bed is none of its rows
    await change(world, worker, plan, "IDD-04", state="done")
    assert await _printed(desk, plan, "day-one") != of_desk


async def test_a_card_holds_what_comes_and_no_place_that_tells(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=5, certainty="confirmed", supervision=True)
    officer = await _with(world, worker, plan, "PO")
    bare = await _printed(worker, plan, "card")
    day = a_day() + timedelta(days=6)
    await _date(worker, plan, day)
    without = await _printed(worker, plan, "card")
    assert without != bare
    home = {"address": "4 Quibra Lane"}
    (known,) = await world.sql("SELECT person FROM plan")
    for place in (
        *("Prison office", "Court building, room 3", "Bureau de probation", "Hôpital central"),
        *("مكتب السجن", "بالمحكمة الابتدائية", "إدارة الشرطة", "Church hall", "4, Quibra  Lane, b"),
    ):
        await world.sql("DELETE FROM appointment")
        protected = home | {"subject": str(known["person"])}
        made = await worker.post(f"/plans/{plan['id']}/protected-addresses", protected)
        assert made.status_code == 201, made.text
        await _date(officer, plan, day, role="PO", place=place)
        for sheet in ("card", "72-hours", "two-weeks"):
            named = await _printed(worker, plan, sheet)
            await world.sql("UPDATE appointment SET place = NULL")
            assert named == await _printed(worker, plan, sheet), (place, sheet)
            await world.sql("DELETE FROM appointment")
            await _date(officer, plan, day, role="PO", place=place)
    await world.sql("DELETE FROM appointment")
    await _date(worker, plan, day, place="12 Linden Street")
    assert await _printed(worker, plan, "card") != without
    await world.sql("UPDATE appointment SET state = 'cancelled_by_person'")
    assert await _printed(worker, plan, "card") == bare


async def test_another_agency_prints_what_flows_to_it_and_no_place(world: World) -> None:
    abroad = await a_plan_abroad(world)
    plan, own = {"id": abroad.docket.plan}, abroad.docket.worker
    assert (await _print(abroad.worker, plan, "card")).status_code == 404
    flow = await world.a_flow(abroad.there, groups=["milestones", "appointments", "alias"])
    assert (await _print(abroad.worker, plan, "card")).status_code == 404
    assert (await abroad.worker.get(f"/plans/{plan['id']}/timeline.svg")).status_code == 404
    await abroad.end(flow)
    await world.a_flow(abroad.there)
    bare = await _printed(own, plan, "card")
    assert await _printed(abroad.worker, plan, "card") == bare
    await _date(own, plan, a_day() + timedelta(days=6), place="12 Linden Street")
    named, there = [await _printed(who, plan, "card") for who in (own, abroad.worker)]
    await world.sql("UPDATE appointment SET place = NULL WHERE place IS NOT NULL")
    unnamed = await _printed(own, plan, "card")
    assert unnamed not in {named, bare}
    assert there == unnamed


async def test_no_name_is_printed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, person={"name": "Xochitl Qwzy", "language": "en"})
    await world.sql("UPDATE plan SET alias = 'Maple'")
    before = await _every(worker, plan)
    await in_the_circle(worker, plan["id"], "ME", name="Zzyzx Jqvk")
    assert await _every(worker, plan) == before
    for made in before.values():
        for name in (b"Xochitl", b"Qwzy", b"Imaginary"):
            assert name not in made
    drawn = set("".join(letters(before["card", "en"])))
    assert not {"X", "Q", "q"} & drawn, "letters that stand in the name alone"


async def test_days_stand_on_a_sheet_once_they_are_sure(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=10, certainty="expected")
    await _date(worker, plan, a_day() + timedelta(days=11), place="12 Linden Street")
    unsure = await _printed(worker, plan, "72-hours")
    to = {"release_date": plan["release_date"], "certainty": "confirmed"}
    seen = (await world.plan(worker, plan["id"]))["version"]
    moved = await worker.post(f"/plans/{plan['id']}/release-date", to, version=seen)
    assert moved.status_code == 200, moved.text
    sure = await _printed(worker, plan, "72-hours")
    assert sure != unsure
    for days in (3, 14):  # before that day, and after those four
        await _date(worker, plan, a_day() + timedelta(days=days), place="9 Linden Street")
        assert await _printed(worker, plan, "72-hours") == sure
    await _date(worker, plan, a_day() + timedelta(days=13), place="9 Linden Street")
    assert await _printed(worker, plan, "72-hours") != sure


async def test_a_print_is_a_look_and_a_print_in_the_record_and_in_the_own_file(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    (last,) = await world.sql("SELECT max(id) AS id FROM audit")
    answer = await _print(worker, plan, "card", "fr")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="sheet.pdf"'
    sql = "SELECT operation, actor FROM audit WHERE id > $1 ORDER BY id"
    rows = await world.sql(sql, last["id"])
    done = [(one["operation"], one["actor"]) for one in rows]
    assert done[-2:] == [("getPlan", worker.id), ("printSheet", worker.id)]
    mandate = await in_circle(worker, plan["id"], role="PE")
    paper = await a_paper(world, worker, plan["id"], mandate)
    async with await comes_in(paper) as browser:
        assert "printed a sheet of the plan" in (await browser.open("/file")).words


async def test_a_refused_print_is_no_print(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    assert (await _print(worker, plan, "plan", "sw")).status_code == 422
    assert await world.sql("SELECT 1 FROM audit WHERE operation = 'printSheet'") == []


async def test_the_desk_offers_the_sheets_of_its_reader_in_the_persons_language(
    world: World,
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, person={"name": "Imaginary Person", "language": "ar"})
    release = await _with(world, worker, plan, "PS")
    home = f"/desk/plans/{plan['id']}/papers"
    for who, offered in ((worker, list(SHEETS)), (release, ["day-one", "72-hours"])):
        async with await at_the_desk(world, who) as browser:
            page = await browser.open(home)
            form = page.form(f"{home}/print")
            assert form.fields == [("language", "ar")]
            assert form.buttons == [("sheet", sheet) for sheet in offered]
            got = await browser.http.get(f"{home}/print?sheet=day-one&language=ar")
            assert got.content == await _printed(who, plan, "day-one", "ar")
            assert got.headers["cache-control"] == "no-store"
            shut = await browser.http.get(f"{home}/print?sheet=card&language=")
            assert shut.status_code == (422 if who is worker else 403)
    other = await world.a_plan(worker, person={"name": "Another Person", "language": "sw"})
    async with await at_the_desk(world, worker) as browser:
        page = await browser.open(f"/desk/plans/{other['id']}/papers")
        assert "nothing is printed in Swahili yet" in page.words
        assert page.form(f"/desk/plans/{other['id']}/papers/print").fields == [("language", "")]


async def test_a_print_asks_the_database_as_often_whatever_stands_in_the_plan(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=20, certainty="confirmed")
    asked: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        whole = getattr(asyncpg.Connection, name)

        def counted(held: Any, query: str, *values: Any, do: Any = whole, **more: Any) -> Any:
            asked.append(query)
            return do(held, query, *values, **more)

        monkeypatch.setattr(asyncpg.Connection, name, counted)

    async def number(sheet: str) -> int:
        asked.clear()
        await _printed(worker, plan, sheet)
        return len(asked)

    (known,) = await world.sql("SELECT person FROM plan")
    protected = {"address": "4 Quibra Lane", "subject": str(known["person"])}
    made = await worker.post(f"/plans/{plan['id']}/protected-addresses", protected)
    assert made.status_code == 201, made.text
    few = {sheet: await number(sheet) for sheet in SHEETS}
    assert 0 < max(few.values()) <= 12
    for n in range(6):
        await _date(worker, plan, a_day() + timedelta(days=21 + n), place=f"{n} Linden Street")
    await world.sql("UPDATE milestone SET state = 'planned' WHERE state = 'dormant'")
    assert {sheet: await number(sheet) for sheet in SHEETS} == few
