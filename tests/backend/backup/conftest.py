"""A world to be backed up, and an empty database to restore into."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from backend import archive, clock, migrate
from backend.courts.clients import add_court_client
from backend.operating import at_terminal
from tests.backend.backup.backups import Backups, answered
from tests.world import PASSWORD, World, a_day, row


@pytest.fixture
async def empty(world: World) -> AsyncIterator[str]:
    """The name of a database with nothing in it but what `prepare` hands to the owner."""
    name = f"{world.database_name}_back"
    admin = await asyncpg.connect(world.server.url(database="postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        await migrate.prepare(world.server.url(database=name))
        yield name
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def backups(world: World, tmp_path: Path) -> Backups:
    worker = await world.somebody("SW", name="-canarylogin")
    person = {"name": "Canary Person", "language": "en", "file_number": "canary-file"}
    plan = await world.a_plan(worker, person=person)
    where = f"/plans/{plan['id']}"
    member = uuid4()
    mentor = {"role": "ME", "name": "Canary Mentor", "alias": "Canaryalias", "id": str(member)}
    await answered(worker.post(f"{where}/circle", mentor))
    yes = {"kind": "channel", "language": "en", "subject": str(member), "channel": "telegram"}
    await answered(worker.post(f"{where}/consents", yes))
    told = {
        "recipient": str(member),
        "fact": "release_date",
        "purpose": "canary purpose",
        "until": (a_day() + timedelta(days=9)).isoformat(),
    }
    await answered(worker.post(f"{where}/disclosures", told))
    invited = await answered(
        worker.post("/invitations", {"plan": plan["id"], "subject": str(member)})
    )
    met = {
        "role": "SW",
        "held_on": a_day().isoformat(),
        "held_at": "10:00:00",
        "place": "Canary Place",
    }
    await answered(worker.post(f"{where}/appointments", met))
    first = row(plan, "PLN-01")
    done = await answered(worker.patch(f"/milestones/{first['id']}", {"state": "done"}, version=1))
    again = {"state": "in_progress", "reason": "Canary reason"}
    await answered(worker.patch(f"/milestones/{first['id']}", again, version=done["version"]))
    async with at_terminal():
        court = await add_court_client(uuid4(), agency=UUID(str(world.agency)), label="Canarycourt")
    await _messages(world, plan["id"])
    key = tmp_path / "key"
    archive.new_identity(key)
    login = (await world.sql("SELECT login FROM staff"))[0]["login"]
    canaries = {
        "person": "Canary Person",
        "file": "canary-file",
        "mentor": "Canary Mentor",
        "place": "Canary Place",
        "reason": "Canary reason",
        "purpose": "canary purpose",
        "password": PASSWORD,
        "token": str(worker.token),
        "payload": invited["payload"],
        "court id": court.client_id,
        "court secret": court.secret,
        # these stand open in the database, and are closed by the file
        "login": login,
        "alias": "Canaryalias",
        "court": "Canarycourt",
        "agency": "Horizon",
        "service": "Horizon Desk",
        "emergency": "80 10 10",
        "duty": "71 000 000",
        "plan": plan["id"],
        "title": first["title"],
    }
    return Backups(world, worker, plan, tmp_path / "backups", key, canaries)


async def _messages(world: World, plan: str) -> None:
    """One message of each state that the hold tells apart."""
    for number, state in enumerate(("queued", "claimed", "sent", "cancelled")):
        await world.sql(
            "INSERT INTO message (id, agency, plan, bot, link, recipient, rule, step, subject,"
            " local_due, key, due_at, expires_at, created_at, state)"
            " SELECT gen_random_uuid(), agency, plan, bot, id, subject, 'CONTACT', $1, id,"
            " current_date, 'CONTACT', now(), now(), now(), $2 FROM link WHERE plan = $3",
            str(number),
            state,
            UUID(plan),
        )


@pytest.fixture
def later() -> Iterator[Callable[[int], None]]:
    """The clock of the backups: each gets a second of its own."""
    start = clock.now()
    yield lambda hours: clock.travel(lambda: start + timedelta(hours=hours))
    clock.travel(None)
