"""An agency begins with lines that a chat may show, in whatever way it is made."""

from dataclasses import replace
from uuid import uuid4

import pytest

from backend.agencies.actions import NewAgency
from backend.errors import Unfit
from backend.founding import Account, found_agency
from tests.world import PASSWORD, World

FIRST = Account("AD", "first", "Alex", PASSWORD)
HORIZON = NewAgency("Horizon", "Horizon Desk", "Africa/Tunis", "en")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("crisis_text", "Call the prison."),
        ("crisis_text", "x" * 301),
        ("crisis_text", "Look at https://help.example"),
        ("crisis_text", "Call\u202e us."),
        ("crisis_line", "see http://help.example"),
        ("emergency_number", "1" * 21),
        ("duty_phone", "71 000\n000"),
    ],
)
async def test_no_agency_is_made_with_a_line_that_may_not_be_sent(
    world: World, line: str, value: str
) -> None:
    unfit = replace(HORIZON, id=uuid4(), **{line: value})  # type: ignore[arg-type]
    with pytest.raises(Unfit) as refused:
        await found_agency(unfit, replace(FIRST, id=uuid4()), None)
    assert line.replace("_", " ") in str(refused.value)
    assert value not in str(refused.value)
    assert await world.sql("SELECT name FROM agency") == []


async def test_the_lines_are_kept_as_they_will_be_shown(world: World) -> None:
    new = replace(HORIZON, duty_phone=" 71  000 000 ", crisis_text="Somebody calls you.")
    await found_agency(new, FIRST, None)
    rows = await world.sql(
        "SELECT emergency_number, crisis_line, crisis_text, duty_phone FROM agency"
    )
    assert rows == [
        {
            "emergency_number": None,
            "crisis_line": None,
            "crisis_text": "Somebody calls you.",
            "duty_phone": "71 000 000",
        }
    ]
