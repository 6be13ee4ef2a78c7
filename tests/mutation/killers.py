"""Which tests judge a mutant, in the order in which they are most likely to notice.

The first that fails ends it. A mutant has survived when all that come by where it is, as the
unmutated program ran them, have passed; what is no line of the program has tests that are named.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.mutation.lines import places_of
from tests.mutation.mutants import ROOT, Mutant
from tests.mutation.records import Seen

# These start programs or servers of their own, look at no guard, or take minutes: a file's name,
# or that of a folder with all that is in it.
AWAY = frozenset(
    {
        *("admin", "backup", "sealing", "test_embedded.py"),
        *("test_migrate.py", "test_processes.py", "test_upgrades.py", "test_what_it_costs.py"),
        *("test_too_many_at_once.py", "test_run.py", "test_heartbeat.py", "test_up.py"),
        *("test_in_a_browser.py", "test_for_a_programmer.py", "test_logs.py", "test_once.py"),
        *("test_non_interference.py", "test_the_dynamics.py", "test_rotation.py"),
        *("test_audit_chain.py", "test_sheets.py", "test_passwords.py", "test_vault.py"),
        "test_leases.py",
    }
)
# The same of single tests.
LONG = (
    "tests/backend/test_not_yours.py::test_in_every_role_a_foreign_object_looks_like_none",
    "tests/backend/test_not_yours.py::test_an_id_that_is_none_looks_like_one_that_never_was",
    "tests/authz/test_the_walk.py::test_nobody_gets_further_than_their_line",
    "tests/backend/test_malformed.py::test_two_thousand_strange_requests",
    "tests/backend/test_the_short_way.py::test_the_short_way_and_the_long_way_leave_the_same",
    "tests/backend/test_tries.py::test_a_thousand_wrong_tries",
    "tests/backend/test_malformed.py::test_a_refusal_repeats_nothing_of_what_was_sent",
)
FOLDERS = ("tests", "tests/authz", "tests/backend", "tests/workflows")
WHOLE = ("tests/backend", "tests/authz")  # with the folders in them
GUARDS = ("tests/guards/test_matrix.py", "tests/guards/test_routes.py")

_KNOW = "tests/backend/test_what_others_may_know.py"
_ROWS = "tests/backend/test_row_security.py"
_ADDS = f"{_ROWS}::test_each_policy_for_changes_and_additions_stands_without_the_one_for_reads"
_AGENCYS = f"{_ROWS}::test_what_is_the_agencys_is_seen_and_written_by_its_own_in_their_own_name"
_OF_AGENCY = r" ON (complaint|incident|data_flow|outside_review) "
_OTHERS = f"{_ROWS}::test_nobody_adds_a_person_elsewhere_nor_a_wish_in_the_name_of_another"
_ACCOUNTS = "tests/backend/test_accounts_are_walled.py"
_RECOVERY = (
    "tests/backend/test_recovery_codes.py"
    "::test_a_code_is_seen_changed_and_deleted_by_its_holder_alone"
)
_ENDED = "tests/workflows/test_ends.py"
_WHOLE = "tests/workflows/test_whole_plans_go.py"
_LATE = (
    f"{_WHOLE}::test_the_jobs_delete_no_row_before_whatever_they_ask_for",
    f"{_WHOLE}::test_it_stays_for_a_reason_whatever_the_jobs_ask_for",
    f"{_WHOLE}::test_a_hold_on_somebody_else_keeps_nothing_of_this",
    "tests/backend/test_limits.py::test_the_jobs_see_and_delete_nothing_that_still_counts",
    f"{_ENDED}::test_the_jobs_delete_nothing_before_its_term_whatever_they_ask_for",
)
_OF_ACCOUNTS = (
    r" ON (session|refresh_token|device|factor|recovery_code|passkey|account_notice|once|staff"
    r"|account_invitation|duty_shift|entry_key|subject_key|actor|denial) "
)
_OF_WORKERS = tuple(
    f"tests/backend/test_{name}.py" for name in ("what_a_worker_sees", "what_a_mandate_opens")
)
_OF_HOT_READS = (
    *_OF_WORKERS,
    "tests/backend/test_mandates_at_their_edges.py",
    "tests/backend/flows/test_another_agency.py",
)
# A kind names files or tests, not folders: who picks among them asks for the file.
_ERASURE = tuple(
    f"tests/backend/erasure/test_{name}.py"
    for name in ("who_may", "what_is_gone", "like_nobody", "all_or_nothing", "holds")
)
BY_KIND: Mapping[str, Sequence[str]] = {
    "operation": (
        "tests/authz/test_the_walk.py::test_the_lines_and_the_program_agree_on_the_roles",
        "tests/backend/test_each_guard_alone.py",
        "tests/guards/test_matrix.py",
    ),
    "matrix": (
        *("tests/guards/test_matrix.py", "tests/authz/test_what_each_role_is_given.py"),
        *(_KNOW, "tests/backend/test_own_file.py", "tests/backend/test_auditor.py"),
        "tests/backend/test_walls.py",
    ),
    "policy": (
        f"{_ROWS}::test_each_role_reads_what_is_its_own_and_nothing_without_an_actor",
        *(_OTHERS, _AGENCYS),
        *(_ROWS, _ACCOUNTS),
        "tests/backend/courts/test_without_the_wall.py",
        "tests/backend/test_walls.py",
        *_ERASURE,
    ),
    "function": (
        f"{_KNOW}::test_the_rule_in_the_database_is_the_rule_in_the_program",
        "tests/backend/test_walls.py",
        f"{_ROWS}::test_each_role_reads_what_is_its_own_and_nothing_without_an_actor",
        *_OF_WORKERS,
        *_OF_HOT_READS,
        *(_ACCOUNTS, *_ERASURE),
        _KNOW,
    ),
}
# Of the functions that run as the owner: these are about it, by the beginning of its name.
_WAYS_IN = tuple(
    f"tests/backend/test_{name}.py"
    for name in (
        *("sign_in", "factors", "passkeys", "passkey_proofs", "recovery_codes"),
        "passkeys_are_asked_for",
        *("devices", "notices", "accounts"),
    )
)
_TOLD = "tests/backend/test_what_a_sign_in_is_told.py"
_REACHED = "tests/backend/test_what_an_administrator_reaches.py"
_WAYS = (_TOLD, _REACHED, _ACCOUNTS, *_WAYS_IN)
_PAPERS = ("tests/backend/test_entry_passes.py", "tests/backend/test_a_pass_is_its_holders.py")
_FLOWS = tuple(
    f"tests/backend/flows/test_{name}.py"
    for name in ("another_agency", "the_rule", "what_waits", "channels")
)
_ENDS = (
    *_ERASURE,
    *("tests/backend/test_voluntary.py", "tests/backend/test_second_person.py"),
    *("tests/backend/test_whose_wish_it_is.py", "tests/workflows/test_retain.py"),
)
_HOUSE = "tests/backend/test_what_an_agency_is_told.py"
_KEYS = "tests/backend/test_who_destroys_a_key.py"
_FORGOTTEN = "tests/backend/test_what_is_forgotten.py"
_ANSWERS = "tests/backend/test_what_the_owner_answers.py"
_GLASS = "tests/backend/test_glass_adds_nothing.py"
_ONCE = "tests/backend/test_terms_are_set_once.py"
_STEERS = "tests/backend/test_what_steers_the_jobs.py"
_TERMINAL = "tests/backend/test_what_is_set_at_the_terminal.py"
_TERMS = (
    *("tests/backend/test_destroyed_keys.py", "tests/workflows/test_retain.py"),
    "tests/backend/test_terms.py",
)
_AUDITOR = (_HOUSE, "tests/backend/test_auditor.py", "tests/backend/test_of_the_agency_alone.py")
OF_FUNCTION: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("account_", "my_account(", "holder_of(", "enter_by_", "is_still_"), _WAYS),
    **dict.fromkeys(("staff_of_", "has_second_", "sign_out_", "my_role("), _WAYS),
    "invitation_of(": (_REACHED, _ACCOUNTS),
    "spend_": (_TERMINAL, _REACHED, _ACCOUNTS),
    "count_refusal(": (_STEERS, "tests/backend/test_denials.py"),
    **dict.fromkeys(("try_pass(", "holder_of_pass("), (_REACHED, *_PAPERS)),
    "flow_groups(": ("tests/backend/flows/test_each_condition.py", *_FLOWS),
    **dict.fromkeys(("name_elsewhere(", "name_person("), (_ANSWERS, *_FLOWS)),
    "destroy_": (_KEYS, *_TERMS, *_ERASURE),
    "forget(": (_FORGOTTEN, *_TERMS, *_ERASURE),
    "cancel_without_": (_HOUSE, *_FLOWS),
    "is_invited(": (_TERMINAL,),
    "ripe_": (_ANSWERS, "tests/backend/test_a_wish_ripens_by_itself.py", *_ENDS),
    **dict.fromkeys(("is_held", "is_small(", "is_newborn("), (_ANSWERS, *_ENDS)),
    **dict.fromkeys(("consents_of_", "counts_of_", "holds_of_", "mandates_of_"), _AUDITOR),
    **dict.fromkeys(("plans_long_over(", "plans_past_proof(", "plans_held("), (_WHOLE,)),
    "drop_audit(": (_FORGOTTEN, _ENDED),
    "words_go(": ("tests/backend/erasure/test_typed_words.py",),
    "plans_by_glass(": (_GLASS,),
    "my_person_on(": ("tests/backend/test_whose_data_it_was.py",),
    "free_alias(": (_ANSWERS, "tests/backend/test_aliases.py"),
    **dict.fromkeys(("on_my_plans(", "reaches_key(", "my_house("), (_ACCOUNTS, *_OF_WORKERS)),
    "bars_me(": _OF_WORKERS,
    **dict.fromkeys(("my_mandates(", "my_people(", "my_plans("), _OF_WORKERS),
    **dict.fromkeys(("my_mandates_", "my_circle_"), _OF_HOT_READS),
}
# The restrictive ones, by their names.
OF_POLICY: Mapping[str, Sequence[str]] = {
    "jobs_": _LATE,
    "glass_": (_GLASS,),
    "member_is_new": (_ONCE,),
    **dict.fromkeys(("app_adds ON audit", "jobs_add ON audit"), (_STEERS,)),
    "app_adds ON actor": (_TERMINAL,),
    "jobs_hide_plain": ("tests/workflows/test_hide.py",),
    "app_adds ON member": (_ONCE,),
}
# What opens a session is asked by every request, and what becomes of a session is tried here.
SESSION = (
    "tests/backend/test_sign_in.py",
    "tests/backend/test_devices.py",
    "tests/backend/test_the_short_way.py",
)
# Of those that come by a guard or a statement: these are made for the wall in the program alone.
_YOURS, _ALONE = "tests/backend/test_not_yours.py", "tests/backend/test_the_program_alone.py"
FIRST = (
    f"{_ALONE}::test_every_read_says_the_same_whether_the_database_hides_rows_or_not",
    f"{_ALONE}::test_what_is_done_for_one_plan_leaves_every_other_as_it_was",
    f"{_YOURS}::test_the_program_refuses_by_itself_what_the_database_would_refuse_too",
    f"{_YOURS}::test_objects_that_a_body_names_are_looked_for_as_the_caller",
)
# These are made for whose a row is, statement by statement, and are quick.
BESIDE = (
    *("tests/backend/test_the_rows_beside.py", "tests/backend/test_who_is_of_the_circle.py"),
    *("tests/backend/test_what_a_read_leaves_out.py", "tests/backend/test_of_which_plan.py"),
    *("tests/backend/test_of_the_agency_alone.py", "tests/backend/test_whose_wish_it_is.py"),
    *("tests/backend/test_a_pass_is_its_holders.py", "tests/backend/test_whoever_works_there.py"),
    "tests/backend/test_who_joins_a_circle.py",
    "tests/backend/summaries/test_of_another_plan.py",
    "tests/backend/erasure/test_what_stays.py",
)
# What is left of a guard when neither a door nor the database stands before it, by its words.
_LEFT = "tests/backend/test_the_guards_of_a_plan.py"
LEFT: Mapping[str, Sequence[str]] = {
    "find_plan for every role": (
        f"{_LEFT}::test_a_mandate_of_another_role_is_as_good_as_none",
        f"{_LEFT}::test_a_row_of_a_plan_takes_a_mandate_on_it",
        f"{_LEFT}::test_what_only_a_page_asks_for_takes_its_mandate_too",
    ),
    "is None: never": (
        f"{_LEFT}::test_what_never_was_is_not_found",
        f"{_LEFT}::test_who_is_not_in_the_circle_is_told_nothing",
        f"{_LEFT}::test_a_row_that_goes_while_the_plan_is_waited_for_is_not_found",
    ),
}
# Of those that come by, these are about it: by the beginning of a mutant's name, all that fit.
ABOUT: Mapping[str, Sequence[str]] = {
    "backend/doors.py admit": ("tests/guards/test_routes.py",),
    "backend/doors.py _authenticate": (
        *("tests/guards/test_routes.py", "tests/backend/test_sign_in.py"),
        *("tests/backend/courts/test_proofs.py", "tests/backend/test_entry_passes.py"),
    ),
    "backend/doors.py _well_formed": (
        "tests/backend/test_malformed.py::test_only_json_is_taken",
        "tests/backend/test_malformed.py::test_a_query_that_is_unknown_doubled",
        "tests/backend/courts/test_alike.py",
        "tests/backend/test_http.py::test_a_method",
        "tests/backend/test_purposes.py::test_what_is_no_purpose",
        "tests/backend/pages/test_the_door.py",
    ),
    "backend/doors.py _take_purpose": ("tests/backend/test_purposes.py",),
    "backend/courts": ("tests/backend/courts",),
    "backend/accounts": ("tests/backend/test_accounts.py",),
    "backend/erasure": ("tests/backend/erasure",),
    "backend/files": ("tests/backend/test_own_file.py",),
    "backend/flows": ("tests/backend/flows",),
    "backend/incidents": ("tests/backend/test_incidents.py",),
    "backend/complaints": ("tests/backend/test_complaints.py",),
    "backend/plans/actions/finding.py": ("tests/backend/test_finding.py",),
    "backend/safety": ("tests/backend/test_safety.py",),
    "backend/messages": ("tests/test_first_contact.py",),
    "backend/pages": ("tests/backend/pages",),
    "backend/passkeys": (
        *("tests/backend/test_passkeys.py", "tests/backend/test_passkey_proofs.py"),
        "tests/backend/test_recovery_codes.py",
    ),
    "backend/staff": ("tests/backend/test_sign_in.py", "tests/backend/test_factors.py"),
    "backend/summaries": ("tests/backend/summaries",),
    "backend/walls": ("tests/backend/test_walls.py",),
}
_NAMED = (*BY_KIND.values(), *OF_FUNCTION.values(), BESIDE, FIRST, SESSION, _LATE)
EVERY = sorted({test for tests in _NAMED for test in tests})


def pool() -> list[str]:
    """The files whose tests judge; `MUTATION_TESTS` picks among them."""
    picked = re.compile(os.environ.get("MUTATION_TESTS", ""))
    found = {path for start in FOLDERS for path in (ROOT / start).glob("test_*.py")}
    found |= {path for start in WHOLE for path in (ROOT / start).rglob("test_*.py")}
    found |= {ROOT / file for file in GUARDS}
    names = [path.relative_to(ROOT) for path in found]
    near = (str(name) for name in names if AWAY.isdisjoint(name.parts))
    return sorted(name for name in near if picked.search(name))


def judging(mutants: Sequence[Mutant]) -> list[str]:
    """Of them the files that these mutants need: for the kinds with named tests, no other."""
    every = pool()
    if any(one.kind not in BY_KIND for one in mutants):
        return every
    named = {test.partition("::")[0] for one in mutants for test in BY_KIND[one.kind]}
    named |= {*SESSION, FIRST[0].partition("::")[0]}
    by_name = (*OF_FUNCTION.values(), *OF_POLICY.values())
    named |= {test.partition("::")[0] for tests in by_name for test in tests}
    return [file for file in every if file in named]


def judges(test: str, file: str) -> bool:
    return test.partition("::")[0] == file and not test.startswith(LONG)


class Killers:
    """What the unmutated program has shown of the tests, and what they have killed so far."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._seconds = {one.test: one.seconds for one in seen}
        self._breadth = {one.test: 1 + sum(map(len, one.lines.values())) for one in seen}
        self._by: dict[tuple[str, int], set[str]] = defaultdict(set)
        whole: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for one in seen:
            for file, lines in one.lines.items():
                whole[one.test.partition("::")[0]][file] |= set(lines)
        for one in seen:
            own = {file: set(lines) for file, lines in one.lines.items()}
            for file, ran in (whole[one.test.partition("::")[0]] if one.shared else own).items():
                for line in ran:
                    self._by[file, line].add(one.test)
        self._killed: dict[str, Counter[str]] = defaultdict(Counter)

    def has_killed(self, mutant: Mutant, test: str) -> None:
        self._killed[_near(mutant)][test] += 1

    def of(self, mutant: Mutant, budget: float) -> list[str]:
        """Until their seconds are used up; whoever has killed a neighbour is asked first."""
        order = self._named(mutant) if mutant.kind in BY_KIND else self._coming_by(mutant)
        before = [test for test, _ in self._killed[_near(mutant)].most_common(6)]
        here = set(order)
        order = list(dict.fromkeys([*[one for one in before if one in here], *order]))
        return list(self._within(order, budget))

    def _within(self, order: Sequence[str], budget: float) -> Iterator[str]:
        spent = 0.0
        for test in order:
            yield test
            spent += self._seconds[test]
            if spent > budget:
                return

    def _named(self, mutant: Mutant) -> list[str]:
        named = list(BY_KIND[mutant.kind])
        if mutant.kind == "policy" and not mutant.name.startswith("app_reads"):
            named = [_ADDS, *named]
        if mutant.kind == "policy" and re.search(_OF_AGENCY, mutant.name):
            named = [_AGENCYS, *named]
        if mutant.kind == "policy" and re.search(_OF_ACCOUNTS, mutant.name):
            named = [_ACCOUNTS, _RECOVERY, *named]
        about = {"function": OF_FUNCTION, "policy": OF_POLICY}.get(mutant.kind, {})
        for start, tests in about.items():
            if mutant.name.startswith(start):
                named = [*tests, *named]
        if mutant.name.startswith("enter("):
            named = [*SESSION, FIRST[0]]
        found = []
        for start in named:
            found += [one for one in self._seconds if one == start or one.startswith(start + "::")]
            found += [one for one in self._seconds if one.startswith(start + "[")]
        return list(dict.fromkeys(found))

    def _coming_by(self, mutant: Mutant) -> list[str]:
        found: set[str] = set()
        for places in places_of(mutant):
            for file, first, last in places:
                for line in range(first, last + 1):
                    found |= self._by.get((file, line), set())
            if found:
                break
        about = tuple(
            one for start in ABOUT if mutant.name.startswith(start) for one in ABOUT[start]
        )

        def late(test: str) -> float:
            near = 0.1 if test.startswith(about) else 1
            return float(near * self._seconds[test] * self._breadth[test] ** 0.5)

        starts: Sequence[str] = (*BESIDE, *FIRST) if mutant.kind == "statement" else ()
        if mutant.kind == "guard":
            starts = [one for words in LEFT if words in mutant.name for one in LEFT[words]]
        order = sorted(found, key=late)
        begun = [test for start in starts for test in order if test.startswith(start)]
        return list(dict.fromkeys([*begun, *order]))

    def seconds(self, tests: Sequence[str]) -> float:
        return sum(self._seconds[test] for test in tests)


def _near(mutant: Mutant) -> str:
    """What one test is likely to notice all of: a file, a kind of policy, a function."""
    return mutant.file or re.split(r"[ (]", mutant.name)[0]
