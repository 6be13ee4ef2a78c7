"""Whose strange requests these are: a plan with one of everything, and all who may ask about it."""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.backend import strange, wires
from tests.backend.acts import FOR_EVERYBODY, Act, roles_of
from tests.backend.pages.browser import DESK, Browser, Shown, at_the_desk
from tests.backend.scene import Scene, a_scene
from tests.world import Caller, World

BESIDES = ("TR", "PS", "AD", "AU")  # staff who have nothing to do with the plan
AT_DESKS = ("SW", "CO", "PO")
MOST_PAGES = 60
# what ends something that others of the crowd still need comes in the last part
ENDS = frozenset(
    [
        "endMandate", "moveReleaseDate", "recordLeftCustody", "changePlanState", "changePassword",
        "signOut", "signOutEverywhere", "endDevice", "setWall",
    ]
)  # fmt: skip
LAST_PART = 0.9
OPEN = ("/", "/docs", "/docs/openapi.json", "/desk/sign-in", "/desk/style.css")


@dataclass
class Desk:
    """What one member of staff found on the pages, and the cookies of their browser."""

    cookie: str
    pages: list[str] = field(default_factory=list)
    forms: list[Shown] = field(default_factory=list)


@dataclass
class Crowd:
    """One scene with its callers; the versions that its rows have by now are learnt."""

    scene: Scene
    tokens: dict[str, str]
    desks: list[Desk]
    versions: dict[str, int] = field(default_factory=dict)

    def asks(self, chance: random.Random, part: float) -> tuple[wires.Sent, Act | None]:
        """A strange request, `part` of the way through; and the act that it was made of."""
        act: Act | None = None
        if chance.random() < 0.25:  # noqa: PLR2004 - of the pages; the rest is of the API
            request = self._page(chance, part)
        else:
            act = chance.choice(list(self._acts(part)))
            seen = self.versions.get(act.ids[0]) if act.ids else None
            request = strange.whole(act, strange.a_key(chance), self._token(act, chance), seen)
            if chance.random() < 0.9:  # noqa: PLR2004 - else only its framing is strange
                request = strange.mutated(act, request, chance)
        if chance.random() < 0.2:  # noqa: PLR2004
            return wires.on_the_wire(request, chance), None
        return wires.framed(request), act

    def _acts(self, part: float) -> Iterator[Act]:
        yield from FOR_EVERYBODY
        for act in self.scene.acts.values():
            if act.operation not in ENDS or part > LAST_PART:
                yield act

    def _token(self, act: Act, chance: random.Random) -> str | None:
        if chance.random() < 0.2:  # noqa: PLR2004 - anybody, or nobody
            return chance.choice([*self.tokens.values(), None])
        roles = [] if act in FOR_EVERYBODY else sorted(roles_of(act.operation) & self.tokens.keys())
        return self.tokens[roles[0]] if roles else None

    def _page(self, chance: random.Random, part: float) -> strange.Request:
        desk = chance.choice(self.desks)
        if chance.random() < 0.3:  # noqa: PLR2004
            return strange.page(chance.choice([*desk.pages, *OPEN]), desk.cookie, chance)
        ends = ("/sign-out", "/password")
        forms = [one for one in desk.forms if part > LAST_PART or not one.action.endswith(ends)]
        form = chance.choice(forms)
        cookie = desk.cookie if chance.random() < 0.95 else "throughcare=x"  # noqa: PLR2004
        typed = form.filled(key=str(strange.a_key(chance)))
        if form.buttons and chance.random() < 0.8:  # noqa: PLR2004
            typed.append(chance.choice(form.buttons))
        return strange.form(form.action, typed, cookie, chance)


async def a_crowd(world: World) -> Crowd:
    """A new agency with a scene of its own, all signed in."""
    world.agency = await world.an_agency()
    scene = await a_scene(world)
    callers: dict[str, Caller] = dict(scene.callers)
    for role in BESIDES:
        callers[role] = await world.somebody(role)
        await callers[role].sign_in()
    tokens = {role: one.token for role, one in callers.items() if one.token}
    desks = [await _look_around(world, scene.callers[role]) for role in AT_DESKS]
    return Crowd(scene, tokens, desks)


async def _look_around(world: World, caller: Caller) -> Desk:
    """Every page that links lead to from the desk, and every form on them."""
    async with await at_the_desk(world, caller) as browser:
        cookies = browser.http.cookies.jar
        desk = Desk("; ".join(f"{one.name}={one.value}" for one in cookies))
        await _walk(browser, desk)
    return desk


async def _walk(browser: Browser, desk: Desk) -> None:
    waiting, known = [DESK], {DESK}
    while waiting and len(desk.pages) < MOST_PAGES:
        path = waiting.pop(0)
        page = await browser.open(path)
        desk.pages.append(path)
        known_forms = {one.action for one in desk.forms}
        desk.forms += [one for one in page.forms if one.action not in known_forms]
        for _, name, value in page.attributes:
            to = urlsplit(value).path
            if name == "href" and to.startswith(DESK) and to not in known:
                known.add(to)
                waiting.append(to)


def learn(crowd: Crowd, act: Act | None, etag: str) -> None:
    """The version of a row after a change that went through."""
    if act is not None and act.changes and act.ids:
        with suppress(ValueError):
            crowd.versions[act.ids[0]] = int(etag.strip('"'))
