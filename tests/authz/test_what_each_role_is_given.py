"""The keys of a plan for each role that may open one, written out and not taken from the matrix."""

from collections.abc import Mapping
from typing import Any

from tests.releases import a_release, change, joins, on_weekday
from tests.world import Caller, World

DATE = {"version", "state", "zone", "release_date", "release_time", "certainty", "left_custody_at"}
SHORT = {"release_month", "phase"}  # in the place of the date
EVERYBODY = {"id", "milestones", "appointments"}
PLAN: Mapping[str, set[str]] = {
    **dict.fromkeys(
        ("SW", "CO"),
        EVERYBODY | DATE | {"alias", "person", "circle", "supervision", "offers", "overlays"},
    ),
    "PO": EVERYBODY | DATE | {"alias", "person", "circle", "supervision"},
    "PS": EVERYBODY | DATE | {"person"},
    **dict.fromkeys(("TR", "CP"), EVERYBODY | SHORT | {"alias"}),
}
ROW = {"id", "version", "code", "pathway", "title", "owner", "state", "due_on", "overdue", "turn"}
DETAIL = {"kind", "cause", "said_by", "pinned", "show_court"}
LINE = {"id", "next_due_on", "next_title", "overdue"}
OF_DATE = {"version", "state", "release_date", "certainty"}
LINES: Mapping[str, set[str]] = {
    **dict.fromkeys(("SW", "CO", "PO"), LINE | OF_DATE | {"name", "alias"}),
    "PS": LINE | OF_DATE | {"name"},
    **dict.fromkeys(("TR", "CP"), LINE | {"alias"}),
}
MEMBER = {"actor", "role"}
# Of a relative: the worker has name and alias, the coordinator no name, the officer neither.
RELATIVE = {"SW": {"name", "alias"}, "CO": {"alias"}, "PO": set[str]()}


async def _case(world: World) -> tuple[dict[str, Caller], str]:
    worker, plan = await a_release(world, on_weekday(3), supervision=True)
    who = {"SW": worker}
    for role in PLAN.keys() - {"SW"}:
        who[role] = await world.somebody(role)
        await joins(world, worker, plan, who[role], role)
    sister = {"role": "FA", "name": "Invented Sister", "alias": "Robin"}
    assert (await worker.post(f"/plans/{plan['id']}/circle", sister)).status_code == 201
    for state in ("planned", "in_progress"):
        await change(world, worker, plan, "VOC-03", state=state)
    return who, plan["id"]


async def test_each_role_is_given_these_keys_of_a_plan_and_no_other(world: World) -> None:
    who, plan = await _case(world)
    for role, keys in PLAN.items():
        found = await world.plan(who[role], plan)
        assert found.keys() == keys, role
        for one in found["milestones"]:
            optional = DETAIL if role in {"SW", "CO"} else set[str]()
            assert ROW - {"due_on", "overdue", "turn"} <= one.keys() <= ROW | optional, (role, one)
        details = {key for one in found["milestones"] for key in one} & DETAIL
        assert bool(details) == (role in {"SW", "CO"}), role
        [line] = (await who[role].get("/plans")).json()["plans"]
        assert line.keys() == LINES[role], role


async def test_each_role_that_reads_the_circle_knows_so_much_of_a_relative(world: World) -> None:
    who, plan = await _case(world)
    for role, named in RELATIVE.items():
        circle: list[dict[str, Any]] = (await world.plan(who[role], plan))["circle"]
        [relative] = [one for one in circle if one["role"] == "FA"]
        assert relative.keys() >= MEMBER, role
        assert relative.keys() & {"name", "alias", "gate", "link"} == named, (role, relative)
        assert {one["role"] for one in circle} == PLAN.keys() | {"FA"}, role
