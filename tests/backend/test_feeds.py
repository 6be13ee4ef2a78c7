"""One's own dates in a calendar app: alias and hour, judged at each pull, by a link that ends."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar

from backend import clock
from backend.feeds.actions import AHEAD, BACK
from backend.settings import settings
from backend.staff.devices import hash_token
from tests.asgi import ask
from tests.backend.pages.browser import Browser, at_the_desk, plain
from tests.chats import at
from tests.dates import A_DAY, moves, once_planned, put, sets
from tests.releases import joins
from tests.world import APP, PASSWORD, Caller, World, a_day

ROLES = ("SW", "CO", "PO", "TR", "CP", "PS")
PLACE = "Room 7, counselling"


async def a_link(who: Caller) -> str:
    """The path of a new link."""
    assert (await who.post("/account/prove", {"password": PASSWORD})).status_code == 204
    made = await who.post("/account/feed")
    assert made.status_code == 200, made.text
    url: str = made.json()["url"]
    assert url.startswith(settings().api_url)
    return url.removeprefix(settings().api_url)


async def pull(link: str, **headers: str) -> httpx.Response:
    return await ask(APP, "GET", link, headers, b"")


async def entries(link: str) -> list[Any]:
    answer = await pull(link)
    assert answer.status_code == 200, answer.text
    return list(Calendar.from_ical(answer.content).events)


async def _a_plan(world: World, *roles: str) -> tuple[Caller, dict[str, Any], dict[str, Caller]]:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    staff = {role: await world.somebody(role) for role in roles}
    for role, who in staff.items():
        await joins(world, worker, plan, who, role)
    return worker, await world.plan(worker, plan["id"]), staff


async def test_it_says_an_alias_and_an_hour_and_nothing_else(world: World) -> None:
    worker, plan, _ = await _a_plan(world)
    on = a_day() + 20 * A_DAY
    await put(worker, plan["id"], on, role="SW", place=PLACE)
    answer = await pull(await a_link(worker))
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    one: Any = Calendar.from_ical(answer.content).events[0]
    assert str(one["SUMMARY"]) == plan["alias"]
    assert one.start == datetime(on.year, on.month, on.day, 10, tzinfo=ZoneInfo(plan["zone"]))
    assert set(one) == {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "SUMMARY", "STATUS", "CLASS"}
    assert (int(one["SEQUENCE"]), str(one["STATUS"])) == (0, "CONFIRMED")
    assert f"TZID:{plan['zone']}" in answer.text
    text = answer.text.lower()
    for word in ("room", "imaginary", "counsel", "throughcare", "probation", "horizon", "sw"):
        assert word not in re.sub(r"uid:.*", "", text), word
    assert "X-WR-CALNAME:Dates" in answer.text


async def test_whoever_a_date_is_with_it_looks_the_same(world: World) -> None:
    worker, plan, _ = await _a_plan(world)
    on = a_day() + 20 * A_DAY
    seen, link = [], await a_link(worker)
    for role in ("SW", "CP", "PO"):
        made = await put(worker, plan["id"], on, role=role, place=PLACE)
        if role == "PO":
            await world.sql("UPDATE appointment SET state = 'missed_no_contact' WHERE role = 'PO'")
        body = (await pull(link)).text
        seen.append(re.sub(r"(UID|DTSTAMP):\S+", r"\1", body))
        await world.sql("DELETE FROM appointment WHERE id = $1", UUID(made["id"]))
    assert seen[0] == seen[1] == seen[2]


async def test_a_date_that_moves_stays_one_and_one_that_is_off_is_cancelled(world: World) -> None:
    worker, plan, _ = await _a_plan(world)
    on = a_day() + 20 * A_DAY
    made = await put(worker, plan["id"], on, role="SW")
    link = await a_link(worker)
    [first] = await entries(link)
    moved = await moves(worker, made["id"], on + 2 * A_DAY, by="person")
    [second] = await entries(link)
    assert second["UID"] == first["UID"]
    assert int(second["SEQUENCE"]) > int(first["SEQUENCE"])
    assert second.start.date() == on + 2 * A_DAY
    await sets(worker, moved["id"], state="cancelled_by_service")
    [third] = await entries(link)
    assert (third["UID"], str(third["STATUS"])) == (first["UID"], "CANCELLED")
    assert int(third["SEQUENCE"]) > int(second["SEQUENCE"])
    await put(worker, plan["id"], on, role="SW", proposed=True)
    assert {str(one["STATUS"]) for one in await entries(link)} == {"CANCELLED", "TENTATIVE"}
    [other] = await entries(await a_link(await world.somebody("TR"))) or [None]
    assert other is None


async def test_another_link_has_no_id_in_common(world: World) -> None:
    worker, plan, _ = await _a_plan(world)
    await put(worker, plan["id"], a_day() + 20 * A_DAY, role="SW")
    [one] = await entries(await a_link(worker))
    [same] = await entries(await a_link(worker))
    assert one["UID"] != same["UID"]
    [row] = await world.sql("SELECT id FROM appointment")
    assert str(row["id"]) not in {str(one["UID"]), str(same["UID"])}


@pytest.mark.parametrize("day", ["2031-03-28", "2031-10-24"])
async def test_the_hour_is_that_of_the_place_on_both_sides_of_a_change(
    world: World, day: str
) -> None:
    at(datetime.fromisoformat(day).date(), 9)
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, zone="Europe/Brussels")
    for days in (1, 4):
        on = datetime.fromisoformat(day).date() + days * A_DAY
        await put(worker, plan["id"], on, "09:30", role="SW")
    found = await entries(await a_link(worker))
    assert [f"{one.start:%H:%M}" for one in found] == ["09:30", "09:30"]
    before, after = (one.start.astimezone(ZoneInfo("UTC")).hour for one in found)
    assert abs(before - after) == 1


async def test_each_holder_finds_what_they_see_in_plans(world: World) -> None:
    worker, plan, staff = await _a_plan(world, *ROLES[1:])
    for n, role in enumerate(("SW", "PO", "TR", "CP", "PS")):
        await put(worker, plan["id"], a_day() + (20 + n) * A_DAY, role=role)
    staff["SW"] = worker
    found = {role: await entries(await a_link(who)) for role, who in staff.items()}
    counts = {role: len(every) for role, every in found.items()}
    assert counts == {"SW": 5, "CO": 5, "PO": 1, "TR": 1, "CP": 1, "PS": 1}
    names = {role: {str(one["SUMMARY"]) for one in every} for role, every in found.items()}
    assert names.pop("PS") == {"Date"}  # the release desk is told of no alias
    assert set.union(*names.values()) == {plan["alias"]}


async def test_each_pull_is_judged_anew(world: World) -> None:
    worker, plan, staff = await _a_plan(world, "PO")
    officer = staff["PO"]
    await put(officer, plan["id"], a_day() + 20 * A_DAY)
    link, own = await a_link(officer), await a_link(worker)
    assert len(await entries(link)) == len(await entries(own)) == 1
    wall = {"kind": "excluded", "login": officer.login}
    made = await worker.post(f"/plans/{plan['id']}/walls", wall)
    assert made.status_code == 201, made.text
    assert await entries(link) == []
    ended = await worker.post(f"/walls/{made.json()['id']}/end", version=1)
    assert ended.status_code == 200, ended.text
    assert len(await entries(link)) == 1
    await world.sql("UPDATE mandate SET ends = $2 WHERE actor = $1", officer.id, clock.now())
    assert await entries(link) == []
    seen = await world.plan(worker, plan["id"])
    closed = {"state": "closed"}
    await worker.post(f"/plans/{plan['id']}/state", closed, version=seen["version"])
    assert await entries(own) == []


async def test_broken_glass_shows_nothing_in_a_calendar(world: World) -> None:
    worker, plan, _ = await _a_plan(world)
    await put(worker, plan["id"], a_day() + 20 * A_DAY, role="SW")
    other, head = await world.somebody("SW"), await world.somebody("CO")
    await joins(world, worker, plan, head, "CO")
    asked = await other.post("/break-glass", {"alias": plan["alias"], "reason": "Nobody is there."})
    let = await head.post(f"/break-glass/{asked.json()['id']}/let", version=1)
    assert let.status_code == 200, let.text
    assert (await other.get(f"/plans/{plan['id']}")).status_code == 200
    assert await entries(await a_link(other)) == []


async def test_some_weeks_back_and_ahead(world: World) -> None:
    worker, plan, _ = await _a_plan(world)
    today = a_day()
    for days in (BACK + 2 * A_DAY, BACK - 2 * A_DAY):
        await once_planned(world, worker, plan["id"], today - days, role="SW")
    for days in (AHEAD - 2 * A_DAY, AHEAD + 2 * A_DAY):
        await put(worker, plan["id"], today + days, role="SW")
    found = [one.start.date() for one in await entries(await a_link(worker))]
    assert found == [today - BACK + 2 * A_DAY, today + AHEAD - 2 * A_DAY]


async def test_a_link_is_made_with_a_fresh_proof_and_kept_by_nobody(world: World) -> None:
    worker, _, _ = await _a_plan(world)
    await worker.sign_in()
    await world.sql("UPDATE session SET proved_at = now() - interval '6 minutes'")
    refused = await worker.post("/account/feed")
    assert (refused.status_code, refused.json()["type"].split(":")[-1]) == (403, "prove-again")
    assert (await worker.get("/account/feed")).json() == {"made_at": None}
    link = await a_link(worker)
    token = link.split("/")[2]
    assert len(token) >= 43  # 256 bits
    [row] = await world.sql("SELECT * FROM date_feed")
    assert row["hash"] == hash_token(token)
    assert token not in str(row)
    assert (await worker.get("/account/feed")).json()["made_at"]
    [told] = await world.sql("SELECT kind FROM account_notice WHERE kind = 'feed'")
    assert told == {"kind": "feed"}
    for role in ("AD", "AU", "DP", "CS"):
        assert (await (await world.somebody(role)).post("/account/feed")).status_code == 403


async def test_a_link_ends_by_hand_by_another_and_with_the_account(world: World) -> None:
    worker, _, _ = await _a_plan(world)
    first = await a_link(worker)
    second = await a_link(worker)
    assert (await pull(first)).status_code == 404
    assert (await pull(second)).status_code == 200
    assert (await worker.post("/account/feed/end")).status_code == 204
    assert (await pull(second)).status_code == 404
    assert (await worker.post("/account/feed/end")).status_code == 404
    third = await a_link(worker)
    await world.sql("UPDATE staff SET active = false WHERE id = $1", worker.id)
    assert (await pull(third)).status_code == 404


async def test_whatever_is_wrong_with_a_link_looks_alike(world: World) -> None:
    worker, _, _ = await _a_plan(world)
    ended = await a_link(worker)
    await worker.post("/account/feed/end")
    tokens = ("x", "x" * 43, "x" * 5000, "%00", "a%20b", "..", worker.token)
    answers = [await pull(ended), *[await pull(f"/feeds/{one}/dates.ics") for one in tokens]]
    bodies = {answer.content for answer in answers}
    assert ({answer.status_code for answer in answers}, len(bodies)) == ({404}, 1)
    noted = await world.sql("SELECT reason, actor FROM audit WHERE operation = 'readFeed'")
    assert noted
    assert {(row["reason"], row["actor"]) for row in noted} == {("not-found", None)}
    nobody = Caller()
    nobody.token = ended.split("/")[2]
    assert (await nobody.get("/plans")).status_code == 401


async def test_what_has_not_changed_is_not_sent_again_and_each_pull_is_written_down(
    world: World,
) -> None:
    worker, plan, _ = await _a_plan(world)
    await put(worker, plan["id"], a_day() + 20 * A_DAY, role="SW")
    link = await a_link(worker)
    tag = (await pull(link)).headers["etag"]
    same = await pull(link, **{"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    await put(worker, plan["id"], a_day() + 21 * A_DAY, role="SW")
    other = await pull(link, **{"If-None-Match": tag})
    assert (other.status_code, other.headers["etag"] == tag) == (200, False)
    [row] = await world.sql(
        "SELECT count(*) AS n FROM audit WHERE operation = 'readFeed' AND actor = $1", worker.id
    )
    assert row["n"] == 3


async def test_an_app_that_looks_all_the_time_waits(world: World) -> None:
    worker, _, _ = await _a_plan(world)
    link = await a_link(worker)
    await pull(link)
    await world.sql("UPDATE recent_act SET times = 60 WHERE what = 'readFeed'")
    answer = await pull(link)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_at_the_desk_it_is_made_shown_once_and_ended(world: World) -> None:
    worker, _, _ = await _a_plan(world)
    async with await at_the_desk(world, worker) as desk:
        page = plain(await desk.open("/desk/account"))
        made = plain(await desk.send(page, "/desk/account/feed", password=PASSWORD))
        [link] = re.findall(r"/feeds/[\w-]{43}/dates\.ics", made.html)
        assert (await pull(link)).status_code == 200
        again = plain(await desk.open("/desk/account"))
        assert link not in again.html
        ended = plain(await desk.send(again, "/desk/account/feed/end"))
        assert "opens nothing any more" in ended.words
    assert (await pull(link)).status_code == 404
    counsellor = await world.somebody("CS")  # who has no dates here
    async with Browser() as desk:
        await desk.enter(str(counsellor.login))
        page = await desk.open("/desk/account")
    assert "Passkeys" in page.words
    assert "calendar app" not in page.words
