"""The year in order: which step follows which, and when."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from workflows.story.stage import Stage
from workflows.story.steps import (
    before,
    counselling,
    court,
    first_days,
    gate,
    handing_on,
    later,
    meetings,
    needs,
    opening,
    others,
    oversight,
    rhythm,
    silent_end,
    training,
    winding_up,
)
from workflows.story.year import Year

Scene = tuple[int, int, int, Callable[[Stage, Year], Awaitable[None]]]


async def play_the_year(stage: Stage) -> Any:
    """Every step in its order; what the court pulls at the end."""
    year = Year(stage.calendar)
    scenes = [*_inside(year), *_around(year), *_outside(year), *_later(year), *_elsewhere(year)]
    for n, hour, minute, scene in sorted(scenes, key=lambda one: one[:3]):
        await stage.to(n, hour, minute)
        await scene(stage, year)
    stage.end()
    return year.summary


def _inside(year: Year) -> Iterator[Scene]:
    """Until the date is confirmed. People of the agency work on open days."""
    on = year.calendar.open
    yield -181, 10, 0, oversight.confirms_the_days
    yield on(-180), 10, 0, opening.opens_the_plan
    yield on(-174), 10, 0, needs.says_what_they_want
    yield on(-170), 10, 0, opening.accepts_and_declines
    yield on(-165), 9, 0, opening.asks_the_family
    yield on(-164), 11, 0, opening.links_the_sibling
    yield on(-163), 14, 0, opening.confirms_the_sibling
    yield on(-160), 10, 0, training.forms_the_circle
    yield on(-153), 10, 0, meetings.asks_the_circle
    yield -150, 15, 0, opening.meets_a_stranger
    yield on(-150), 16, 0, meetings.meets
    yield on(-150), 17, 0, counselling.first_session
    yield on(-140), 9, 0, training.course_starts
    yield on(-120), 10, 0, opening.links_the_mentor
    yield on(-100), 11, 0, training.course_is_stopped
    yield on(-79), 11, 0, training.course_goes_on
    yield year.meeting - 7, 10, 0, opening.asks_the_mentor
    yield on(-90), 15, 0, opening.mentor_has_met
    yield on(-84), 10, 0, needs.reviews_again
    yield on(-60), 11, 0, court.tells_good_news
    yield on(-50), 10, 0, court.court_reads
    yield on(-45), 10, 0, before.court_grants
    yield on(-32), 10, 0, before.date_moves


def _around(year: Year) -> Iterator[Scene]:
    """The weeks around the day."""
    on, friday = year.calendar.open, year.calendar.friday(-10)
    yield on(-32), 14, 0, before.staff_link
    yield on(-28), 8, 31, before.is_late
    yield on(-21), 11, 0, counselling.refers
    yield friday - 3, 15, 0, before.chooses_hours
    yield friday, 14, 29, before.is_reminded
    yield on(-14), 10, 0, gate.places_the_first_date
    yield on(-9), 15, 0, gate.gets_ready
    yield -7, 10, 0, gate.mentor_says_yes
    yield -3, 10, 0, gate.mentor_falls_ill
    yield -2, 11, 0, gate.hands_over
    yield -1, 9, 30, gate.hands_over_more
    yield -1, 10, 0, gate.sibling_is_ready
    yield 0, 9, 0, gate.is_released
    yield 0, 17, 0, gate.first_night


def _outside(year: Year) -> Iterator[Scene]:
    """After release. A question that is no emergency waits for an open day."""
    on = year.calendar.open
    yield 1, 11, 30, first_days.meets_the_officer
    yield on(1), 15, 0, first_days.links_the_person
    yield on(1), 17 if on(1) == 1 else 8, 0, first_days.mentor_calls
    yield year.due("FAM-11", 2, year.calendar.release), 17, 0, first_days.sibling_says_so_so
    yield 3, 17, 30, first_days.claim_is_lodged
    yield on(7) - 3, 10, 0, first_days.comes_again
    yield on(7), 11, 0, first_days.comes
    yield on(7), 15, 0, needs.is_asked_again
    yield on(10), 16, 0, counselling.is_seen_outside
    yield on(14), 15, 0, rhythm.looks_back
    yield on(14), 19, 0, rhythm.wants_them_again
    yield on(16), 10, 30, later.misses
    yield on(16), 18, 0, rhythm.goes_silent
    yield on(20), 11, 0, later.is_moved
    yield on(21), 14, 0, later.parent_is_afraid
    yield on(30), 12, 0, later.comes_then
    yield on(28), 11, 0, meetings.asks_again
    yield on(30), 15, 0, needs.reviews_after_a_month
    yield on(30), 16, 0, meetings.meets_again
    yield on(35), 10, 0, rhythm.is_silent
    yield on(42), 11, 0, training.six_weeks
    yield year.due("MEN-13", 42, year.calendar.release), 17, 0, rhythm.is_cared_for
    yield 50, 18, 0, later.sibling_stops
    yield on(60), 10, 0, oversight.is_audited
    yield on(63), 10, 0, counselling.referral_is_over
    yield on(75), 10, 0, oversight.reads_own_file
    yield on(88), 11, 0, meetings.asks_a_third_time
    yield on(90), 10, 0, needs.reviews_after_three
    yield on(90), 16, 0, meetings.meets_a_third_time
    yield on(90) + 2, 18, 0, later.hears_no_more


def _later(year: Year) -> Iterator[Scene]:
    """From the fifth month on: others take over, helpers leave, in the end nobody is named."""
    on = year.calendar.open
    yield on(146), 12, 0, oversight.clears_the_desks
    yield on(150), 10, 0, handing_on.hands_over
    yield on(150) + 8, 10, 0, handing_on.a_week_later
    yield on(166), 10, 0, later.mentoring_nears_its_end
    yield on(181), 10, 0, later.mentoring_has_ended
    yield on(182), 11, 0, winding_up.closes_with_family
    yield on(182) + 32, 11, 0, winding_up.family_is_forgotten
    yield on(270), 11, 0, winding_up.steps_down
    yield on(340), 11, 0, winding_up.nobody_else_is_asked
    yield on(351), 10, 0, later.expects_the_last
    yield on(365), 10, 0, later.ends
    yield on(385), 10, 0, winding_up.ends_the_others
    yield on(386), 10, 0, oversight.confirms_the_days
    yield on(386), 11, 0, oversight.clears_the_desks
    yield on(740), 10, 0, winding_up.is_forgotten


def _elsewhere(year: Year) -> Iterator[Scene]:
    """What happens on other plans meanwhile."""
    on, back = year.calendar.open, others.return_day(year)
    yield on(58), 14, 0, others.opens_the_fourth
    yield others.NOT_TODAY, 10, 0, others.is_not_today
    yield others.NOT_TODAY + 4, 18, 0, others.nothing_lives
    yield on(98), 14, 0, others.opens_the_second
    yield others.SILENCE, 9, 0, others.leaves_second
    yield others.SILENCE + 3, 17, 0, others.nobody_reaches
    yield on(others.SILENCE + 4), 11, 0, others.is_reached
    yield on(others.SILENCE + 7), 11, 0, others.calls_the_mentor
    yield on(124), 14, 0, others.opens_the_third
    yield others.RETURN, 9, 0, others.leaves_third
    yield back, 11, 0, others.returns
    yield on(back + 14), 10, 0, others.stays_silent
    yield on(back + 14), 11, 0, others.reopens
    yield back + 59, 18, 0, others.nobody_hears_of_the_new_day
    yield on(silent_end.RELEASE - 6), 14, 0, silent_end.opens_the_fifth
    yield silent_end.RELEASE, 9, 0, silent_end.leaves_fifth
    yield silent_end.DEATH, 11, 0, silent_end.dies
    yield silent_end.DEATH + 15, 11, 0, silent_end.family_asks
    yield silent_end.DEATH + 15, 12, 0, oversight.clears_the_desks
