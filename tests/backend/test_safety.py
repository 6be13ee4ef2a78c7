"""A flag has an effect and tells nobody; a protected address is in no answer to others."""

import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.messages.rules import OF_DAYS_AND_PLACES, REPLIES
from backend.safety.rules import names
from backend.settings import ROOT
from backend.words import words_of
from tests.backend.acts import Act
from tests.backend.courts.docket import join
from tests.backend.papers import a_lawyer
from tests.world import Caller, World, a_day

HOME = "12 Rue de l'Église"


async def _made(who: Caller, path: str, body: object) -> Any:
    answer = await who.post(path, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _relative(worker: Caller, plan: str, name: str) -> str:
    who = str(uuid4())
    await _made(worker, f"/plans/{plan}/circle", {"role": "FA", "name": name, "id": who})
    return who


async def test_raising_is_never_too_late_and_lowering_is_of_what_was_seen(world: World) -> None:
    worker, head = await world.somebody("SW"), await world.somebody("CO")
    plan = (await world.a_plan(worker))["id"]
    mother, sibling = [await _relative(worker, plan, name) for name in ("Mother", "Sibling")]
    said = {"subject": mother, "words": "Afraid of her son.", "kept_from": sibling}
    path = f"/plans/{plan}/safety-flags"
    first = await _made(worker, path, {**said, "raiser": mother})
    lower = Act("lowerSafetyFlag", "POST", "/safety-flags/{}/lower", (first["id"],), None, 1)
    again = await _made(worker, path, said)
    assert (await lower.by(worker)).status_code == 200
    assert (await lower.by(worker)).status_code == 412, "it is not as it was seen"
    assert (await lower.by(worker, version=2)).status_code == 409
    for reader in (worker, head):
        (flag,) = (await reader.get(f"/plans/{plan}/safety")).json()["flags"]
        assert (flag["id"], flag["words"]) == (again["id"], said["words"]), "what was raised stands"
        assert flag["kept_from"] == sibling
        assert "raiser" not in flag, "it is on the worker's own word"
    assert (await head.post(path, said)).status_code == 403
    (kept,) = await world.sql("SELECT kept_from, content FROM safety_flag WHERE lowered_at IS NULL")
    assert sibling.encode() not in kept["content"] + kept["kept_from"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("subject", 404),
        ("raiser", 404),
        ("kept_from", 404),
        ("the person", 422),
        ("a guardian", 422),
    ],
)
async def test_a_flag_names_nobody_but_the_circle(world: World, name: str, status: int) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    mother = await _relative(worker, plan, "Mother")
    (found,) = await world.sql("SELECT person::text FROM plan")
    said = {"subject": mother, "words": "Afraid.", name: str(uuid4())}
    if name == "the person":
        said = {"subject": mother, "words": "Afraid.", "kept_from": found["person"]}
    if name == "a guardian":  # who reads days and places in the own file
        mandate = await a_lawyer(worker, plan, "plan", standing="guardian")
        guardian = await world.sql("SELECT actor::text FROM mandate WHERE id = $1::uuid", mandate)
        said = {"subject": mother, "words": "Afraid.", "kept_from": guardian[0]["actor"]}
    refused = await worker.post(f"/plans/{plan}/safety-flags", said)
    assert refused.status_code == status, refused.text
    assert await world.sql("SELECT 1 FROM safety_flag") == []


async def test_what_stands_on_one_plan_is_of_that_plan_alone(world: World) -> None:
    worker = await world.somebody("SW")
    plan, other = [(await world.a_plan(worker))["id"] for _ in range(2)]
    mother = await _relative(worker, plan, "Mother")
    flag, home = {"subject": mother, "words": "Afraid."}, {"subject": mother, "address": HOME}
    for what, body in (("safety-flags", flag), ("protected-addresses", home)):
        elsewhere = await worker.post(f"/plans/{other}/{what}", body)
        assert elsewhere.status_code == 404, "their circle is another"
        await _made(worker, f"/plans/{plan}/{what}", body)
    date = {"role": "TR", "held_on": a_day().isoformat(), "held_at": "10:00:00", "place": HOME}
    await _made(worker, f"/plans/{other}/appointments", date)
    aunt = await _relative(worker, other, "Aunt")
    await _made(worker, f"/plans/{other}/protected-addresses", {"subject": aunt, "address": "X 1"})
    await _made(worker, f"/plans/{plan}/protected-addresses", {**home, "address": f"{HOME} 2"})
    (kept,) = (await world.plan(worker, other))["appointments"]
    assert kept["place"] == HOME, "it is an address of another plan"
    stands = (await worker.get(f"/plans/{other}/safety")).json()
    assert (stands["flags"], [one["address"] for one in stands["addresses"]]) == ([], ["X 1"])


async def test_whoever_is_its_trainer_by_now_neither_reads_nor_writes(world: World) -> None:
    """The mandate counts, and not the role of the account."""
    worker, former = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    await join(world, worker, plan, former, "SW")
    mother = await _relative(worker, plan, "Mother")
    said, home = {"subject": mother, "words": "x"}, {"subject": mother, "address": HOME}
    flag = await _made(worker, f"/plans/{plan}/safety-flags", said)
    place = await _made(worker, f"/plans/{plan}/protected-addresses", home)
    for role in ("TR", "CO"):
        await world.sql("UPDATE mandate SET role = $2 WHERE actor = $1", former.id, role)
        for path, body, seen in (
            (f"/plans/{plan}/safety-flags", said, None),
            (f"/plans/{plan}/protected-addresses", home, None),
            (f"/safety-flags/{flag['id']}/lower", None, 1),
            (f"/protected-addresses/{place['id']}/end", None, 1),
        ):
            assert (await former.post(path, body, version=seen)).status_code == 404, (role, path)
        reads = await former.get(f"/plans/{plan}/safety")
        assert reads.status_code == (404 if role == "TR" else 200)


async def test_a_protected_address_leaves_the_places_of_dates(world: World) -> None:
    worker, trainer = await world.somebody("SW"), await world.somebody("TR")
    plan = (await world.a_plan(worker))["id"]
    await join(world, worker, plan, trainer, "TR")
    mother = await _relative(worker, plan, "Mother")
    dates = f"/plans/{plan}/appointments"
    date = {"role": "TR", "held_on": a_day().isoformat(), "held_at": "10:00:00"}
    there = await _made(worker, dates, {**date, "place": f"at {HOME}, second floor"})
    other = await _made(worker, dates, {**date, "place": "Room 4"})
    await _made(worker, dates, {**date, "role": "SW", "place": HOME})
    home = {"subject": mother, "address": HOME}
    made = await _made(worker, f"/plans/{plan}/protected-addresses", home)
    shown = {one["id"]: one for one in (await world.plan(trainer, plan))["appointments"]}
    assert "place" not in shown[there["id"]]
    assert shown[other["id"]]["place"] == "Room 4"
    places = [one.get("place") for one in (await world.plan(worker, plan))["appointments"]]
    assert places.count("Room 4") == 1
    assert places.count(None) == 2, "a worker's own date stands in the person's own file"
    typed = {**date, "place": "12, RUE DE L\u2019EGLISE"}
    for role in ("TR", "SW", "CO"):
        assert (await worker.post(dates, {**typed, "role": role})).status_code == 422
    assert (await trainer.post(dates, typed)).status_code == 201, "who wrote it is told nothing"
    end = f"/protected-addresses/{made['id']}/end"
    assert (await worker.post(end, version=1)).status_code == 200
    assert (await worker.post(dates, typed)).status_code == 201


def test_every_text_with_a_day_in_it_is_kept_from_whom_a_flag_names() -> None:
    """But for answers to what they did themselves, and for what speaks of the chat itself."""
    own = {"PAUSE", "CLOSE", "CLOSE-F", "SUM-ASK", "OOH", "day", "moment"}
    text = (ROOT / "bots/texts/en.ftl").read_text(encoding="utf-8")
    dated = {
        found[1]
        for found in re.finditer(r"^([\w-]+) = (.*)$", text, re.MULTILINE)
        if re.search(r"\$(date|weekday|time)\b", found[2])
    }
    assert len(dated) > 12
    open_ = {key for key in dated - own - REPLIES if not key.startswith(OF_DAYS_AND_PLACES)}
    assert not open_


@given(st.text(max_size=30))
def test_words_are_the_same_in_whatever_form_they_are_typed(text: str) -> None:
    found = words_of(text)
    assert words_of(" ".join(found)) == found
    assert words_of(text.upper().lower()) == words_of(text.lower())
    assert all(word.isalnum() or "_" in word for word in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Amélie  DUPONT-Şen", ["amelie", "dupont", "sen"]),
        ("\uff21\uff4d\u00e9", ["ame"]),
        ("Ame\u0301", ["ame"]),
        ("Straße Ⅳ", ["strasse", "iv"]),
        ("2031/0417", ["2031", "0417"]),
        ("مُحَمَّد", ["محمد"]),
        (" .,- ", []),
    ],
)
def test_words_have_no_case_no_accents_and_no_signs(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_place_names_an_address_that_stands_whole_in_it() -> None:
    assert names("At 12, rue de l'eglise (left)", HOME)
    for text in ("112 rue de l'église", "12 rue de l'églises", "12 rue", ""):
        assert not names(text, HOME), text
    assert not names("anywhere", "--")
