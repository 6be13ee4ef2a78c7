"""What the walls cost: the bare query, the same behind session and row policies, and the audit row.

All three are pgbench with the same SQL on the same rows, in turns. Bare is the query alone, as a
superuser, whom no policy looks at, with the mandates of one reader read plainly. Behind walls it is
the function that the API calls, without its audit row: session, scope, walls, policies. The audit
row of the read is stated apart. What is compared is processor time of the server for one client,
so that nobody waits for a core; its rates stand beside it, and on a machine that others use they
differ by a fifth for no reason of ours.
"""

import asyncio
import re
import statistics
from collections import defaultdict

import asyncpg

from benchmarks import limits
from benchmarks.office import LOGIN, Office, an_office

ROUNDS, SECONDS = 15, 2.0  # a shared machine changes its pace within seconds
MOST = 0.5  # the walls cost at most half of what the bare query takes
READS = {"caseload": "read_caseload_by_flow", "plan": "read_plan_by_flow"}
QUERIES = {"caseload": "caseload_by_flow", "plan": "plan_by_flow"}
PLAIN = """(SELECT x.plan, x.person, x.role, x.starts, x.glass IS NOT NULL AS glass,
    NULL::text[] AS groups, (SELECT k.wrapped FROM subject_key k WHERE k.id = x.person) AS wrapped
    FROM mandate x WHERE x.actor = '{reader}' AND x.starts <= now()
      AND (x.ends IS NULL OR x.ends > now()))"""
CIRCLE = """(SELECT x.person, x.role, x.starts, x.glass IS NOT NULL AS glass,
    NULL::text[] AS groups, (SELECT k.wrapped FROM subject_key k WHERE k.id = x.person) AS wrapped,
    q.* FROM mandate x CROSS JOIN LATERAL (
        SELECT array_agg(c.id) AS ids, array_agg(c.version) AS versions,
               array_agg(c.actor) AS actors, array_agg(c.role) AS roles,
               array_agg(c.starts) AS began, array_agg(c.glass IS NOT NULL) AS glasses,
               array_agg(k.wrapped) AS keys, array_agg(f.alias) AS aliases
          FROM mandate c LEFT JOIN staff f ON f.id = c.actor
          LEFT JOIN subject_key k ON k.id = c.actor AND f.id IS NULL
         WHERE c.plan = asked AND c.starts <= now() AND (c.ends IS NULL OR c.ends > now())) q
    WHERE x.actor = '{reader}' AND x.plan = asked AND x.starts <= now()
      AND (x.ends IS NULL OR x.ends > now()))"""


async def _make_twins(office: Office) -> None:
    """In this throwaway database alone: each read without its audit row, and each bare query."""
    held = await asyncpg.connect(office.ground.url())
    try:
        reader = await held.fetchval("SELECT id FROM staff WHERE login = $1", LOGIN)
        for function in READS.values():
            made = await _definition(held, function)
            start = made.index("INSERT INTO audit")
            made = made[:start] + made[made.index(";", start) + 1 :]
            await held.execute(made.replace(function, f"{function}_walled", 1))
            await held.execute(f"GRANT EXECUTE ON FUNCTION {function}_walled TO throughcare_app")
        for function in QUERIES.values():
            made = await _definition(held, function)
            made = made.replace("my_mandates_with_keys()", PLAIN.format(reader=reader))
            made = made.replace("my_circle_on(asked)", CIRCLE.format(reader=reader))
            made = re.sub(r"told := set_config.*?;", "", made)
            if "app." in made or "my_" in made:
                raise RuntimeError(f"{function} is not bare")
            await held.execute(made.replace(function, f"{function}_bare", 1))
    finally:
        await held.close()


async def _definition(held: asyncpg.Connection, function: str) -> str:
    return str(await held.fetchval("SELECT pg_get_functiondef($1::regproc)", function))


async def run() -> tuple[list[dict[str, float]], list[str]]:
    """Medians over the rounds, and which goals were missed."""
    rates: dict[str, list[float]] = defaultdict(list)
    async with an_office() as office:
        await _make_twins(office)
        scripts = {"caseload": limits.caseload(office), "plan": limits.plan(office)}
        bare = {"caseload": limits.bare_caseload(), "plan": limits.bare_plan(office)}
        for _ in range(ROUNDS):
            for name, function in READS.items():
                whole = scripts[name]
                walled = whole.replace(function, f"{function}_walled")
                for what, script, user in (
                    ("bare", bare[name], "postgres"),
                    ("walled", walled, limits.APPLICATION),
                    ("audited", whole, limits.APPLICATION),
                ):
                    rate, spent = await asyncio.to_thread(
                        limits.processor_ms, office, script, SECONDS, user=user
                    )
                    rates[f"{name}, {what}, a second"].append(rate)
                    rates[f"{name}, {what}, ms"].append(spent)
                each = [rates[f"{name}, {what}, ms"][-1] for what in ("bare", "walled", "audited")]
                rates[f"{name}, cost of the walls"].append(each[1] / each[0] - 1)
                rates[f"{name}, cost of the audit row besides"].append(each[2] / each[1] - 1)
    figures = {name: statistics.median(each) for name, each in rates.items()}
    missed = [name for name, cost in figures.items() if "walls" in name and cost > MOST]
    return [{name: value} for name, value in figures.items()], missed
