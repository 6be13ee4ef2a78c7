"""The short answers that are given as the owner, for a plan that the asker need not see.

Each of their conditions is a wall of its own. What is otherwise in a case is one thing alone.
"""

from collections.abc import Mapping

import pytest

from tests.backend.laid import DAY, HOUR, But, Laid, Rows, changed, of, row

AGENCIES: Rows = {"elsewhere": row("agency"), "here": row("agency", small=True)}
BARRED: But = {"wall": row("wall", person="person", actor="me")}
# me: a coordinator of `plan`, who works there besides; others may have its person in a plan too.
MINE: Rows = {
    **AGENCIES,
    "me": row("actor"),
    "other plan": row("plan", person="other", alias="Robin"),
    "others": row("mandate", plan="other plan", person="other", actor="colleague", starts=-DAY),
    "plan": row("plan", person="person", alias="Kestrel"),
    "mine": row("mandate", plan="plan", person="person", actor="me", starts=-DAY),
    "mine too": row("mandate", plan="plan", person="person", actor="me", role="SW", starts=-DAY),
}  # fmt: skip


def _theirs(**values: object) -> But:
    """A second plan of the same person, with others."""
    usual = {"plan": "second", "person": "person", "actor": "colleague", "starts": -DAY}
    return {"theirs": row("mandate", **{**usual, **values})}


HELD_BY_OTHERS: Mapping[str, tuple[But, bool]] = {
    "as it is": ({}, False),
    "in a second plan": (_theirs(), True),
    "in a second plan, a while": (_theirs(ends=HOUR), True),
    "in a second plan that ended": (_theirs(ends=-HOUR), False),
    "it is another's": ({"mine": {"actor": "second"}}, True),
    "in another role": ({"mine": {"role": "SW"}}, True),
    "for an emergency": ({"mine": {"glass": "glass", "starts": -HOUR, "ends": HOUR}}, True),
    "not yet": ({"mine": {"starts": HOUR}}, True),
    "a while": ({"mine": {"ends": HOUR}}, False),
    "no more": ({"mine": {"ends": -HOUR}}, True),
    "behind a wall": (BARRED, True),
}


@pytest.mark.parametrize("case", HELD_BY_OTHERS)
async def test_somebody_is_held_by_others_in_a_plan_that_one_does_not_coordinate(
    laid: Laid, case: str
) -> None:
    but, held = HELD_BY_OTHERS[case]
    async with laid.rows(changed(MINE, but), actor="me"):
        assert await laid.ask("is_held_by_others($1)", of("person")) is held


async def test_a_hold_is_of_its_person_and_until_it_ends(laid: Laid) -> None:
    rows = {
        "hold": row("legal_hold", plan="plan", person="person"),
        "over": row("legal_hold", plan="other plan", person="other", ended_at=-HOUR, ended_by="me"),
    }
    async with laid.rows(rows):
        for person, held in (("person", True), ("other", False), ("third", False)):
            assert await laid.ask("is_held($1)", of(person)) is held, person


async def test_a_plan_is_newborn_until_it_has_a_mandate(laid: Laid) -> None:
    async with laid.rows({**MINE, "third": row("plan", person="third")}):
        for plan, newborn in (("third", True), ("plan", False)):
            assert await laid.ask("is_newborn($1)", of(plan)) is newborn


STAFF: Rows = {
    **AGENCIES,
    "first": row("staff"),
    "second": row("staff"),
    "gone": row("staff", active=False),
    "worker": row("staff", role="SW"),
    "away": row("staff", agency="elsewhere"),
}
SMALL: Mapping[str, tuple[But, bool]] = {
    "as it is": ({}, True),
    "as it is said": ({"here": {"small": False}}, False),
    "a third coordinator": ({"third": row("staff")}, False),
    "a third who is back": ({"gone": {"active": True}}, False),
    "a worker becomes one": ({"worker": {"role": "CO"}}, False),
    "one from elsewhere": ({"away": {"agency": "here"}}, False),
}


@pytest.mark.parametrize("case", SMALL)
async def test_a_house_is_small_while_two_coordinate_it_at_most(laid: Laid, case: str) -> None:
    but, small = SMALL[case]
    async with laid.rows(changed(STAFF, but)):
        assert await laid.ask("is_small($1)", of("here")) is small


async def test_whoever_is_no_agency_is_not_small(laid: Laid) -> None:
    async with laid.rows({name: one for name, one in STAFF.items() if name != "elsewhere"}):
        assert await laid.ask("is_small($1)", of("elsewhere")) is None


ALIASES: Rows = {
    **AGENCIES,
    "me": row("actor"),
    "open": row("plan", person="person", alias="Kestrel"),
    "of open": row("member", plan="open", alias="Heron"),
    "closed": row("plan", person="other", alias="Finch", state="closed"),
    "of closed": row("member", plan="closed", alias="Stork"),
    "away": row("plan", person="third", alias="Robin", agency="elsewhere"),
    "of away": row("member", plan="away", alias="Wren", agency="elsewhere"),
}


@pytest.mark.parametrize("free", ["Finch", "Stork", "Robin", "Wren", "Owl"])
async def test_an_alias_is_free_that_no_open_plan_of_the_agency_uses(laid: Laid, free: str) -> None:
    async with laid.rows(ALIASES, actor="me"):
        offered = ["Kestrel", "heron", "KESTREL", free, "Never"]
        assert await laid.ask("free_alias($1)", offered) == free
        assert await laid.ask("free_alias($1)", offered[:3]) is None


_ASKED = {"asked_by": "me", "asked_at": -30 * HOUR, "written_at": -30 * HOUR}
GLASS: Rows = {
    **MINE,
    "glass": row("break_glass", alias="kestrel", **_ASKED),
    "glass beside": row("break_glass", alias="Robin", **_ASKED),
}
UNRIPE: Mapping[str, But] = {
    "of another agency": {"plan": {"agency": "elsewhere"}},
    "of another alias": {"plan": {"alias": "Heron"}},
    "of a closed plan": {"plan": {"state": "closed"}},
    "asked by another": {"glass": {"asked_by": "colleague"}},
    "let already": {"glass": {"let_by": "colleague", "let_at": -HOUR}},
    "ended": {"glass": {"ended_at": -HOUR}},
    "asked today": {"glass": {"asked_at": -23 * HOUR}},
    "asked the day before yesterday": {"glass": {"asked_at": -49 * HOUR}},
    "written today": {"glass": {"written_at": -23 * HOUR}},
    "written the day before yesterday": {"glass": {"written_at": -49 * HOUR}},
    "where the house is not small": {"here": {"small": False}},
    "behind a wall": BARRED,
}


async def test_a_wish_of_ones_own_ripens_for_a_day(laid: Laid) -> None:
    async with laid.rows(GLASS, actor="me"):
        sql = f"SELECT * FROM ripe_wish('{of('glass')}')"
        (found,) = await laid.held.fetch(sql)
        assert tuple(found) == (of("plan"), of("person"), "Africa/Tunis")


@pytest.mark.parametrize("case", UNRIPE)
async def test_no_other_wish_is_ripe(laid: Laid, case: str) -> None:
    async with laid.rows(changed(GLASS, UNRIPE[case]), actor="me"):
        assert await laid.ask("ripe_wish($1)", of("glass")) is None


# Who is given a mandate, of which kind they are and of which agency; and where they work then.
GIVEN = {
    "from elsewhere": ("staff", "elsewhere", "elsewhere"),
    "from here": ("staff", "here", None),
    "a member from elsewhere": ("member", "elsewhere", None),
}


@pytest.mark.parametrize("case", GIVEN)
async def test_a_mandate_names_its_person_and_where_its_holder_works(laid: Laid, case: str) -> None:
    kind, agency, elsewhere = GIVEN[case]
    rows = {
        **MINE,
        "somebody": row("actor", agency="third"),
        "holder": row("actor", kind=kind, agency=agency),
        "person": row("person"),
        "other": row("person"),
    }
    async with laid.rows(rows):
        for plan, person, said in (("plan", "person", None), ("plan", "other", of("other"))):
            made = await laid.held.fetchrow(
                "INSERT INTO mandate (agency, plan, actor, role, starts, granted_by, person)"
                " VALUES ($1, $2, $3, 'SW', now(), $3, $4) RETURNING person, elsewhere",
                *(of("here"), of(plan), of("holder"), said),
            )
            assert made["person"] == of(person)
            assert made["elsewhere"] == (of(elsewhere) if elsewhere else None)
