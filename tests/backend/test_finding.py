"""A worker finds a person of their own caseload by name or file number, and nobody else at all."""

import logging
from dataclasses import replace
from uuid import uuid4

import pytest

from backend.actors.actions import vault
from backend.vault import VaultError
from tests.backend.acts import Act, bare
from tests.backend.courts.docket import join
from tests.backend.pages.browser import at_the_desk, plain
from tests.world import Caller, World

AMELIE = {"name": "Amélie Şen-Dupont", "file_number": "2031/0417", "language": "fr"}


async def _found(who: Caller, words: str) -> list[str]:
    answer = await who.post("/plans/search", {"words": words})
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["plans"]]


async def test_a_name_is_found_however_it_is_typed_and_in_whole_words(world: World) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = (await world.a_plan(worker, person=AMELIE))["id"]
    await world.a_plan(worker)
    for words in ("amelie", "SEN amélie", "Ame\u0301lie Dupont", "0417", "2031/0417", " dupont, "):
        assert await _found(worker, words) == [plan], words
    for words in ("ameli", "amelie person", "0418", "person amelie 2031"):
        assert await _found(worker, words) == [], words
    assert await _found(head, "sen") == [plan]
    (line,) = (await worker.post("/plans/search", {"words": "sen"})).json()["plans"]
    (listed,) = [one for one in (await worker.get("/plans")).json()["plans"] if one["id"] == plan]
    assert line == listed, "it is the line of the caseload"
    for words in ("", "-", "x" * 121):
        assert (await worker.post("/plans/search", {"words": words})).status_code in {400, 422}


async def test_nobody_elses_person_can_be_told_from_nobody(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    excluded, ended = await world.somebody("SW"), await world.somebody("SW")
    plan = (await world.a_plan(worker, person=AMELIE))["id"]
    await world.a_plan(other)
    for who in (excluded, ended):
        await join(world, worker, plan, who, "SW")
        assert await _found(who, "sen") == [plan]
    wall = {"kind": "excluded", "login": excluded.login}
    assert (await worker.post(f"/plans/{plan}/walls", wall)).status_code == 201
    await world.sql("UPDATE mandate SET ends = now() - interval '1s', starts = now() - interval"
                    " '2s' WHERE actor = $1", ended.id)  # fmt: skip
    for who in (other, excluded, ended):
        act = Act("findPerson", "POST", "/plans/search", (), {"words": "sen"})
        there = await bare(who, act, {})
        never = await bare(who, replace(act, body={"words": "nobody"}), {})
        unlike = {"x-request-id", "date"}
        heads = [
            {name: value for name, value in one.headers.items() if name not in unlike}
            for one in (there, never)
        ]
        assert (there.status_code, there.content, heads[0]) == (200, never.content, heads[1])
        assert there.json()["plans"] == []
    former = await world.somebody("SW")
    await join(world, worker, plan, former, "SW")
    await world.sql("DELETE FROM person_word")
    await world.sql("UPDATE mandate SET role = 'TR' WHERE actor = $1", former.id)
    assert await _found(former, "sen") == [], "the mandate counts, and not the account"
    officer = await world.somebody("PO")
    await join(world, worker, plan, officer, "PO")
    assert (await officer.post("/plans/search", {"words": "sen"})).status_code == 403


async def test_a_word_is_hidden_under_its_persons_own_key_and_dies_with_it(world: World) -> None:
    worker = await world.somebody("SW")
    for _ in range(2):
        await world.a_plan(worker, person=AMELIE)
    rows = await world.sql("SELECT w.person, w.word, k.wrapped FROM person_word w"
                           " JOIN subject_key k ON k.id = w.person")  # fmt: skip
    assert len({row["word"] for row in rows}) == len(rows) == 2 * 6, "two of one name share no hash"
    keys = {row["person"]: row["wrapped"] for row in rows}
    for person, wrapped in keys.items():
        (sen,) = vault().hide(person, wrapped, ["sen"])
        assert sen in {row["word"] for row in rows if row["person"] == person}
        again = vault().rewrap(person, wrapped)
        assert vault().hide(person, again, ["sen"]) == [sen], "a rotation changes none"
        with pytest.raises(VaultError):
            vault().hide(uuid4(), wrapped, ["sen"])
    assert len(await _found(worker, "sen")) == 2
    await world.sql("UPDATE subject_key SET wrapped = NULL WHERE id = $1", min(keys))
    assert len(await _found(worker, "sen")) == 1


async def test_who_came_before_there_was_a_search_is_found_too(world: World) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, person=AMELIE))["id"]
    await world.sql("DELETE FROM person_word")
    assert await _found(worker, "nobody") == []
    assert len(await world.sql("SELECT 1 FROM person_word")) == 6
    assert await _found(worker, "sen") == [plan]
    assert len(await world.sql("SELECT 1 FROM person_word")) == 6


async def test_what_is_looked_for_stands_in_no_address_and_no_line_of_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await world.somebody("SW")
    plan = (await world.a_plan(worker, person=AMELIE))["id"]
    browser = await at_the_desk(world, worker)
    with caplog.at_level(logging.DEBUG):
        page = plain(await browser.open("/desk"))
        found = plain(await browser.send(page, "/desk/find", words="amelie sen"))
        nobody = plain(await browser.send(found, "/desk/find", words="zwunderlich"))
        refused = await browser.send(nobody, "/desk/find", words=" - ")
    assert AMELIE["name"] in found.words
    assert f"/desk/plans/{plan}" in found.html
    assert "Nobody of your people is called that" in nobody.words
    assert refused.status == 422
    for word in ("amelie", "zwunderlich"):
        assert word not in caplog.text.lower()
    rows = await world.sql("SELECT a::text AS row FROM audit a WHERE operation = 'findPerson'")
    assert len(rows) == 2
    assert not any("sen" in row["row"] for row in rows)
