"""Two plans that differ in one secret look alike to everybody who may not know of it.

Alike on every channel that they have: each GET of the API and of the desk, the person's own file
as a page and as a copy, a change that comes too late, each message that was said, waits or was
cancelled, the number in the morning's digest, and the bytes that a court pulls; at once, and when
the jobs have run until after the release.

A lawyer has every matter; each by itself is tried where their file is.
"""

import difflib
from collections.abc import Collection
from datetime import timedelta

import pytest

from backend import clock, embedded
from tests.authz.alike import BEGINS, RELEASE, STAFF, an_office, days_go_by, go_on, issue, twins
from tests.authz.kept_secret import OBSERVERS, SECRETS, SETTLED, nothing_hidden
from tests.authz.looking import (
    OWN_FILE,
    Eyes,
    Look,
    at_the_court,
    in_the_own_file,
    on_the_phones,
    plain,
)
from tests.chats import Chats, at
from tests.databases import a_fresh_world
from tests.deep import is_deep
from tests.releases import change
from tests.world import World

pytestmark = pytest.mark.authz

PLAIN, OPEN = "nothing is secret", "nothing is hidden"
COMMON = frozenset({"VOC-08", "PLN-07", "PRB-05"})
EVERY_CODE = COMMON.union(*(secret.codes for secret in SECRETS.values()))
PAIRS = [
    (name, who)
    for name, secret in SECRETS.items()
    for who in OBSERVERS
    if who not in secret.known_to
]


SAID = (": phone", ": messages")
# What these show hangs on no plan, or on what is alike in all of them.
THE_SAME_FOR_ALL = {
    **dict.fromkeys(("GET /account/passkeys", "GET /account/support"), "of one's own account"),
    "GET /account/feed": "likewise",
    "page /desk/agency": "ways on, by the role of who looks",
    "page /desk/break-glass": "the form alone",
    "GET /plans/{plan_id}/summaries/due": "days of a court, and nothing hidden hangs on them",
    "page /desk/plans/{plan_id}/summaries": "likewise",
    "GET /templates": "what plans begin with, of no plan",
    "GET /plans?view=waiting": "of a trainer or counsellor: the rows they are told are their own",
    **dict.fromkeys(("GET /calendars", "page /desk/calendars"), "the agency's days, of no plan"),
    "page /desk/plans/{plan_id}/visit": "the form alone",
    "page /desk/plans/{plan_id}/complaint": "likewise",
    **dict.fromkeys(
        ("GET /plans/{plan_id}/contacts", "page /desk/plans/{plan_id}/contacts"),
        "not a worker, what one logged oneself",
    ),
    "page /desk/plans/{plan_id}/release": "the day itself, which is one and the same",
}


@pytest.fixture(scope="module")
async def looks(server: embedded.Server, pytestconfig: pytest.Config) -> dict[str, Look]:
    """What everybody sees of every plan; all of them are led through the same days together.

    The desk makes its pages of the reads that are compared besides: each role's own where it is
    asked for (`-m "deep or authz"`), else those of who is told most from another house.
    """
    async with a_fresh_world(server) as world, Chats(world) as chats:
        seen = await _lived(world, chats, STAFF if is_deep(pytestconfig) else ("PO",))
    clock.travel(None)
    return seen


async def _lived(world: World, chats: Chats, desks: Collection[str]) -> dict[str, Look]:
    office = await an_office(world, chats)
    made = await twins(office, [PLAIN, OPEN, *SECRETS])
    at(BEGINS, 10)
    for twin in made.values():
        await change(world, twin.staff["PO"], twin.plan, SETTLED, state="done")
    await nothing_hidden(office, made[OPEN])
    for name, secret in SECRETS.items():
        await secret.act(office, made[name])
    await chats.round()
    await go_on(office, list(made.values()))
    at(BEGINS, 10, 11)  # what was done can be taken back no more, and is told
    await chats.round()
    eyes, seen = Eyes(), dict[str, Look]()
    for name, twin in made.items():
        seen[name] = await eyes.lists(twin, "at once")
        seen[name] |= await on_the_phones(office, twin, "at once")
    for name, answer in (await days_go_by(office, list(made.values()))).items():
        seen[name]["PS", "moving the day"] = plain(made[name], answer)
    for name, twin in made.items():
        seen[name] |= await eyes.lists(twin, "later")
        seen[name] |= await eyes.rows(twin, _codes(name))
    at(RELEASE + timedelta(days=5), 9, 5)
    for name, twin in made.items():
        seen[name] |= await eyes.pages(twin, _codes(name), desks)
        seen[name] |= await on_the_phones(office, twin, "later")
        seen[name] |= await in_the_own_file(office, twin)
        await issue(twin)
        seen[name] |= await at_the_court(twin)
    assert await chats.unfit() == []
    return seen


def _codes(name: str) -> frozenset[str]:
    """Rows are looked at one by one: in the plain plan all that are about any secret."""
    return COMMON | SECRETS[name].codes if name in SECRETS else EVERY_CODE


@pytest.mark.parametrize(("name", "who"), [pytest.param(*p, id=f"{p[1]}: {p[0]}") for p in PAIRS])
def test_a_secret_leaves_no_trace(looks: dict[str, Look], name: str, who: str) -> None:
    unlike = _unlike(looks[PLAIN], looks[name], who)
    if who in SECRETS[name].in_file:
        told = {channel for channel in unlike if _wherever(channel).startswith(OWN_FILE)}
        assert told, "the file does not tell of it"
        unlike = {channel: unlike[channel] for channel in unlike.keys() - told}
    assert not unlike, "\n".join(unlike.values())


@pytest.mark.parametrize("who", OBSERVERS)
def test_on_every_channel_a_difference_would_be_seen(looks: dict[str, Look], who: str) -> None:
    """What they may know of differs in the plan in which nothing is hidden, wherever they look."""
    shown = {
        channel
        for (observer, channel), text in looks[PLAIN].items()
        if observer == who and (text.startswith("200") or channel.endswith(SAID))
    }
    told = _unlike(looks[PLAIN], looks[OPEN], who)
    blind = {_wherever(channel) for channel in shown} - {_wherever(channel) for channel in told}
    assert blind <= THE_SAME_FOR_ALL.keys(), blind
    assert told


def _wherever(channel: str) -> str:
    """Without the day on which it was looked at."""
    return channel.removeprefix("at once: ").removeprefix("later: ")


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
