"""Everybody who might ask: with the role and without, in time and too late, walled and not."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from backend import clock
from tests.backend.courts.docket import Court, a_court, join
from tests.backend.scene import Scene, a_scene
from tests.world import Caller, World

MANY = "0123456789abcdef"
CANARY = "Canary Sparrowhawk"


@dataclass(frozen=True)
class Subject:
    """`role` is what their account says; `holds` whether they see the scene's plan right now,
    `afar` whether they work for another agency.
    """

    name: str
    caller: Caller
    role: str | None
    holds: bool = False
    afar: bool = False

    @property
    def signed_in(self) -> bool:
        return self.role is not None


@dataclass
class Cast:
    """A plan with everything, another of the same agency, a third elsewhere, and who may ask."""

    world: World
    scene: Scene
    other: Scene
    afar: UUID
    subjects: list[Subject]
    courts: dict[str, Court]

    @property
    def head(self) -> Caller:
        """The coordinator of the agency, on both of its plans."""
        return self.scene.callers["CO"]

    @property
    def plan(self) -> str:
        return self.scene.docket.plan


async def a_cast(world: World) -> Cast:
    scene = await a_scene(world)
    afar = await world.an_agency(name="Elsewhere")
    other = await a_scene(world)
    await _canaries(other)
    cast = Cast(world, scene, other, afar, [], {})
    await _without_a_right(cast)
    await _of_the_plan(cast)
    await _strangers(cast)
    await _too_late_and_walled(cast)
    await _through_glass(cast)
    return cast


async def _canaries(scene: Scene) -> None:
    """What only the other plan's own people may ever be told."""
    worker, plan = scene.docket.worker, scene.docket.plan
    names = [f"{CANARY} {letter}" for letter in MANY]
    for name in names[:8]:
        made = await worker.post(f"/plans/{plan}/circle", {"role": "FA", "name": name})
        assert made.status_code == 201, made.text
    for name in names[8:]:
        place = {"role": "SW", "held_on": "2031-03-03", "held_at": "10:00:00", "place": name}
        made = await worker.post(f"/plans/{plan}/appointments", place)
        assert made.status_code == 201, made.text


async def _without_a_right(cast: Cast) -> None:
    nobody, wrong, old = Caller(), Caller(), await cast.world.somebody("SW")
    wrong.token = "not-a-token-of-ours"
    dismissed = await cast.world.somebody("SW")
    await dismissed.get("/plans")
    await cast.world.sql("UPDATE staff SET active = false WHERE id = $1", dismissed.id)
    await old.get("/plans")
    await cast.world.sql(
        "UPDATE session SET access_until = $2 WHERE staff = $1", old.id, clock.now()
    )
    for one in (dismissed, old):
        one.login = None  # they are not signed in anew
    machine = cast.scene.docket.court.caller
    signs = Caller()
    signs.token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."
    cast.subjects += [
        Subject("anonymous", nobody, None),
        Subject("malformed token", wrong, None),
        Subject("unsigned token", signs, None),
        Subject("dismissed", dismissed, None),
        Subject("expired", old, None),
        Subject("a court's machine", machine, None),
    ]


async def _of_the_plan(cast: Cast) -> None:
    docket, callers = cast.scene.docket, cast.scene.callers
    cast.subjects += [
        Subject("SW of the plan", docket.worker, "SW", holds=True),
        Subject("CO of the plan", callers["CO"], "CO", holds=True),
        Subject("PO of the plan", docket.officer, "PO", holds=True),
    ]
    for role in ("PS", "TR", "CP"):
        who = await cast.world.somebody(role)
        await join(cast.world, docket.worker, cast.plan, who, role)
        cast.subjects.append(Subject(f"{role} of the plan", who, role, holds=True))


async def _strangers(cast: Cast) -> None:
    for role in ("SW", "CO", "PO", "PS", "TR", "CP", "CS", "AD", "AU", "DP"):
        here = await cast.world.somebody(role)
        cast.subjects.append(Subject(f"{role} without a mandate", here, role))
    for role in ("SW", "CO", "PO", "AD", "DP"):
        there = await cast.world.somebody(role, agency=cast.afar)
        cast.subjects.append(Subject(f"{role} of another agency", there, role, afar=True))


async def _too_late_and_walled(cast: Cast) -> None:
    docket = cast.scene.docket
    ended, walled = await cast.world.somebody("SW"), await cast.world.somebody("SW")
    for who in (ended, walled):
        await join(cast.world, docket.worker, cast.plan, who, "SW")
    await cast.world.sql(
        "UPDATE mandate SET starts = $3, ends = $2 WHERE actor = $1",
        ended.id,
        clock.now() - _A_SECOND,
        clock.now() - 2 * _A_SECOND,
    )
    wall = {"kind": "excluded", "login": walled.login}
    made = await docket.worker.post(f"/plans/{cast.plan}/walls", wall)
    assert made.status_code == 201, made.text
    cast.subjects += [
        Subject("SW whose mandate ended a second ago", ended, "SW"),
        Subject("SW who is kept out by name", walled, "SW"),
    ]


_A_SECOND = timedelta(seconds=1)


async def _through_glass(cast: Cast) -> None:
    world, docket, head = cast.world, cast.scene.docket, cast.scene.callers["CO"]
    (alias,) = await world.sql("SELECT alias FROM plan WHERE id = $1", UUID(cast.plan))
    open_, over = await world.somebody("SW"), await world.somebody("SW")
    for who in (open_, over):
        wish = {"alias": alias["alias"], "reason": "It cannot wait."}
        asked = await who.post("/break-glass", wish)
        let = await head.post(f"/break-glass/{asked.json()['id']}/let", version=1)
        assert let.status_code == 200, let.text
    now = clock.now()
    sql = "UPDATE mandate SET starts = $2, ends = $3 WHERE actor = $1"
    await world.sql(sql, over.id, now - timedelta(hours=4), now)
    assert docket.plan == cast.plan
    cast.subjects += [
        Subject("SW behind broken glass", open_, "SW", holds=True),
        Subject("SW whose glass is closed", over, "SW"),
    ]
    cast.courts = {
        "own": docket.court,
        "of another agency": await a_court(world, cast.afar),
        "of the same agency": await a_court(world),
    }
