"""Which tests judge a mutant, in the order in which they are most likely to notice.

The first that fails ends it. A mutant has survived when all of its kind's have passed.
"""

from collections.abc import Sequence

from tests.mutation.mutants import Mutant

_YOURS = "tests/backend/test_not_yours.py"
_KNOW = "tests/backend/test_what_others_may_know.py"
_WALK = "tests/authz/test_the_walk.py"
_ROWS = "tests/backend/test_row_security.py"
_ADDS = f"{_ROWS}::test_each_policy_for_changes_and_additions_stands_without_the_one_for_reads"
_OTHERS = f"{_ROWS}::test_nobody_adds_a_person_elsewhere_nor_a_wish_in_the_name_of_another"
_FLOWS = "tests/backend/test_flows.py"
_DIRECT = "tests/backend/test_each_guard_alone.py"
_SAID = "tests/backend/test_what_may_be_said.py"
_PLACES = (
    f"{_DIRECT}",
    f"{_YOURS}::test_a_member_of_the_plan_is_refused_only_the_operations_of_other_roles",
    f"{_YOURS}::test_the_program_refuses_by_itself_what_the_database_would_refuse_too",
    f"{_YOURS}::test_objects_that_a_body_names_are_looked_for_as_the_caller",
)
BY_KIND: dict[str, Sequence[str]] = {
    "operation": (
        f"{_WALK}::test_the_lines_and_the_program_agree_on_the_roles",
        "tests/guards/test_matrix.py",
    ),
    "matrix": (
        "tests/guards/test_matrix.py",
        f"{_KNOW}::test_a_coordinator_knows_who_is_in_the_circle_but_no_relative_by_name",
        "tests/backend/test_walls.py",
        _FLOWS,
    ),
    "policy": (
        f"{_ROWS}::test_each_role_reads_what_is_its_own_and_nothing_without_an_actor",
        _OTHERS,
        _ROWS,
        "tests/backend/courts/test_without_the_wall.py",
        f"{_FLOWS}::test_the_walls_of_the_registry_stand_alone",
    ),
    "function": (
        f"{_KNOW}::test_the_rule_in_the_database_is_the_rule_in_the_program",
        "tests/backend/test_walls.py",
        f"{_ROWS}::test_each_role_reads_what_is_its_own_and_nothing_without_an_actor",
        "tests/backend/test_sign_in.py",
        f"{_FLOWS}::test_without_an_entry_a_plan_of_another_agency_is_as_if_it_never_was",
    ),
}
# By the beginning of a file's name; the longest that fits.
BY_FILE: dict[str, Sequence[str]] = {
    "backend/access.py": (
        *_PLACES,
        "tests/backend/test_walls.py",
        "tests/backend/test_versions.py",
        _FLOWS,
    ),
    "backend/agencies": (*_PLACES, "tests/backend/test_agencies.py"),
    "backend/alerts": (*_PLACES, "tests/backend/test_walls.py", "tests/test_whose_it_is.py"),
    "backend/appointments": (*_PLACES, _KNOW, "tests/test_appointments.py"),
    "backend/audit": (*_PLACES, "tests/backend/test_audit.py"),
    "backend/circles": (*_PLACES, _KNOW, "tests/test_family.py"),
    "backend/consents": (
        *_PLACES,
        "tests/test_family.py",
        "tests/test_a_yes_comes_first.py",
        _FLOWS,
    ),
    "backend/courts": (*_PLACES, "tests/backend/courts"),
    "backend/courts/rules.py": (
        "tests/backend/courts/test_proofs.py",
        "tests/backend/courts/test_signing_in_by_key.py",
    ),
    "backend/doors.py": (
        "tests/guards/test_routes.py",
        "tests/backend/test_purposes.py",
        "tests/backend/test_malformed.py",
        "tests/backend/test_http.py",
    ),
    "backend/flows": (*_PLACES, _FLOWS),
    "backend/matrix.py": BY_KIND["matrix"],
    "backend/messages": (*_PLACES, "tests/test_first_contact.py", "tests/backend/pages", _FLOWS),
    "backend/pages": (_DIRECT, "tests/backend/pages"),
    "backend/plans": (*_PLACES, "tests/backend/test_plans.py", _KNOW, _FLOWS),
    "backend/plans/rules.py": (_SAID, _KNOW),
    "backend/reference.py": ("tests/guards/test_routes.py", "tests/backend/test_http.py"),
    "backend/plans/actions/finding.py": (*_PLACES, "tests/backend/test_finding.py"),
    "backend/safety": (*_PLACES, "tests/backend/test_safety.py"),
    "backend/staff": (
        "tests/backend/test_sign_in.py",
        "tests/backend/test_factors.py",
        "tests/backend/test_devices.py",
        "tests/backend/test_tries.py",
        "tests/guards/test_routes.py",
    ),
    "backend/summaries": (*_PLACES, "tests/backend/summaries", "tests/backend/courts", _FLOWS),
    "backend/summaries/rules.py": ("tests/backend/summaries/test_rules.py",),
    "backend/walls": (*_PLACES, "tests/backend/test_walls.py"),
    "backend/actors": ("tests/backend/test_destroyed_keys.py",),
}
EVERY = sorted({test for tests in (*BY_KIND.values(), *BY_FILE.values()) for test in tests})


def killers_of(mutant: Mutant) -> Sequence[str]:
    if mutant.kind == "policy" and not mutant.name.startswith("app_reads"):
        return (_ADDS, _OTHERS, *BY_KIND["policy"])
    if mutant.kind in BY_KIND:
        return BY_KIND[mutant.kind]
    fits = [start for start in BY_FILE if mutant.file.startswith(start)]
    return BY_FILE[max(fits, key=len)] if fits else (*_PLACES, _WALK)
