"""Mutants of the database, from its own catalogue: every policy, and the functions they ask."""

from collections.abc import AsyncIterator
from typing import Any

from tests.mutation.conditions import opened
from tests.mutation.mutants import Mutant

POLICIES = """
SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies
 WHERE schemaname = 'public' AND roles && '{throughcare_app,throughcare_worker}' ORDER BY 1, 2
"""
# What the policies ask as whoever asks. What runs as the owner is a wall whoever calls it.
ASKED = (
    *("is_barred", "reaches_key", "sees", "my_mandates"),
    *("plans_long_over", "plans_past_proof", "plans_held"),
)
FUNCTIONS = """
SELECT p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS body
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public'
 WHERE p.prosecdef OR p.proname = ANY ($1) ORDER BY 1
"""


async def of_database(held: Any) -> AsyncIterator[Mutant]:
    for row in await held.fetch(POLICIES):
        for clause, said in (("USING", row["qual"]), ("WITH CHECK", row["with_check"])):
            if said not in {None, "true"}:
                place = f"{row['policyname']} ON {row['tablename']}"
                sql = f"ALTER POLICY {place} {clause} (true)"
                yield Mutant("policy", f"{place} {clause} true", sql=sql)
    for row in await held.fetch(FUNCTIONS, list(ASKED)):
        head, mark, rest = row["body"].partition("$function$")
        body, end, _ = rest.rpartition("$function$")
        for said, whole in opened(body):
            name = f"{row['name']}: any row for {said}"
            yield Mutant("function", name, sql=head + mark + whole + end)
