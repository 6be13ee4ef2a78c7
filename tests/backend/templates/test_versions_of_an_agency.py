"""An agency changes what its plans begin with: a draft, looked at, published; plans keep theirs."""

import csv
import io
from typing import Any

import asyncpg
import pytest

from backend.templates.reading import standard, write
from tests.world import Caller, World, row

OWN = {
    "code": "OWN-01",
    "pathway": "HOP",
    "pathway_name": "Things to look forward to",
    "offset": -10,
    "milestone": "A day out is planned",
    "owner": "SW",
    "kind": "C",
}


async def draft(head: Caller, **body: Any) -> dict[str, Any]:
    """The draft that was begun, as it is read."""
    answer = await head.post("/templates", body)
    assert answer.status_code == 201, answer.text
    return await read(head, answer.json()["id"])


async def read(head: Caller, id_: str) -> dict[str, Any]:
    answer = await head.get(f"/templates/{id_}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def put_row(head: Caller, id_: str, **values: Any) -> Any:
    found = (await head.get(f"/templates/{id_}")).json()
    seen = found["this"]["version"] if "this" in found else 1
    return await head.send("PUT", f"/templates/{id_}/rows", values, version=seen)


async def publish(head: Caller, id_: str) -> None:
    seen = (await read(head, id_))["this"]["version"]
    answer = await head.post(f"/templates/{id_}/publish", version=seen)
    assert answer.status_code == 200, answer.text


async def published(head: Caller, *rows: dict[str, Any]) -> str:
    """A new version with these rows; its id."""
    id_: str = (await draft(head))["this"]["id"]
    for one in rows:
        answer = await put_row(head, id_, **one)
        assert answer.status_code == 200, answer.text
    await publish(head, id_)
    return id_


def line(code: str, **values: Any) -> dict[str, Any]:
    """A row of the standard, with other values."""
    table = csv.DictReader(io.StringIO(write(standard())))
    (found,) = (one for one in table if one["code"] == code)
    ours: dict[str, Any] = {**found, "offset": int(found["offset"])}
    ours |= {name: int(found[name]) for name in ("win_before", "win_after", "late_start")}
    return {**ours, **values}


async def test_an_agency_begins_with_the_standard_and_plans_with_what_is_in_force(
    world: World,
) -> None:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    (first,) = (await head.get("/templates")).json()
    assert (first["number"], first["id"]) == (1, str(world.agency))
    assert len((await read(head, first["id"]))["rows"]) == len(standard().rows)
    before = await world.a_plan(worker)
    await published(head, line("HOU-02", offset=-90), OWN)
    after = await world.a_plan(worker)
    codes = {one["code"] for one in (await world.plan(worker, before["id"]))["milestones"]}
    assert "OWN-01" not in codes
    assert row(after, "OWN-01")["pathway"] == "HOP"
    assert row(after, "HOU-02")["due_on"] != row(before, "HOU-02")["due_on"]
    bars = (await worker.get(f"/plans/{after['id']}/pathways")).json()["pathways"]
    assert {one["pathway"]: one["name"] for one in bars if "name" in one} == {
        "HOP": OWN["pathway_name"]
    }


async def test_a_draft_says_what_it_changes_and_nothing_begins_with_it(world: World) -> None:
    head, worker = await world.somebody("AD"), await world.somebody("SW")
    seen = await draft(head)
    id_ = seen["this"]["id"]
    assert (seen["before"], seen["differs"]) == (1, [])
    assert (await put_row(head, id_, **OWN)).status_code == 200
    assert (await put_row(head, id_, **line("HOU-02", win_after=30))).status_code == 200
    seen = await read(head, id_)
    gone = await head.post(f"/templates/{id_}/rows/COM-02/remove", version=seen["this"]["version"])
    assert gone.status_code == 200, gone.text
    assert [
        (one["kind"], one["code"], one["fields"]) for one in (await read(head, id_))["differs"]
    ] == [
        ("removed", "COM-02", []),
        ("changed", "HOU-02", ["win_after"]),
        ("added", "OWN-01", []),
    ]
    assert "OWN-01" not in {one["code"] for one in (await world.a_plan(worker))["milestones"]}


async def test_what_stays_in_another_order_is_no_change_and_another_name_is_one(
    world: World,
) -> None:
    head = await world.somebody("CO")
    await published(head, OWN, {**OWN, "code": "OWN-02"})
    id_ = (await draft(head))["this"]["id"]
    was = next(line(one.code) for one in standard().rows if len(one.partners) > 1)
    other = ",".join(reversed(was["with"].split(",")))
    assert other != was["with"]
    assert (await put_row(head, id_, **{**was, "with": other})).status_code == 200
    assert (await read(head, id_))["differs"] == []
    assert (await put_row(head, id_, **{**OWN, "pathway_name": "Joy"})).status_code == 200
    differs = (await read(head, id_))["differs"]
    assert [(one["code"], one["fields"]) for one in differs] == [
        ("OWN-01", ["pathway_name"]),
        ("OWN-02", ["pathway_name"]),
    ]


async def test_what_was_taken_out_as_a_file_is_put_in_again(world: World) -> None:
    head = await world.somebody("CO")
    file = await head.get(f"/templates/{world.agency}/file")
    assert file.headers["content-type"].startswith("text/csv")
    assert "template-1.csv" in file.headers["content-disposition"]
    changed = file.text.replace("HOU-02,base,,HOU,,release,-84", "HOU-02,base,,HOU,,release,-90")
    seen = await draft(head, file=changed)
    assert [one["fields"] for one in seen["differs"]] == [["day"]]
    id_, version = seen["this"]["id"], seen["this"]["version"]
    body = {"file": file.text}
    again = await head.send("PUT", f"/templates/{id_}/file", body, version=version)
    assert again.status_code == 200, again.text
    assert (await read(head, id_))["differs"] == []


async def test_a_file_that_is_amiss_is_told_line_by_line_and_changes_nothing(world: World) -> None:
    head = await world.somebody("CO")
    seen = await draft(head)
    id_, version = seen["this"]["id"], seen["this"]["version"]
    file = write(standard()).splitlines()
    wrong = [file[0], file[1].replace(",-180,", ",soon,"), *file[2:]]
    body = {"file": "\n".join(wrong)}
    answer = await head.send("PUT", f"/templates/{id_}/file", body, version=version)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "line 2, offset", "message": "A whole number of days from -730 to 1095."}
    ]
    body = {"file": "\n".join([file[0], *file[2:]])}
    answer = await head.send("PUT", f"/templates/{id_}/file", body, version=version)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} >= {"code", "PLN-02, depends"}
    assert await read(head, id_) == seen


async def test_there_is_one_draft_at_a_time(world: World) -> None:
    head = await world.somebody("CO")
    await draft(head)
    assert (await head.post("/templates", {})).status_code == 409
    with pytest.raises(asyncpg.UniqueViolationError, match="template_version_draft"):
        await world.sql(
            "INSERT INTO template_version (id, agency, version, file) VALUES"
            " (gen_random_uuid(), $1, 1, '')",
            world.agency,
        )


async def test_what_was_published_stays_as_it_is_whoever_asks(world: World) -> None:
    head = await world.somebody("CO")
    id_ = await published(head, OWN)
    answer = await put_row(head, id_, **{**OWN, "offset": -20})
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (
        409,
        "not-from-this-state",
    )
    for first in (str(world.agency), id_):
        with pytest.raises(asyncpg.PostgresError):
            await world.sql("UPDATE template_version SET file = 'x' WHERE id = $1::uuid", first)
    numbers = [one["number"] for one in (await head.get("/templates")).json()]
    assert numbers == [2, 1]


async def test_an_agency_has_no_part_in_that_of_another(world: World) -> None:
    head = await world.somebody("CO")
    id_ = await published(head, OWN)
    other = await world.an_agency()
    stranger = await world.somebody("CO", agency=other)
    assert (await stranger.get(f"/templates/{id_}")).status_code == 404
    assert (await stranger.get(f"/templates/{id_}/file")).status_code == 404
    assert [one["number"] for one in (await stranger.get("/templates")).json()] == [1]
    assert (await stranger.post("/templates", {})).status_code == 201


async def test_an_auditor_reads_it_and_changes_nothing_and_a_worker_neither(world: World) -> None:
    auditor, worker = await world.somebody("AU"), await world.somebody("SW")
    seen = await draft(await world.somebody("CO"))
    for who, status in ((auditor, 200), (worker, 403)):
        assert (await who.get(f"/templates/{world.agency}")).status_code == status
        assert (await who.post("/templates", {})).status_code == 403
        assert (await put_row(who, seen["this"]["id"], **OWN)).status_code == 403
