"""Accounts with all that opens one, laid straight into the tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from backend import clock
from tests.backend.rows import fetched_as
from tests.world import World

# What is different of a thing of an account; None: it has none.
But = Mapping[str, Mapping[str, object] | None]
THINGS = ("device", "factor", "recovery_code", "passkey", "session", "refresh_token")
NOTHING: But = dict.fromkeys(THINGS)
ELSE = b"something else"  # that nobody's thing is found by


@dataclass(frozen=True)
class Account:
    """`mark` is the hash, token or secret of each of its things."""

    id: UUID
    login: str
    agency: UUID
    mark: bytes
    things: Mapping[str, UUID] = field(default_factory=dict)


async def an_account(
    world: World,
    *,
    agency: UUID | None = None,
    but: But | None = None,
    role: str = "SW",
) -> Account:
    """One with everything; `but` says what is different of a thing, or that it is not there."""
    who = await world.somebody(role, agency=agency)
    assert who.id
    assert who.login
    (row,) = await world.sql("SELECT agency FROM staff WHERE id = $1", who.id)
    mark = uuid4().bytes
    made: dict[str, UUID] = {}
    for thing in THINGS:
        changed = {} if but is None else but.get(thing, {})
        needs = {"recovery_code": "factor", "refresh_token": "session"}.get(thing)
        if changed is not None and (needs is None or needs in made):
            values = {**_usual(thing, who.id, mark, made), **changed}
            made[thing] = await put(world, thing, **values)
    return Account(who.id, who.login, row["agency"], mark, made)


def _usual(thing: str, staff: UUID, mark: bytes, made: Mapping[str, UUID]) -> dict[str, object]:
    now = clock.now()
    ends = {"access_until": now + timedelta(minutes=10), "until": now + timedelta(days=1)}
    usual: dict[str, dict[str, object]] = {
        "device": {
            "staff": staff,
            "hash": mark,
            "name": "a phone",
            "browser": False,
            "made_at": now,
            "seen_at": now,
        },
        "factor": {
            "staff": staff,
            "secret": mark,
            "used_step": 0,
            "made_at": now,
            "confirmed_at": now,
        },
        "recovery_code": {"factor": made.get("factor"), "hash": mark},
        "passkey": {"staff": staff, "hash": mark, "sealed": mark, "sign_count": 0, "made_at": now},
        "session": {
            "staff": staff,
            "access": mark,
            "browser": False,
            "limited": False,
            "device": made.get("device"),
            **ends,
        },
        "refresh_token": {"session": made.get("session"), "hash": mark},
    }
    return usual[thing]


async def put(world: World, table: str, **values: object) -> UUID:
    """A row of these values, and nothing where none is said."""
    id_ = uuid4()
    row = {name: _as_json(value) for name, value in {"id": id_, **values}.items()}
    await world.sql(
        f"INSERT INTO {table} SELECT (jsonb_populate_record(null::{table}, $1::jsonb)).*",
        json.dumps(row),
    )
    return id_


def _as_json(value: object) -> object:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


async def asked(sql: str, *values: object, actor: UUID | None = None) -> list[asyncpg.Record]:
    """What a function says to the application."""
    return await fetched_as(actor, f"SELECT * FROM {sql}", *values)


async def the_one(sql: str, *values: object, actor: UUID | None = None) -> Any:
    (row,) = await asked(sql, *values, actor=actor)
    return row
