"""What a mandate opens is given, by each function that reads mandates for whoever holds them.

What they refuse is asked elsewhere, over policies and pages; here that nobody is shut out who may
come in: each way of coming in alone.
"""

from collections.abc import Mapping

import pytest

from tests.backend.laid import DAY, HOUR, But, Laid, Rows, changed, of, row

# Of which the first value is the id of this.
GIVEN: Mapping[str, str] = {
    "my_plans()": "plan",
    "my_people()": "person",
    "my_mandates()": "plan",
    "my_mandates_by_flow()": "plan",
    "my_mandates_with_keys()": "plan",
}
# Somebody else is let in, and that is everybody of the staff who is.
LET_IN = row("wall", person="person", actor="colleague", kind="admitted")
BASE: Rows = {
    "plan": row("plan", person="person"),
    "mine": row("mandate", plan="plan", person="person", actor="me", role="SW", starts=-DAY),
    "beside": row("mandate", plan="other", person="other", actor="colleague", starts=-DAY),
}
ABROAD: But = {
    "mine": {"elsewhere": "there"},
    "here": row("agency"),
    "there": row("agency"),
}
FLOW: But = {
    "flow": row("data_flow", kind="agency", to_agency="there", groups=["alias"], law="Act",
                article="4", starts=-DAY),
}  # fmt: skip
CASES: Mapping[str, tuple[But, bool]] = {
    "without an end": ({}, True),
    "until it ends": ({"mine": {"ends": HOUR}}, True),
    "no more": ({"mine": {"ends": -HOUR}}, False),
    "where another is let in": ({"wall": LET_IN}, False),
    **{
        f"where another is let in, as {role}": (
            {"wall": LET_IN, "mine": {"role": role, "matters": matters}},
            True,
        )
        for role, matters in (("ME", None), ("FA", None), ("PE", None), ("LR", ["plan"]))
    },
    "where one is let in too": (
        {"wall": LET_IN, "too": row("wall", person="person", actor="me", kind="admitted")},
        True,
    ),
    "where somebody else is kept out": ({"wall": row("wall", person="person", actor="any")}, True),
    "from elsewhere": (ABROAD, False),
    "from elsewhere, by an entry": ({**ABROAD, **FLOW}, True),
}


@pytest.mark.parametrize("case", CASES)
async def test_whoever_may_come_in_is_let_in_by_each_of_them(laid: Laid, case: str) -> None:
    but, opens = CASES[case]
    async with laid.rows(changed(BASE, but), actor="me"):
        for function, what in GIVEN.items():
            found = await laid.all(f"SELECT * FROM {function}")
            assert found == ([of(what)] if opens else []), function


async def test_whoever_closed_an_incident_is_named_to_those_who_read_it(laid: Laid) -> None:
    rows = {
        "incident": row("incident", recorded_by="one", closed_by="other", closed_at=-HOUR),
        "other incident": row("incident", recorded_by="one"),
    }
    async with laid.rows(rows):
        for who, reaches in (("one", True), ("other", True), ("third", False)):
            assert await laid.ask("reaches_key($1)", of(who)) is reaches, who
