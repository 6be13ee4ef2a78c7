"""Two plans that differ in one secret look alike to everybody who may not know of it.

Alike on every channel that they have: each GET of the API and of the desk, a change that comes too
late, each message that was said, waits or was cancelled, the number in the morning's digest, and
the bytes that a court pulls; at once, and when the jobs have run until after the release.

Safety flags, protected addresses and a person's export of their own file are not in the product
yet, so no pair differs in one and nobody is looked at through the other.
"""

import asyncio
import difflib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend import clock, embedded
from tests.authz.alike import RELEASE, Office, Twin, an_office, days_go_by, go_on, issue, twins
from tests.authz.kept_secret import OBSERVERS, SECRETS
from tests.authz.looking import (
    Look,
    at_the_api,
    at_the_court,
    on_the_pages,
    on_the_phones,
    plain,
)
from tests.chats import Chats, at, create_phones
from tests.conftest import a_fresh_world
from tests.world import World

pytestmark = pytest.mark.authz

PLAIN = "nothing is secret"
COMMON = frozenset({"VOC-05", "PLN-07", "PRB-05"})
EVERY_CODE = COMMON.union(*(secret.codes for secret in SECRETS.values()))
PAIRS = [
    (name, who)
    for name, secret in SECRETS.items()
    for who in OBSERVERS
    if who not in secret.known_to
]


@pytest.fixture(scope="module")
def looks(server: embedded.Server) -> Iterator[dict[str, Look]]:
    """What everybody sees of every plan; all of them are led through the same days together."""

    async def lived() -> dict[str, Look]:
        async with a_fresh_world(server) as world, Chats(world, create_phones()) as chats:
            return await _lived(world, chats)

    yield asyncio.run(lived())
    clock.travel(None)


async def _lived(world: World, chats: Chats) -> dict[str, Look]:
    office = await an_office(world, chats)
    made = await twins(office, [PLAIN, *SECRETS])
    at(RELEASE - timedelta(days=21), 10)
    for name, secret in SECRETS.items():
        await secret.act(office, made[name])
    await chats.round()
    await go_on(office, list(made.values()))
    await chats.round()
    seen: dict[str, Look] = {name: {} for name in made}
    for name, twin in made.items():
        seen[name] |= await at_the_api(twin, "at once", _codes(name))
        seen[name] |= await on_the_phones(office, twin, "at once")
    for name, answer in (await days_go_by(office, list(made.values()))).items():
        seen[name]["PS", "moving the day"] = plain(made[name], answer)
    for name, twin in made.items():
        seen[name] |= await _afterwards(office, twin, _codes(name))
    assert await chats.unfit() == []
    return seen


async def _afterwards(office: Office, twin: Twin, codes: frozenset[str]) -> Look:
    seen = await at_the_api(twin, "later", codes)
    seen |= await on_the_pages(twin, codes)
    seen |= await on_the_phones(office, twin, "later")
    await issue(twin)
    return seen | await at_the_court(twin)


def _codes(name: str) -> frozenset[str]:
    """Rows are looked at one by one: in the plain plan all that are about any secret."""
    return COMMON | SECRETS[name].codes if name in SECRETS else EVERY_CODE


@pytest.mark.parametrize(("name", "who"), PAIRS, ids=[f"{who}: {name}" for name, who in PAIRS])
def test_a_secret_leaves_no_trace(looks: dict[str, Look], name: str, who: str) -> None:
    unlike = _unlike(looks[PLAIN], looks[name], who)
    assert not unlike, "\n".join(unlike.values())


def _unlike(one: Look, other: Look, who: str) -> dict[str, str]:
    """The channels on which this observer could tell the two apart, with what differs."""
    channels = [channel for observer, channel in other if observer == who]
    assert channels, f"{who} is not looked at"
    return {
        channel: _difference(channel, one[who, channel], other[who, channel])
        for channel in channels
        if one[who, channel] != other[who, channel]
    }


def _difference(channel: str, one: str, other: str) -> str:
    lines = difflib.unified_diff(
        one.splitlines(), other.splitlines(), f"{channel}, plain", "with the secret", "", "", 2
    )
    return "\n".join(lines)
