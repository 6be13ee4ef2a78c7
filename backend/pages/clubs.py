"""The groups of a place that welcome people: the coordinator's list, and what a worker reads."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.clubs import actions, rules
from backend.clubs.routes import AddClub, ChangeClub, ClubView
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show

HERE = "/desk/clubs"


class ClubPageController(Controller):
    path = "/clubs"

    @get("/")
    async def clubs(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _page(request, saved=saved)

    @post("/")
    async def add(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.add_club(actor, form.read(AddClub, **_apart(form)).new())

        return await _save(request, "addClub", act)

    @post("/{club_id:uuid}")
    async def change(self, request: HttpRequest, club_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            # the page shows what one can do there, so what is empty is nothing
            change = form.read(ChangeClub, **_apart(form)).change()
            return await actions.change_club(actor, club_id, form.seen, change)

        return await _save(request, "changeClub", act)

    @post("/{club_id:uuid}/end")
    async def end(self, request: HttpRequest, club_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_club(actor, club_id, form.seen)

        return await _save(request, "endClub", act)


def _apart(form: Form) -> dict[str, object]:
    """The fields of a club that are several of the page: an offer for each pathway, the contact."""
    typed = {one: form.one(f"offer_{one}").strip() for one in rules.PATHWAYS}
    person = {name: form.one(f"contact_{name}").strip() for name in ("name", "reach")}
    apart: dict[str, object] = {"offers": {one: text for one, text in typed.items() if text}}
    if any(person.values()):
        apart["contact"] = person
    return apart


async def _save(request: HttpRequest, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"{HERE}?saved={operation}"),
        lambda tried: _page(request, tried),
    )


async def _page(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    rows = await actions.list_clubs(actor_of(request))
    return show(
        request,
        "clubs.html",
        tried=tried,
        saved=saved,
        clubs=[ClubView.of(row) for row in rows],
        kinds=rules.KINDS,
        pathways=rules.PATHWAYS,
    )
