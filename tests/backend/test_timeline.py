"""The plan as a picture: legible on a phone and in grey, safe, small, and cut to its reader."""

from datetime import date, timedelta
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.papers.rules import MARKS
from backend.papers.timeline import GAP, PATHWAYS, SIZE, SPANS, Step, Timeline
from backend.papers.wording import LANGUAGES, Words
from tests.backend.pages.browser import at_the_desk
from tests.releases import change, joins
from tests.world import Caller, World, a_day, row

SVG = "{http://www.w3.org/2000/svg}"
RELEASE = date(2027, 3, 10)
SHOWN = {"svg", "title", "desc", "defs", "pattern", "rect", "g", "text", "line"}
SHOWN |= {"circle", "polygon", "path"}
SMALLEST, PHONE, MARGIN = 11, 360, 32  # of a phone's width the desk keeps two margins

days = st.integers(-4000, 4000).map(lambda n: RELEASE + timedelta(days=n))
steps = st.lists(
    st.builds(
        Step,
        st.sampled_from(PATHWAYS),
        st.text(max_size=300),
        st.sampled_from(MARKS),
        days,
        st.text("ABC-0123", max_size=10),
    ),
    max_size=160,
)


def _read(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - it is what we drew ourselves


def _marks(root: ET.Element) -> list[ET.Element]:
    return [one for one in root.iter() if one.find(f"{SVG}title") is not None and one is not root]


def _middle(mark: ET.Element) -> tuple[float, float]:
    if "cx" in mark.keys():  # noqa: SIM118 - an element has no `in`
        return float(mark.attrib["cx"]), float(mark.attrib["cy"])
    if "points" in mark.keys():  # noqa: SIM118
        x, y = mark.attrib["points"].split()[0].split(",")
        return float(x), float(y) + SIZE
    x, y = mark.attrib["d"].split("l")[0].removeprefix("M").split()
    return float(x) + SIZE - 1, float(y) + SIZE - 1


@given(steps, st.sampled_from(LANGUAGES), st.sampled_from([PHONE, 720]), days)
def test_any_plan_is_a_small_picture_in_which_no_mark_hides_another(
    found: list[Step], language: str, width: int, today: date
) -> None:
    drawn = Timeline(found, Words(language), width, titled=True).paint(RELEASE, today)
    root = _read(drawn)
    assert len(drawn) < 60_000
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    assert wide == width
    marks = _marks(root)
    middles = [_middle(one) for one in marks]
    for x, y in middles:
        assert 0 <= x - SIZE <= x + SIZE <= wide
        assert 0 <= y - SIZE <= y + SIZE <= high
    for (x, y), (u, v) in combinations(middles, 2):
        assert abs(x - u) >= GAP - 0.11 or abs(y - v) >= GAP - 0.01
    said = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    more = sum(int(bare) for one in said if (bare := one.strip("\u2067\u2069+")).isdecimal())
    assert len(marks) + more == len(found)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= SHOWN


def _plain(found: list[Step], language: str = "en", width: int = PHONE) -> ET.Element:
    return _read(Timeline(found, Words(language), width, titled=True).paint(RELEASE, RELEASE))


def test_each_state_has_a_shape_of_its_own() -> None:
    found = [
        Step("HOU", mark, mark, RELEASE + timedelta(days=30 * at), "")
        for at, mark in enumerate(MARKS)
    ]
    shapes = {
        (one.tag, one.attrib["fill"], one.attrib.get("stroke-width"))
        for one in _marks(_plain(found))
    }
    assert len(shapes) == len(MARKS)
    grey = {(tag.removeprefix(SVG), fill in {"#ffffff", "none"}) for tag, fill, _ in shapes}
    assert len(grey) == len(MARKS), "told apart without a colour"
    hatched = [one for one in shapes if one[1] == "url(#late)"]
    assert [one[0] for one in hatched] == [f"{SVG}polygon"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_words_are_large_enough_on_a_phone_and_stay_inside(language: str) -> None:
    found = [
        Step(lane, lane, "open", RELEASE + timedelta(days=n), "")
        for lane in PATHWAYS
        for n in (-180, 365)
    ]
    root = _plain(found, language)
    shown = float(root.attrib["font-size"]) * (PHONE - MARGIN) / PHONE
    assert shown >= SMALLEST
    assert not any("font-size" in one.attrib for one in root.iter() if one is not root)
    said = ["".join(one.itertext()).strip("\u2067\u2069") for one in root.iter(f"{SVG}text")]
    words = Words(language)
    for key in ("timeline.release", "timeline.before", "timeline.after", "timeline.today"):
        assert words[key] in said
    assert {words.of("mark", mark) for mark in MARKS} <= set(said)
    assert [one for one in said if one in {words.of("pathway", lane) for lane in PATHWAYS}]
    assert len(set(said) & {words.of("span", str(span)) for span in SPANS}) >= 2


def test_from_the_right_time_goes_to_the_left() -> None:
    found = [Step("HOU", str(n), "open", RELEASE + timedelta(days=n), "") for n in (-90, 0, 90)]
    places = {
        language: [_middle(one)[0] for one in _marks(_plain(found, language))]
        for language in ("en", "ar")
    }
    assert sorted(places["en"]) == [pytest.approx(PHONE - x) for x in sorted(places["ar"])[::-1]]
    before = {
        language: next(
            _middle(one)[0]
            for one in _marks(_plain(found, language))
            if "-90" in "".join(one.itertext())
        )
        for language in ("en", "ar")
    }
    assert before["en"] < PHONE / 2 < before["ar"]


async def _drawn(who: Caller, plan: str) -> str:
    answer = await who.get(f"/plans/{plan}/timeline.svg")
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_it_runs_nothing_and_asks_nobody(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    hostile = """<script>alert("x")</script>"]]>&amp;<image href='//x'/>\u202e"""
    await world.sql("UPDATE milestone SET title = $1 WHERE code = 'PLN-05'", hostile)
    answer = await worker.get(f"/plans/{plan['id']}/timeline.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    root = _read(answer.text)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= SHOWN
    names = {name for one in root.iter() for name in one.keys()}  # noqa: SIM118
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert "style" not in names
    titles = [one.text or "" for one in root.iter(f"{SVG}title")]
    assert any("<script>" in one for one in titles)
    assert not any("\u202e" in one for one in titles)
    async with await at_the_desk(world, worker) as browser:
        page = await browser.open(f"/desk/plans/{plan['id']}/papers")
        assert "<script>" not in page.html
        assert "script" not in page.tags
        assert "svg" in page.tags


async def test_what_is_not_its_readers_leaves_no_trace(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, supervision=True)
    readers = {role: await world.somebody(role) for role in ("CO", "PO", "PS", "TR", "CP")}
    for role, who in readers.items():
        await joins(world, worker, plan, who, role)
    for role in ("TR", "CP"):  # they are given the month of the release, and no day
        refused = await readers[role].get(f"/plans/{plan['id']}/timeline.svg")
        assert refused.status_code == 403
    seen = {role: await _drawn(readers[role], plan["id"]) for role in ("CO", "PO", "PS")}
    assert "Counselling" not in seen["PO"] + seen["PS"]
    own = {one["title"][:80] for one in (await world.plan(readers["PS"], plan["id"]))["milestones"]}
    for one in _marks(_read(seen["PS"])):
        title = one.findtext(f"{SVG}title") or ""
        assert any(title.startswith(each) for each in own), title
    for code in ("CNS-01", "VOC-03", "HLT-04", "MEN-03"):
        await change(world, worker, plan, code, state="planned")
        await change(world, worker, plan, code, state="declined")
    for role, before in seen.items():
        assert await _drawn(readers[role], plan["id"]) == before, role


async def test_what_is_late_is_shown_as_late(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, in_days=200)
    assert "polygon" not in await _marks_of(worker, plan["id"])
    await world.sql(
        "UPDATE milestone SET due_on = $1 WHERE code = 'HOU-01'", a_day() - timedelta(90)
    )
    await change(world, worker, plan, "VOC-02", state="not_possible", cause="service_side")
    await change(world, worker, plan, "PLN-01", state="done")
    assert row(await world.plan(worker, plan["id"]), "HOU-01")["overdue"]
    assert set(await _marks_of(worker, plan["id"])) == {"circle", "polygon", "path"}


async def _marks_of(who: Caller, plan: str) -> list[str]:
    return [one.tag.removeprefix(SVG) for one in _marks(_read(await _drawn(who, plan)))]


async def test_a_page_with_every_row_awake_stays_small(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker, supervision=True, overlays=["safety_first", "other_place"])
    await world.sql("UPDATE milestone SET state = 'planned' WHERE state = 'dormant'")
    async with await at_the_desk(world, worker) as browser:
        page = await browser.open(f"/desk/plans/{plan['id']}/papers")
        assert len(page.html.encode()) < 40_000
        assert len(_marks(_read(await _drawn(worker, plan["id"])))) > 100
