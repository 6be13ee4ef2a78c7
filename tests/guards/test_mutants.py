"""The round of mutants goes on finding what it takes away, and what should notice is there.

The round itself takes tens of minutes: `./run test -m mutation`.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from backend.access import OPERATIONS
from backend.matrix import MATRIX
from backend.settings import ROOT
from tests.mutation.conditions import opened
from tests.mutation.equivalents import EQUIVALENT, UNASKED
from tests.mutation.forks import noticed_twice
from tests.mutation.judge import of_program
from tests.mutation.killers import EVERY

# Fewer of a kind than were found when this was written: a generator that finds nothing passes.
AT_LEAST = {"guard": 110, "rule": 200, "statement": 200, "operation": 39, "matrix": 50}
MUTANTS = of_program()
# Its names are those of policies and conditions in the database, which no test here starts.
OF_DATABASE = re.compile(r"app_(reads|adds|changes) ON |\w+\([\w ,\[\]]*\): any row for ")


def test_mutants_of_every_kind_are_found() -> None:
    found = Counter(one.kind for one in MUTANTS)
    assert found.keys() == AT_LEAST.keys()
    for kind, least in AT_LEAST.items():
        assert found[kind] >= least, kind


def test_every_mutant_compiles_changes_something_and_has_a_name_of_its_own() -> None:
    assert len({one.name for one in MUTANTS}) == len(MUTANTS)
    whole: dict[str, str] = {}
    for one in MUTANTS:
        if one.file not in whole:
            text = (ROOT / one.file).read_text(encoding="utf-8")
            whole[one.file] = ast.dump(ast.parse(text))
        assert ast.dump(ast.parse(one.source)) != whole[one.file], one.name


def test_each_call_of_require_and_each_line_of_the_two_tables_has_its_mutant() -> None:
    calls = 0
    for path in (ROOT / "backend").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                function = node.value.func
                calls += isinstance(function, ast.Name) and function.id == "require"
    gone = [one for one in MUTANTS if one.kind == "guard" and ": no require(" in one.name]
    assert len(gone) == calls > 40
    opened_groups = {one.name for one in MUTANTS if one.name.endswith(": read by everybody")}
    assert opened_groups == {f"backend/matrix.py {name}: read by everybody" for name in MATRIX}
    wider = {one.name.split()[1].rstrip(":") for one in MUTANTS if one.kind == "operation"}
    own = {"prove", "changePassword", "listDevices", "endDevice", "signOutEverywhere"}
    own |= {"askPasskeyProof", "proveWithPasskey", "renewRecoveryCodes"}
    own |= {"listPasskeys", "enrolPasskey", "confirmPasskey", "endPasskey"}
    own |= {"listNotices", "seeNotices", "enrolFactor", "confirmFactor"}
    assert wider - {"own"} == OPERATIONS.keys() - own


def test_what_is_said_to_be_asked_by_nothing_is_asked_by_nothing() -> None:
    assert MATRIX.keys() >= UNASKED
    asks = re.compile(r"(?:\b(?:of|readers|cell)\(|group=)[^)\n]*?\"([a-z ]+)\"")
    for folder in ("backend", "bots", "workflows"):
        for path in (ROOT / folder).rglob("*.py"):
            asked = set(asks.findall(path.read_text(encoding="utf-8")))
            assert not asked & UNASKED, (path, asked & UNASKED)


def test_conditions_of_a_statement_are_opened_one_by_one() -> None:
    sql = "SELECT 1 FROM a WHERE a.x = $1 AND (a.y IS NULL OR a.z BETWEEN 1 AND 2) ORDER BY 1"
    assert [said for said, _ in opened(sql)] == [
        "a.x = $1",
        "(a.y IS NULL OR a.z BETWEEN 1 AND 2)",
    ]
    for _, whole in opened(sql):
        assert whole.count("OR true)") == 1
    named = "SELECT a.x > 1 AND (a.y IS NULL OR a.y > $1) AS opens FROM a"
    assert [said for said, _ in opened(named)] == ["(a.y IS NULL OR a.y > $1)"]
    counted = "SELECT a.x AND (SELECT 1) <= 2 FROM a WHERE a.y IS DISTINCT FROM $1"
    assert [said for said, _ in opened(counted)] == ["(SELECT 1) <= 2", "a.y IS DISTINCT FROM $1"]


def test_who_fails_once_and_not_again_alone_has_noticed_nothing(tmp_path: Path) -> None:
    ending, fails = tmp_path / "ending", Counter({"slow": 1, "sure": 2})
    left: list[str] = []  # by a test that failed, in the way of the next

    def run(tests: Sequence[str]) -> int:
        for test in tests:
            if fails[test] or left:
                fails[test] -= 1
                left.append(test)
                ending.write_text(json.dumps({"test": test}), encoding="utf-8")
                return 1
        return 0

    assert noticed_twice(["blind", "slow", "sure"], run, ending, left.clear) == 1
    assert json.loads(ending.read_text(encoding="utf-8")) == {"test": "sure"}
    left.clear()
    fails["slow"] = 1
    assert noticed_twice(["slow", "blind"], run, ending, left.clear) == 0
    too_long = -1
    assert noticed_twice(["blind"], lambda _: too_long, ending, left.clear) == too_long


def test_what_judges_them_is_there() -> None:
    for test in EVERY:
        file, _, name = test.partition("::")
        assert (ROOT / file).exists(), test
        if name:
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_what_was_reviewed_as_equivalent_is_still_generated_and_has_a_reason() -> None:
    names = {one.name for one in MUTANTS}
    for name, why in EQUIVALENT.items():
        assert name in names or OF_DATABASE.match(name), name
        assert why.endswith("."), name
