"""Who changes which row, says what of it, and is told what of its history: every case there is."""

from itertools import product

from backend.plans.rules import changes, may_say, tells

WORKERS = ("SW", "CO")
OTHERS = ("PO", "PS", "TR", "CP", "CS", "ME", "FA", "PE", "AD", "AU")
STATES = (
    *("dormant", "planned", "in_progress", "done"),
    *("not_needed", "declined", "not_possible", "cancelled"),
)


def test_the_workers_are_told_everything_and_say_everything() -> None:
    for role, state in product(WORKERS, STATES):
        assert tells(role, {"kind": "said", "role": "FA", "after": state})
        assert tells(role, {"kind": "state", "role": "SW", "after": state})
        assert may_say(role, state, "health", dates=True, tick=True)
        assert changes(role, {"owner": "TR", "pathway": "VOC"})


def test_others_are_told_what_services_did_and_never_what_was_refused_or_only_offered() -> None:
    told = {
        (kind, by, after)
        for kind, by, after in product(("said", "state", "date"), (*WORKERS, *OTHERS), STATES)
        if tells("TR", {"kind": kind, "role": by, "after": after})
    }
    services = ("SW", "CO", "PO", "PS", "TR", "CP")
    expected = set(product(("state", "date"), services, ("in_progress", "done")))
    expected |= set(product(("date",), services, ("planned",)))
    assert told == expected
    for role in OTHERS:
        assert not tells(role, {"kind": "state", "role": "SW", "after": "declined"})


def test_a_row_is_changed_by_its_owner_and_supervision_by_probation_alone() -> None:
    for role, owner, pathway in product(OTHERS, OTHERS, ("PRB", "VOC")):
        row = {"owner": owner, "pathway": pathway}
        expected = pathway == "PRB" if role == "PO" else owner == role
        assert changes(role, row) is expected, (role, row)


def test_a_service_says_its_own_part_and_probation_no_wish() -> None:
    said = (None, *STATES)
    causes = (None, "service_side", "health", "legal", "other")
    for role, state, cause, dates, tick in product(
        OTHERS, said, causes, (False, True), (False, True)
    ):
        wish = tick or state in {"declined", "planned"}
        own = state in {"in_progress", "done", "not_possible"} and not dates
        blames_nobody = cause in {None, "service_side"}
        expected = not wish and (role == "PO" or (own and blames_nobody))
        found = may_say(role, state, cause, dates=dates, tick=tick)
        assert found is expected, (role, state, cause, dates, tick)
