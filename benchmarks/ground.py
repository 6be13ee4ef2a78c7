"""A Postgres of its own for a benchmark, with invented plans by the thousand."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from backend import database, embedded, migrate
from backend.actors.actions import use_vault
from backend.database import Role
from backend.keyring import Keyring
from backend.vault import Vault

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
ROWS_IN_A_PLAN = 100
AGENCY, STAFF, BOT = (f"'00000000-0000-4000-8000-{n:012d}'::uuid" for n in (1, 2, 3))
ZONES = ("Africa/Tunis", "Europe/Oslo", "Asia/Almaty", "Asia/Jakarta")


@dataclass(frozen=True)
class Ground:
    """A durable server (fsync on) and the database that is measured."""

    server: embedded.Server
    name: str

    def url(self, role: Role | None = None) -> str:
        user = migrate.role_name(role) if role else "postgres"
        return self.server.url(user, self.name)


@asynccontextmanager
async def ground(name: str = embedded.DATABASE, **settings: str) -> AsyncIterator[Ground]:
    """Start, migrate, and throw everything away at the end; `settings` are Postgres's."""
    use_vault(Vault(Keyring.single(bytes(range(32)))))
    place = Path(tempfile.mkdtemp(prefix="throughcare-bench-"))
    place.chmod(0o755)  # noqa: ASYNC240 - once, before anything is measured
    server = await asyncio.to_thread(embedded.start, place, options=SETTINGS | settings)
    try:
        await migrate.prepare(server.url())
        await migrate.migrate(server.url(migrate.role_name("owner")))
        yield Ground(server, name)
    finally:
        await asyncio.to_thread(embedded.stop, server)
        shutil.rmtree(place, ignore_errors=True)


@asynccontextmanager
async def speaking_as(place: Ground, role: Role, size: int = 10) -> AsyncIterator[None]:
    """`operator` as the terminal is: a superuser, who speaks as the application."""
    operator = role == "operator"
    url = place.url(None if operator else role)
    said = {"role": migrate.role_name("app")} if operator else None
    await database.connect(role, url, size=size, only=not operator, settings=said)
    try:
        yield
    finally:
        await database.disconnect(role)


LOAD = """
-- triggers and foreign keys are off while the invented rows go in, and on when it is measured
SET session_replication_role = replica;
INSERT INTO agency (id, version, name, service_alias, zone, language, working_days, opens, closes,
                    emergency_number, crisis_text, duty_phone)
VALUES ({agency}, 1, 'Horizon', 'Horizon Desk', 'Africa/Tunis', 'en',
        '{{1,2,3,4,5}}', '08:00', '17:00', '190', 'Somebody will call you.', '71');
INSERT INTO actor (id, agency, kind, created_at)
VALUES ({staff}, {agency}, 'staff',
        now());
INSERT INTO bot (id, agency, number, username)
VALUES ({bot}, {agency}, '1000',
        'x');
CREATE TEMP TABLE made AS SELECT n, gen_random_uuid() AS plan, gen_random_uuid() AS person,
       gen_random_uuid() AS mentor, gen_random_uuid() AS link, (ARRAY[{zones}])[1 + n % 4] AS zone
  FROM generate_series(1, {plans}) n;
INSERT INTO actor (id, agency, kind, created_at)
SELECT person, {agency}, 'person', now() FROM made UNION ALL
SELECT mentor, {agency}, 'member', now() FROM made;
INSERT INTO person (id, agency, version, identity, language)
SELECT person, {agency}, 1, '\\x00', 'en' FROM made;
INSERT INTO plan (id, agency, version, person, alias, state, zone, release_date, certainty,
                  supervision, template, overlays, opened_at)
SELECT plan, {agency}, 1, person, 'Cedar', 'active_inside', zone,
       date '{day}' + 400, 'expected', false, 'full', '{{}}', now() FROM made;
INSERT INTO member (id, agency, plan, version, role, alias, identity, language, zone)
SELECT mentor, {agency}, plan, 1, 'ME', 'Cedar', '\\x00', 'en', zone
  FROM made;
INSERT INTO mandate (id, agency, plan, version, actor, role, starts, granted_by)
SELECT gen_random_uuid(), {agency}, plan, 1, mentor, 'ME',
       now() - interval '1 day', {staff} FROM made UNION ALL
SELECT gen_random_uuid(), {agency}, plan, 1,
       {staff}, 'SW', now() - interval '1 day',
       {staff} FROM made;
INSERT INTO channel_consent (id, agency, plan, version, subject, channel, language, recorded_by,
                             given_at)
SELECT gen_random_uuid(), {agency}, plan, 1, mentor, 'telegram', 'en',
       {staff}, now() FROM made;
INSERT INTO link (id, agency, plan, version, bot, subject, state, level, language, zone, opens,
                  closes, quiet, tries, invited_by, confirmed_at)
SELECT link, {agency}, plan, 1,
       {bot}, mentor, 'active', 'P1', 'en', zone, '08:00', '20:00',
       '[]', 0, {staff}, now() FROM made;
-- {due} rows ask their mentor today, all others carry the same message on other days
INSERT INTO milestone (id, agency, plan, version, code, pathway, title, anchor, day, win_before,
                       win_after, owner, partners, kind, agree, depends, evidence, court, message,
                       late_start, state, due_on)
SELECT gen_random_uuid(), {agency}, plan, 1, 'B' || k, 'MEN',
       'Meeting', 'release', -200, 7, 7, 'ME', '{{}}', 'V', 'P', '{{}}', 'attendance', 'A',
       CASE WHEN k <= 12 THEN 'MEN-TASK' END, 3, 'planned',
       CASE WHEN k = 1 AND n <= {due} THEN date '{day}' + 7
            ELSE date '{day}' + 20 + ((n * 131 + k * 17) % 300) END
  FROM made CROSS JOIN generate_series(1, {rows}) k;
SET session_replication_role = origin;
"""


async def load(place: Ground, milestones: int, due: int, day: date) -> None:
    """So many milestones, of which `due` are asked about on `day`; then statistics."""
    plans = max(milestones // ROWS_IN_A_PLAN, due)
    sql = LOAD.format(
        agency=AGENCY,
        staff=STAFF,
        bot=BOT,
        plans=plans,
        rows=milestones // plans,
        due=due,
        day=day,
        zones=", ".join(f"'{zone}'" for zone in ZONES),
    )
    held = await asyncpg.connect(place.url())
    try:
        await held.execute(sql, timeout=900)
        await held.execute("VACUUM ANALYZE", timeout=900)
    finally:
        await held.close()
