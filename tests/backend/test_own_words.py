"""Somebody's own file holds what they want and need: both columns, words alone, nothing counted."""

from typing import Any

from tests.backend.papers import a_lawyer, a_paper, comes_in, in_circle
from tests.backend.reviews import OWN, VIEW, agree, area_of, begin, close, save
from tests.world import World, row

WORDS = "Une boulangerie à moi"
GOALS = "/file/goals"


def _numbers(value: Any) -> list[Any]:
    """Every number in an answer."""
    if isinstance(value, dict):
        return [one for part in value.values() for one in _numbers(part)]
    if isinstance(value, list):
        return [one for part in value for one in _numbers(part)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


async def test_the_person_reads_and_takes_along_what_was_said(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    said = {"words": WORDS, "language": "fr"}
    assert (await worker.post(f"/plans/{plan}/goals", said)).status_code == 201
    await begin(worker, plan)
    view = {**VIEW, "source": "told_by", "told_by": "PO", "released": True}
    await save(worker, await area_of(worker, plan, "home"), own=OWN, view=view)
    assert (await agree(worker, await area_of(worker, plan, "home"), "NSR-03")).status_code == 200
    assert (await close(worker, plan)).status_code == 200
    mandate = await in_circle(worker, plan)
    person = await comes_in(await a_paper(world, worker, plan, mandate))
    page = (await person.open("/file")).words
    for word in (WORDS, "You: support wanted now · good welder", "wish: a key of my own"):
        assert word in page, word
    assert "told by somebody whom you let (probation officer)" in page
    copy = (await person.http.get("/file/copy.json")).json()
    (goal,) = copy["goals"]
    assert (goal["words"], goal["kind"], goal["language"]) == (WORDS, "goal", "fr")
    (review,) = copy["reviews"]
    (home,) = review["areas"]
    assert home["own"] == OWN
    assert home["view"]["told_by"] == "PO"
    assert home["code"] == "NSR-03"
    assert _numbers(copy["reviews"]) == _numbers(copy["goals"]) == []
    assert (await person.http.get("/file/copy.pdf")).content.startswith(b"%PDF")
    whats = {(one["role"], one["what"]) for one in copy["access"]}
    assert ("SW", "reviews") in whats


async def test_the_person_says_what_they_want_themselves_and_says_it_anew(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    person = await comes_in(await a_paper(world, worker, plan, await in_circle(worker, plan)))
    page = await person.open("/file")
    said = await person.send(page, GOALS, kind="goal", words=WORDS)
    assert "It stands as you said it." in said.words
    assert WORDS in said.words
    (kept,) = await world.sql("SELECT g.*, p.person FROM goal g JOIN plan p ON p.id = g.plan")
    assert kept["written_by"] == kept["person"]
    anew: Any = {"kind": "goal", "words": "Vivre tranquille", "instead_of": str(kept["id"])}
    said = await person.send(said, GOALS, **anew)
    listed = (await worker.get(f"/plans/{plan}/goals")).json()["goals"]
    told = {one["words"]: one.get("how") for one in listed}
    assert told == {WORDS: "anew", "Vivre tranquille": None}
    for words in ("two", "three"):
        said = await person.send(said, GOALS, kind="goal", words=words)
    refused = await person.send(said, GOALS, kind="goal", words="a fourth")
    assert refused.status == 409
    assert "a fourth" in refused.words
    acts = await world.sql("SELECT role FROM audit WHERE operation = 'sayGoal'")
    assert {one["role"] for one in acts} == {"PE"}


async def test_a_lawyer_is_told_of_neither_and_says_nothing_in_their_place(world: World) -> None:
    worker = await world.somebody("SW")
    found = await world.a_plan(worker)
    plan = found["id"]
    said = {"words": WORDS, "language": "fr"}
    assert (await worker.post(f"/plans/{plan}/goals", said)).status_code == 201
    assert (await worker.get(f"/plans/{plan}/goals")).status_code == 200
    await begin(worker, plan)
    await save(worker, await area_of(worker, plan, "home"), own=OWN)
    no = {"kind": "participation", "language": "en", "milestone": row(found, "VOC-03")["id"]}
    path = f"/plans/{plan}/consents"
    assert (await worker.post(path, {**no, "answer": "declined"})).status_code == 201
    mandate = await a_lawyer(worker, plan, "plan", "circle", "summaries", "consents", "access")
    lawyer = await comes_in(await a_paper(world, worker, plan, mandate))
    page = await lawyer.open("/file")
    copy = (await lawyer.http.get("/file/copy.json")).json()
    assert not {"goals", "reviews"} & copy.keys()
    assert not {"goals", "reviews"} & {one["what"] for one in copy["access"]}
    assert copy["answers"] == []
    assert WORDS not in page.words
    assert not page.has_form(GOALS)
    forged = await lawyer.post(GOALS, [("kind", "goal"), ("words", "x"), ("key", "k" * 9)])
    assert forged.status in {403, 404}
    assert len(await world.sql("SELECT 1 FROM goal")) == 1
