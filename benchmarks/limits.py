"""The limit of each hot path: pgbench calling the very statement that the API sends."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from backend.embedded_programs import programs_for
from benchmarks.office import Office

CLIENTS = 8
APPLICATION = "throughcare_app"
FIRST = "'0001-01-01', '00000000-0000-0000-0000-000000000000'"
READERS = "'{CO,CP,PO,PS,SW,TR}'"
NAMES = "'{CO,PO,PS,SW}'"  # whose mandates read names
# workers, running states and open states, as the API passes them
RULES = "'{CO,SW}', '{active_inside,active_outside,step_down}', '{in_progress,planned}'"

IN_PROGRESS = """'{"state": "in_progress", "cause": null, "said_by": null}'"""
PLANNED = """'{"state": "planned", "cause": null, "said_by": null}'"""


def caseload(office: Office) -> str:
    return (
        f"SELECT * FROM read_caseload_by_flow('\\x{office.hashed}', now(), {READERS},"
        f" '{{CO,SW}}', {NAMES}, NULL, {FIRST}, 50);"
    )


def plan(office: Office) -> str:
    """The next two weeks of a plan."""
    return (
        f"SELECT * FROM read_plan_by_flow('\\x{office.hashed}', now(), {READERS}, NULL,"
        f" '{office.plan}', '{{dormant,in_progress,planned}}', now()::date + 15, {NAMES},"
        " '{CO,SW}', '{CO,CP,PE,PO,PS,SW,TR}', '{CO,PO,SW}');"
    )


def bare_caseload() -> str:
    """The query of a caseload alone (benchmarks/security.py makes it)."""
    return f"SELECT * FROM caseload_by_flow_bare('SW', '{{CO,SW}}', {NAMES}, {FIRST}, 50);"


def bare_plan(office: Office) -> str:
    return (
        f"SELECT * FROM plan_by_flow_bare('SW', now(), '{office.plan}',"
        f" '{{dormant,in_progress,planned}}', now()::date + 15, {NAMES}, '{{CO,SW}}',"
        " '{CO,CP,PE,PO,PS,SW,TR}', '{CO,PO,SW}');"
    )


def change(office: Office) -> str:
    """Each client goes to and fro with a row of its own; :v0 to :v7 are their versions."""
    script = []
    for client in range(CLIENTS):
        to = f"CASE WHEN :v{client} % 2 = 1 THEN {IN_PROGRESS}::jsonb ELSE {PLANNED}::jsonb END"
        call = (
            f"SELECT * FROM change_milestone('\\x{office.hashed}', now(), {READERS}, NULL,"
            f" gen_random_uuid()::varchar, 'x', '{office.rows[client]}', :v{client}, {RULES},"
            f" {to}, false);"
        )
        word = "elif" if client else "if"
        script += [f"\\{word} :client_id = {client}", call, f"\\set v{client} :v{client} + 1"]
    return "\n".join([*script, "\\endif"])


def pgbench(
    office: Office,
    script: str,
    seconds: float,
    values: Mapping[str, int] | None = None,
    *,
    user: str = APPLICATION,
) -> float:
    """Transactions a second, eight clients, prepared statements."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        Path(file.name).chmod(0o644)
        server = office.ground.server
        where = ("-h", str(server.socket), "-U", user, office.ground.name)
        words = ["-n", "-T", str(int(seconds)), "-c", str(CLIENTS), "-M", "prepared"]
        for name, value in (values or {}).items():
            words += ["-D", f"{name}={value}"]
        said = programs_for(server.data).run("pgbench", *words, "-f", file.name, *where)
    if "aborted" in said:
        raise RuntimeError(said)
    line = next(line for line in said.splitlines() if line.startswith("tps"))
    return float(line.split("=")[1].split()[0])
