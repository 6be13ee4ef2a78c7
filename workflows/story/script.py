"""The year in order: which step follows which, and when."""

from typing import Any

from workflows.story.stage import Stage
from workflows.story.steps import opening
from workflows.story.year import Year


async def play_the_year(stage: Stage) -> Any:
    """Every step in its order; what the court pulls at the end."""
    calendar = stage.calendar
    year = Year(calendar)
    for n, hour, step in (
        (-180, 10, opening.opens_the_plan),
        (-170, 10, opening.accepts_and_declines),
        (-165, 9, opening.asks_the_family),
        (-164, 11, opening.links_the_sibling),
        (-150, 15, opening.meets_a_stranger),
        (-120, 10, opening.links_the_mentor),
    ):
        await stage.to(calendar.open(n), hour)
        await step(stage, year)
    await opening.asks_the_mentor(stage, year)
    return None
