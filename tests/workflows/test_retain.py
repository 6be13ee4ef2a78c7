"""What is kept for a while goes at its term and not a day before; never under a legal hold."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend import clock, database
from tests.backend.duties import an_incident
from tests.backend.pages.browser import in_the_circle, writes
from tests.world import Caller, World
from workflows.retain import _SOONER, carry_out, retain
from workflows.terms import RULES

TERMS = {
    "texts": 30,
    "chats": 7,
    "values": 365,
    "handovers": 90,
    "moves": 90,
    "flags": 365,
    "addresses": 30,
    "relatives": 30,
    "incidents": 5 * 365,
    "people": 365,
}
# What is deleted, and is shown in test_ends.py; the first in test_who_helps.py, the second in
# test_acts_are_forgotten.py, the third in test_who_welcomes.py, the fourth in
# test_a_stop_is_never_lost.py.
ENDS = (
    "mentors",
    "acts",
    "welcomes",
    "updates",
    "sessions",
    "devices",
    "factors",
    "invitations",
    "feeds",
    "chat invitations",
    "passes",
    "chat consents",
    "authorisations",
    "agreements",
    "corrections",
    "papers",
    "messages",
    "wishes",
    "reviews",
    "tasks",
    "plans",  # test_whole_plans_go.py
    "audit",
)
WHILE_IT_GOES_ON = "family"  # test_after_the_closing_talk.py
BROUGHT_BACK = ("brought back", "chosen again")  # test_brought_back.py


@dataclass
class Archive:
    """A closed plan with a relative, a text, a tapped message, an ended chat, a flag, a report."""

    world: World
    head: Caller
    worker: Caller
    plan: UUID
    person: UUID
    relative: UUID
    link: UUID

    async def set_back(self, code: str, days: float) -> None:
        """All of it there, and what the rule counts from so many days ago; the rest is fresh."""
        now = clock.now()
        back = dict.fromkeys(TERMS, now) | {code: now - timedelta(days=days)}
        due = (back["texts"] + timedelta(days=30)).date()
        closed = min(back["relatives"], back["people"])
        for sql, value in (
            ("UPDATE incoming SET text = 'x', purge_after = $1", due),
            ("UPDATE message SET variables = 'x', created_at = $1", back["values"]),
            ("UPDATE link SET state = 'ended', chat = 'x', ended_at = $1", back["chats"]),
            ("UPDATE handover SET words = 'x', at = $1", back["handovers"]),
            ("UPDATE appointment_move SET why = 'x', at = $1", back["moves"]),
            (
                "UPDATE safety_flag SET content = 'x', kept_from = 'x', lowered_at = $1",
                back["flags"],
            ),
            ("UPDATE protected_address SET address = 'x', ended_at = $1", back["addresses"]),
            ("UPDATE plan SET state = 'closed', closed_at = $1", closed),
            (
                "UPDATE incident SET description = 'x', closed_by = recorded_by, closed_at = $1",
                back["incidents"],
            ),
            (
                (
                    "UPDATE subject_key SET wrapped = 'x', destroyed_at = NULL"
                    " WHERE $1::timestamptz IS NOT NULL"
                ),
                now,
            ),
        ):
            await self.world.sql(sql, value)

    async def hold(self) -> None:
        path, body = f"/plans/{self.plan}/legal-holds", {"reason": "A complaint is before a court."}
        assert (await self.head.post(path, body)).status_code == 201

    async def night(self) -> dict[str, int]:
        now = clock.now()

        async def work() -> dict[str, int]:
            database.act_as("worker")
            async with database.transaction():
                return await carry_out(now)

        return await database.in_fresh_context(work)

    async def gone(self) -> dict[str, bool]:
        (found,) = await self.world.sql(
            "SELECT (SELECT text IS NULL FROM incoming) AS texts,"
            " (SELECT bool_and(variables IS NULL) FROM message) AS values,"
            " (SELECT words IS NULL FROM handover) AS handovers,"
            " (SELECT why IS NULL FROM appointment_move) AS moves,"
            " (SELECT content IS NULL AND kept_from IS NULL FROM safety_flag) AS flags,"
            " (SELECT address IS NULL FROM protected_address) AS addresses,"
            " (SELECT chat IS NULL FROM link WHERE id = $1) AS chats,"
            " (SELECT wrapped IS NULL FROM subject_key WHERE id = $2) AS relatives,"
            " (SELECT wrapped IS NULL FROM subject_key WHERE id = $3) AS people,"
            " (SELECT description IS NULL FROM incident) AS incidents",
            self.link,
            self.relative,
            self.person,
        )
        return dict(found)


@pytest.fixture
async def archive(world: World) -> Archive:
    head, worker = await world.somebody("CO"), await world.somebody("SW")
    plan = (await world.a_plan(worker))["id"]
    relative = await in_the_circle(worker, plan, "FA", name="Relative")
    await writes(worker, plan, relative, "a free text")
    await world.sql(
        "INSERT INTO message (id, agency, plan, version, bot, link, recipient, rule, step, subject,"
        " local_due, key, due_at, expires_at, created_at, state) SELECT gen_random_uuid(), agency,"
        " plan, 1, bot, id, subject, 'CLOSE', '', plan, current_date, 'CLOSE', now(), now(), now(),"
        " 'sent' FROM link"
    )
    await world.sql(  # and a tap on it, with which it is kept until the plan goes
        "INSERT INTO claim (id, agency, plan, version, message, actor, role, subject, what, at)"
        " SELECT gen_random_uuid(), agency, plan, 1, id, recipient, 'FA', id, 'yes', now()"
        " FROM message"
    )
    other = {"login": (await world.somebody("SW")).login, "words": "x"}
    flag, home = {"subject": relative, "words": "x"}, {"subject": relative, "address": "x"}
    for what, body in (
        ("safety-flags", flag),
        ("protected-addresses", home),
        ("handovers", other),
    ):
        assert (await worker.post(f"/plans/{plan}/{what}", body)).status_code == 201
    when = {"held_on": "2031-03-04", "held_at": "10:00:00"}
    date_ = await worker.post(f"/plans/{plan}/appointments", {**when, "role": "SW"})
    path, moved = f"/appointments/{date_.json()['id']}", {**when, "why": "x"}
    assert (await worker.patch(path, moved, version=1)).status_code == 201
    made = await head.post("/incidents", {**an_incident(), "touched": [plan]})
    assert made.status_code == 201, made.text
    [one] = await world.sql("SELECT l.id, p.person FROM link l JOIN plan p ON p.id = l.plan")
    return Archive(world, head, worker, UUID(plan), one["person"], UUID(relative), one["id"])


@given(code=st.sampled_from(sorted(TERMS)), late=st.integers(-40, 40))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_it_goes_on_the_day_of_its_term_and_not_the_day_before(
    archive: Archive, code: str, late: int
) -> None:
    await archive.set_back(code, max(TERMS[code] + late, 0))
    counts = await archive.night()
    over = dict.fromkeys(TERMS, False)
    # a text is kept through the day that its row names
    over[code] = TERMS[code] + late > 0 and late >= (1 if code == "texts" else 0)
    if code == "people":
        over["relatives"] = TERMS[code] + late >= TERMS["relatives"]
        # with the person everything goes that leads to somebody of their circle, or was said there
        with_them = ("values", "chats", "incidents", "texts", "flags", "addresses")
        over.update(dict.fromkeys(with_them, over["people"]))
    assert await archive.gone() == over, counts


async def test_nothing_goes_under_a_legal_hold_and_everything_once_it_has_ended(
    archive: Archive, world: World
) -> None:
    await archive.hold()
    for code in TERMS:
        await archive.set_back(code, 4000)
        counts = await archive.night()
        assert not any(counts.values()), counts
        assert not any((await archive.gone()).values()), code
    await world.sql("UPDATE legal_hold SET ended_at = now(), ended_by = set_by")
    counts = await archive.night()
    assert counts["people"] == 1
    assert (await archive.gone())["people"]


async def test_a_person_with_a_later_plan_is_kept_with_it(archive: Archive, world: World) -> None:
    await archive.set_back("people", 4000)
    body = {"release_date": "2031-03-03", "certainty": "expected", "person_id": str(archive.person)}
    await world.sql("UPDATE session SET ended_at = now()")
    worker = await world.somebody("SW")
    await world.sql("UPDATE mandate SET actor = $1 WHERE actor = $2", worker.id, archive.worker.id)
    opened = await worker.post("/plans", body)
    assert opened.status_code == 201, opened.text
    assert (await archive.night())["people"] == 0
    gone = await archive.gone()
    assert (gone["relatives"], gone["people"]) == (True, False)


async def test_who_was_kept_long_enough_is_like_somebody_who_never_was(
    archive: Archive, world: World
) -> None:
    await world.sql("UPDATE plan SET state = 'closed', closed_at = now() - interval '366 days'")
    assert (await archive.worker.get(f"/plans/{archive.plan}")).status_code == 200
    assert (await archive.night())["people"] == 1
    for who in (archive.worker, archive.head):
        gone, never = [await who.get(f"/plans/{one}") for one in (archive.plan, uuid4())]
        assert (gone.status_code, gone.content) == (404, never.content)
        assert (await who.get("/plans")).json()["plans"] == []
    staff = await world.sql(
        "SELECT 1 FROM subject_key k JOIN staff s ON s.id = k.id WHERE k.wrapped IS NULL"
    )
    assert staff == []


async def test_what_an_old_backup_brought_back_of_an_erased_person_ends_again(
    archive: Archive, world: World
) -> None:
    await world.sql(
        "UPDATE subject_key SET wrapped = NULL, destroyed_at = now() WHERE id = $1", archive.person
    )
    assert (await archive.worker.get(f"/plans/{archive.plan}")).status_code == 200
    assert (await archive.night())["brought back"] == 1
    assert (await archive.worker.get(f"/plans/{archive.plan}")).status_code == 404
    assert (await archive.night())["brought back"] == 0


async def test_each_day_leaves_one_proof_of_what_went_by_rule(
    archive: Archive, world: World
) -> None:
    async def work() -> None:
        database.act_as("worker")
        await retain()

    await archive.set_back("values", 366)
    for _ in range(3):
        await database.in_fresh_context(work)
    told = await world.sql(
        "SELECT reason, times, actor, plan, object, purpose FROM audit"
        " WHERE operation = 'retention' ORDER BY id"
    )
    assert {one["reason"]: one["times"] for one in told} == {
        rule.code: 1 if rule.code == "values" else 0 for rule in RULES
    }
    assert len(told) == len(RULES)
    assert {(one["actor"], one["plan"], one["object"]) for one in told} == {(None, None, None)}
    assert {one["purpose"] for one in told} == {"technical"}
    tomorrow = clock.now() + timedelta(days=1)
    clock.travel(lambda: tomorrow)
    await database.in_fresh_context(work)
    days = await world.sql("SELECT DISTINCT at::date FROM audit WHERE operation = 'retention'")
    assert len(days) == 2


async def test_the_database_gives_the_jobs_no_key_before_its_term(
    archive: Archive, world: World
) -> None:
    """Whatever time the job says it is, and whoever it asks for."""
    asked = [archive.person, archive.relative, archive.worker.id, uuid4()]

    async def destroy(role: database.Role) -> list[bool]:
        database.act_as(role)
        async with database.transaction() as held:
            await held.execute("SELECT set_config('app.now', '2099-01-01Z', true)")
            return [await held.fetchval("SELECT destroy_expired($1)", one) for one in asked]

    for closed in ("NULL", "now() - interval '29 days'"):
        await world.sql(f"UPDATE plan SET closed_at = {closed}")
        state = "active_inside" if closed == "NULL" else "closed"
        await world.sql("UPDATE plan SET state = $1", state)
        assert await database.in_fresh_context(lambda: destroy("worker")) == [False] * 4
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.in_fresh_context(lambda: destroy("app"))


async def test_a_rule_that_takes_too_long_undoes_nothing(
    archive: Archive, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.set_back("people", 400)
    await world.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_sleep(3); RETURN NULL; END $$"
    )
    await world.sql(
        "CREATE TRIGGER slow BEFORE DELETE ON correction FOR EACH STATEMENT EXECUTE FUNCTION slow()"
    )
    monkeypatch.setattr("workflows.retain._SOONER", "SET LOCAL statement_timeout = '500ms'")
    counts = await archive.night()
    assert ("corrections" in counts, counts["people"]) == (False, 1)


async def test_the_database_gives_up_before_the_driver_does() -> None:
    seconds = int(_SOONER.partition("'")[2].partition("s'")[0])
    assert seconds < database.STATEMENT_SECONDS


async def test_a_rule_that_fails_undoes_nothing_and_is_tried_again(
    archive: Archive, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await archive.set_back("people", 400)
    await world.sql(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'no' USING ERRCODE = 'foreign_key_violation'; END $$"
    )
    await world.sql(
        "CREATE TRIGGER no BEFORE DELETE ON correction FOR EACH STATEMENT EXECUTE FUNCTION no()"
    )
    counts = await archive.night()
    assert "corrections" not in counts
    assert counts["people"] == 1
    [failed] = [one for one in caplog.records if one.levelname == "ERROR"]
    assert vars(failed)["job"] == "retain: corrections"
    proofs = await world.sql("SELECT reason FROM audit WHERE operation = 'retention'")
    assert {row["reason"] for row in proofs} == {rule.code for rule in RULES} - {"corrections"}
    await world.sql("DROP TRIGGER no ON correction")
    assert (await archive.night())["corrections"] == 0


def test_every_rule_says_what_and_from_when() -> None:
    codes = [rule.code for rule in RULES if rule.code != WHILE_IT_GOES_ON]
    assert codes == [*TERMS, *ENDS, *BROUGHT_BACK]
    for rule in RULES:
        assert rule.what
        assert rule.since
        assert timedelta(0) <= rule.after
        assert rule.code in {*ENDS, WHILE_IT_GOES_ON} or rule.after <= timedelta(
            days=TERMS.get(rule.code, 0)
        )
