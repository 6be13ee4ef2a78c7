"""Functions of the database, read from a migrated one."""

import re
from typing import Any

from backend.settings import ROOT


async def test_every_function_of_the_database_is_called_by_something(catalog: Any) -> None:
    functions = await catalog.fetch(
        "SELECT proname AS name, prosrc AS text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    policies = await catalog.fetch(
        "SELECT concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) AS text"
        "  FROM pg_policy"
    )
    constraints = await catalog.fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint"
        " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    triggers = await catalog.fetch(
        "SELECT tgfoid::regproc::text AS name, pg_get_triggerdef(oid) AS text FROM pg_trigger"
        " WHERE NOT tgisinternal"
    )
    program = [
        path.read_text(encoding="utf-8")
        for folder in ("backend", "bots", "workflows")
        for path in (ROOT / folder).rglob("*.py")
    ]
    called = {row["name"] for row in triggers}
    for function in functions:
        others = [row["text"] for row in functions if row["name"] != function["name"]]
        word = re.compile(rf"\b{function['name']}\(")
        told = [row["text"] for row in (*policies, *triggers, *constraints)]
        if any(map(word.search, [*others, *told, *program])):
            called.add(function["name"])
    assert {row["name"] for row in functions} - called == set()
