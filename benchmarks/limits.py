"""The limit of each hot path: pgbench calling the very statement that the API sends."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

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


def processor_ms(
    office: Office, script: str, seconds: float, *, user: str = APPLICATION
) -> tuple[float, float]:
    """One client's rate, and how much processor time a transaction took in the server, in ms.

    A shared machine gives more or less of its cores from second to second, so rates that were
    measured one after the other differ for no reason of ours; this does so much less. A backend's
    time is its server's once it has ended.
    """
    pid = int((office.ground.server.data / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(pid)
    resting, before = len(server.children()), server.cpu_times()
    rate = pgbench(office, script, seconds, user=user, clients=1)
    patience = time.monotonic() + 2
    while len(server.children()) > resting and time.monotonic() < patience:
        time.sleep(0.01)
    after = server.cpu_times()
    spent = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return rate, 1000 * spent / (rate * int(seconds))


def pgbench(
    office: Office,
    script: str,
    seconds: float,
    values: Mapping[str, int] | None = None,
    *,
    user: str = APPLICATION,
    clients: int = CLIENTS,
) -> float:
    """Transactions a second, prepared statements."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        Path(file.name).chmod(0o644)
        server = office.ground.server
        where = ("-h", str(server.socket), "-U", user, office.ground.name)
        words = ["-n", "-T", str(int(seconds)), "-c", str(clients), "-M", "prepared"]
        for name, value in (values or {}).items():
            words += ["-D", f"{name}={value}"]
        said = programs_for(server.data).run("pgbench", *words, "-f", file.name, *where)
    if "aborted" in said:
        raise RuntimeError(said)
    line = next(line for line in said.splitlines() if line.startswith("tps"))
    return float(line.split("=")[1].split()[0])
