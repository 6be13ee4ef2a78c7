"""Which rows become facts; no database. The property is the one that must never break."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.summaries.content import Fact, Period, canonical
from backend.summaries.rules import DUTY, MISSED, Material, facts_of, heard
from backend.summaries.sources import Settled
from backend.summaries.wording import words
from backend.templates.reading import standard

FIRST, LAST = date(2031, 1, 1), date(2031, 6, 30)
PERIOD = Period(FIRST, LAST)
INSIDE, BEFORE, AFTER = date(2031, 3, 3), date(2030, 12, 31), date(2031, 7, 1)
EN = words("en")
TEMPLATE = {one.code: asdict(one) for one in standard().rows}
CAUSES = ("service_side", "legal", "health", "other")
# How a row looks that nobody ever spoke of, and the ways in which it can come to nothing.
NOTHING = ("dormant", "declined", "not_needed", "cancelled")
STATES = (*NOTHING, "planned", "in_progress", "done", "not_possible")


def a_row(code: str, state: str = "planned", **values: Any) -> dict[str, Any]:
    return {
        **TEMPLATE[code],
        "state": state,
        "cause": None,
        "due_on": None if state == "dormant" else INSIDE,
        "done_on": INSIDE if state == "done" else None,
        "said_by": None,
        "show_court": False,
        "cycle": 0,
        **values,
    }


def material(*rows: dict[str, Any], **values: Any) -> Material:
    return Material(
        **{
            "milestones": rows,
            "settled": {},
            "cycles": {},
            "stopped": {row["code"]: INSIDE for row in rows if row["state"] == "not_possible"},
            "contacts": {},
            "appointments": {},
            "supervision": True,
            "left_custody": True,
            **values,
        }
    )


def facts(*rows: dict[str, Any], **values: Any) -> list[Fact]:
    return facts_of(material(*rows, **values), PERIOD, EN)


def told(*rows: dict[str, Any], **values: Any) -> list[str]:
    return [fact.text for fact in facts(*rows, **values)]


def test_a_core_row_that_needs_nobodys_yes_is_told_once_it_is_done() -> None:
    assert told(a_row("HOU-05", "done")) == ["Housed on the first night"]
    assert told(a_row("HOU-05")) == []
    assert told(a_row("HOU-05", done_on=INSIDE)) == []  # it was done once, and is begun anew
    assert told(a_row("HOU-05", "done", kind="V")) == []  # nobody's yes, but of the core no row


def test_a_fact_says_what_shows_it_and_an_obstacle_that_it_is_on_record() -> None:
    of_evidence = {one["evidence"]: one["code"] for one in TEMPLATE.values() if one["code"] in EN}
    assert len(of_evidence) > 2
    for evidence, code in of_evidence.items():
        for fact in facts(a_row(code, "done", show_court=True, court="Y")):
            assert fact.source.endswith(EN["source:" + evidence]), code
    (stopped,) = facts(a_row("PRB-06", "not_possible", cause="service_side"))
    assert TEMPLATE["PRB-06"]["evidence"] != "record"
    assert stopped.source.endswith(EN["source:record"])


@pytest.mark.parametrize("code", ["VOC-06", "VOC-12", "HOU-04", "IDD-02", "JUV-02", "UNP-01"])
def test_what_the_person_chose_is_told_only_with_their_tick(code: str) -> None:
    assert told(a_row(code, "done")) == []
    assert told(a_row(code, "done", show_court=True)) == [EN[code]]
    assert told(a_row(code, "in_progress", show_court=True)) == []


@pytest.mark.parametrize("code", ["CNS-02", "CNS-05", "CNS-06", "CNS-08", "CNS-11", "CNS-12"])
def test_counselling_never_reaches_the_court_whatever_is_ticked(code: str) -> None:
    for court in ("Y", "A"):
        row = a_row(code, "done", show_court=True, court=court, kind="O", agree="-")
        assert told(row, cycles={code: [(INSIDE, "ME")]}) == []
        # not for want of words either
        assert told({**row, "code": "HOU-05"}, cycles={"HOU-05": [(INSIDE, "ME")]}) == []


def test_rows_that_the_template_keeps_from_courts_are_kept_even_when_ordered() -> None:
    kept = [row for row in TEMPLATE.values() if row["court"] == "N"]
    assert len(kept) > 60
    for row in kept:
        held = a_row(row["code"], "done", show_court=True, kind="O")
        assert told(held) == []
        assert told({**held, "code": "HOU-05"}) == []  # not for want of words either
        stopped = {**held, "code": "HOU-05", "state": "not_possible", "cause": "service_side"}
        assert told(stopped, stopped={"HOU-05": INSIDE}) == []


@pytest.mark.parametrize("state", NOTHING)
def test_a_declined_or_sleeping_milestone_never_reaches_the_court(state: str) -> None:
    for code in ("PRB-05", "VOC-06", "HOU-05", "MEN-09", "MEN-10"):
        assert told(a_row(code, state, show_court=True)) == []


def test_an_ordered_row_is_told_open_only_when_it_fell_due_in_the_period() -> None:
    assert told(a_row("PRB-05")) == [
        "Ordered and still open: Conditions explained in plain language"
    ]
    assert told(a_row("PRB-05", due_on=AFTER)) == []
    assert told(a_row("PRB-05", court="A")) == []  # an open row has a day
    assert told(a_row("PRB-05", "done")) == ["Conditions explained in plain language"]


def test_an_ordered_row_after_release_is_not_open_while_the_person_has_not_left() -> None:
    assert told(a_row("PRB-08"), left_custody=False) == []
    assert len(told(a_row("PRB-08"), left_custody=True)) == 1


def test_a_summary_does_not_report_on_summaries() -> None:
    assert told(a_row("PRB-10", "done"), a_row("PRB-12")) == []
    assert told({**a_row("PRB-10", "done"), "code": "HOU-05"}) == []  # not for want of words either


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_what_was_done_outside_the_period_belongs_to_another_summary(day: date) -> None:
    assert told(a_row("HOU-05", "done", done_on=day)) == []


def test_only_a_cause_on_the_side_of_the_service_is_an_obstacle() -> None:
    for cause in CAUSES:
        stopped = a_row("PRB-06", "not_possible", cause=cause)
        assert len(told(stopped)) == (cause == "service_side")
    assert told(a_row("PRB-06", "not_possible", cause="service_side")) == [
        EN["obstacle"].format(title=EN["PRB-06"])
    ]


def test_an_obstacle_says_its_day_only_where_a_court_may_know_days() -> None:
    stopped = a_row("PRB-06", "not_possible", cause="service_side")
    assert [fact.on for fact in facts(stopped)] == [INSIDE]
    assert [fact.on for fact in facts({**stopped, "court": "A"})] == [LAST]
    for day in (BEFORE, AFTER):
        assert told(stopped, stopped={"PRB-06": day}) == []
    again = a_row("PRB-06", "in_progress", cause="service_side", due_on=AFTER)
    assert told(again, stopped={"PRB-06": INSIDE}) == []


def test_what_is_counted_once_is_counted_when_it_was_done_in_the_period() -> None:
    once = a_row("MEN-08", "done", show_court=True, court="A", repeat_days=None)
    assert [fact.count for fact in facts(once)] == [1]
    assert told({**once, "done_on": BEFORE}) == []
    assert told({**once, "state": "in_progress"}) == []


def test_a_voluntary_part_that_the_service_could_not_give_needs_the_tick_too() -> None:
    stopped = a_row("VOC-03", "not_possible", cause="service_side")
    assert told(stopped) == []
    assert len(told({**stopped, "show_court": True})) == 1


def test_of_some_rows_a_court_may_know_the_number_and_no_day() -> None:
    row = a_row("MEN-10", "planned", repeat_days=7, show_court=True)
    days = [BEFORE, INSIDE, INSIDE + timedelta(7), AFTER]
    (fact,) = facts(
        row,
        a_row("MEN-08", "done", show_court=True),
        cycles={"MEN-10": [(day, "ME") for day in days]},
    )
    assert (fact.text, fact.count, fact.on) == ("Contacts with a mentor: 3", 3, LAST)


def test_contacts_are_counted_by_role_for_those_on_duty() -> None:
    roles = ("SW", "PO", "CO", "PS", "ME", "FA", "TR", "CP", "CS", "PE")
    counts = dict.fromkeys(roles, 2)
    assert [(fact.source_role, fact.count) for fact in facts(contacts=counts)] == [
        (role, 2) for role in DUTY
    ]


def test_what_the_service_cancelled_never_counts_as_missed() -> None:
    counts = {
        ("PO", "attended"): 12,
        ("PO", "cancelled_by_service"): 1,
        ("PO", "rescheduled"): 1,
        ("PO", "scheduled"): 4,
    }
    kept, cancelled = facts(appointments=counts)
    assert (kept.kind, kept.count, kept.of) == ("count", 12, 12)
    assert (cancelled.kind, cancelled.count) == ("obstacle", 1)
    (missed, _) = facts(appointments={**counts, ("PO", "missed_with_reason"): 1})
    assert missed.text == "Appointments with the probation service kept: 12 of 13"


def test_without_an_order_only_kept_appointments_are_told() -> None:
    counts = {("PO", "attended"): 2, ("PO", "missed_no_contact"): 5}
    assert told(appointments=counts, supervision=False) == [
        "Appointments with the probation service kept: 2"
    ]


@pytest.mark.parametrize("role", ["CP", "TR", "SW", "PS"])
def test_appointments_with_others_are_nobodys_business(role: str) -> None:
    assert told(appointments={(role, state): 3 for state in ("attended", *MISSED)}) == []


def test_good_news_come_first_and_facts_are_numbered() -> None:
    found = facts(
        a_row("PRB-05"),
        a_row("PRB-06", "not_possible", cause="service_side"),
        a_row("HOU-05", "done", done_on=INSIDE + timedelta(3)),
        a_row("VOC-06", "done", show_court=True),
        contacts={"SW": 1},
        appointments={("PO", "attended"): 1},
    )
    assert [fact.id for fact in found] == ["F1", "F2", "F3", "F4", "F5", "F6"]
    assert [fact.kind for fact in found] == ["done", "done", "count", "count", "open", "obstacle"]
    assert found[0].text == EN["VOC-06"]
    assert all(fact.source and fact.source_role and fact.on for fact in found)


def test_a_row_without_fixed_words_reaches_no_court() -> None:
    row = {**a_row("HOU-05", "done"), "code": "HOU-99", "title": "Moved to a named street"}
    assert told(row) == []


def test_the_title_of_a_row_is_not_what_a_court_reads() -> None:
    row = {**a_row("HOU-05", "done"), "title": "Moved to a named street"}
    assert told(row) == ["Housed on the first night"]


def test_who_tapped_cannot_be_told_from_a_fact() -> None:
    plain = facts(a_row("MEN-09", "done"))
    assert canonical(facts(a_row("MEN-09", "done", said_by="ME"))) == canonical(plain)
    assert plain[0].source_role == "SW"


def test_what_somebody_says_by_chat_is_no_fact_where_the_template_asks_for_more() -> None:
    for code in ("HOU-05", "MEN-09", "IDD-04", "PRB-08"):
        claimed = facts(a_row(code, "done"), settled={code: Settled("ME", "said")})
        assert claimed == []
        assert len(facts(a_row(code, "done"), settled={code: Settled("SW", "act")})) == 1


@pytest.mark.parametrize(
    ("code", "settled", "source"),
    [
        ("MEN-09", Settled("PO", "act"), "probation service, contact log"),
        ("HOU-05", Settled("SW", "provider"), "social service, confirmed by the service concerned"),
        ("HOU-05", Settled("SW", "document"), "social service, document seen"),
        ("IDD-04", Settled("PS", "document"), "release desk, signed receipt"),
        ("IDD-04", Settled("SW", "act"), "social service, record of the service"),
        ("HOU-05", Settled("CP", "act"), "social service, form on file"),
    ],
)
def test_a_fact_says_who_knows_it_and_how(code: str, settled: Settled, source: str) -> None:
    (fact,) = facts(a_row(code, "done"), settled={code: settled})
    assert fact.source == source
    assert source.startswith(EN[f"role:{fact.source_role}"])


def test_what_a_mentor_says_is_counted_as_theirs_and_what_a_worker_knows_as_the_workers() -> None:
    row = a_row("MEN-10", "planned", repeat_days=7, show_court=True)
    days = [(INSIDE, "ME"), (INSIDE + timedelta(7), "SW"), (INSIDE + timedelta(14), "ME")]
    found = facts(row, cycles={"MEN-10": days})
    assert [(fact.source_role, fact.count) for fact in found] == [("ME", 2), ("SW", 1)]
    course = a_row("VOC-05", "done", show_court=True)
    assert facts(course, settled={"VOC-05": Settled("ME", "said")}) == []


def _for_courts(row: dict[str, Any]) -> bool:
    """The rule once more in other words: ordered, or asked of everybody, or ticked."""
    if row["court"] == "N" or row["pathway"][:3] == "CNS" or row["evidence"] == "summary":
        return False
    return row["show_court"] or (row["kind"], row["agree"]) == ("C", "-") or row["kind"] == "O"


# Made once and not for each row: a strategy that is made looks at itself first.
codes = st.lists(st.sampled_from(sorted(TEMPLATE)), unique=True, max_size=40)
states, causes, either = st.sampled_from(STATES), st.sampled_from(CAUSES), st.booleans()
nothing, said_by = st.sampled_from(NOTHING), st.sampled_from([None, "ME", "FA"])


@st.composite
def rows_in_any_state(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        a_row(
            code,
            state := draw(states),
            cause=draw(causes) if state == "not_possible" else None,
            show_court=draw(either),
        )
        for code in draw(codes)
    ]


@given(st.data())
def test_declined_and_never_offered_give_equal_bytes(data: st.DataObject) -> None:
    rows = data.draw(rows_in_any_state())
    cycles = {row["code"]: [(INSIDE, "ME")] for row in rows if row["repeat_days"]}
    twins = []
    for row in rows:
        if _for_courts(row) and row["state"] not in NOTHING:
            twins.append({**row, "said_by": data.draw(said_by)})
        elif _for_courts(row):
            twins.append({**row, "state": data.draw(nothing)})
        elif data.draw(either):
            # of what the court may not know, anything may have become, or the row be away
            state = data.draw(states)
            cause = "service_side" if state == "not_possible" else None
            twins.append(a_row(row["code"], state, cause=cause))
    roles = st.sampled_from(["ME", "FA", "TR", "CP", "CS", "PE"])
    noise = {data.draw(roles): 5}
    held = {"SW": 2}
    one = facts(*rows, cycles=cycles, contacts=held, left_custody=True)
    other = facts(*data.draw(st.permutations(twins)), cycles=cycles, contacts={**held, **noise})
    assert canonical(one) == canonical(other)


def test_one_reading_or_three_tries_on_three_days_let_a_summary_be_issued() -> None:
    def reading(kind: str, day: int) -> dict[str, Any]:
        return {"kind": kind, "read_on": date(2031, 7, day), "language": "fr", "role": "SW"}

    assert heard([]) is None
    assert heard([reading("tried", 1), reading("tried", 1), reading("tried", 2)]) is None
    tries = heard([reading("tried", day) for day in (1, 2, 3)])
    assert tries is not None
    assert (tries.read, len(tries.tried_on)) == (None, 3)
    read = heard([*(reading("tried", day) for day in (1, 2, 3)), reading("read", 4)])
    assert read is not None
    assert read.read is not None
    assert (read.read.on, read.tried_on) == (date(2031, 7, 4), [])
