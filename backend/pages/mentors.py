"""The mentors of the agency: a coordinator's list, and in short whom a worker may choose."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.doors import HttpRequest, actor_of
from backend.mentors import actions, rules
from backend.mentors.routes import AddMentor, ChangeMentor, MentorView
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show

HERE = "/desk/mentors"


class MentorPageController(Controller):
    path = "/mentors"

    @get("/")
    async def mentors(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _page(request, saved=saved)

    @post("/")
    async def add(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            new = form.read(AddMentor, languages=form.all("languages"))
            return await actions.add_mentor(actor, new.mentor())

        return await _save(request, "addMentor", act)

    @post("/{mentor_id:uuid}")
    async def change(self, request: HttpRequest, mentor_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            # the page ticks what is known, so none ticked is none
            change = form.read(ChangeMentor, languages=form.all("languages")).change()
            return await actions.change_mentor(actor, mentor_id, form.seen, change)

        return await _save(request, "changeMentor", act)

    @post("/{mentor_id:uuid}/end")
    async def end(self, request: HttpRequest, mentor_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await actions.end_mentor(actor, mentor_id, form.seen)

        return await _save(request, "endMentor", act)


async def _save(request: HttpRequest, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"{HERE}?saved={operation}"),
        lambda tried: _page(request, tried),
    )


async def _page(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    actor = actor_of(request)
    rows = await actions.list_mentors(actor)
    return show(
        request,
        "mentors.html",
        tried=tried,
        saved=saved,
        mentors=[MentorView.of(row, actor.role) for row in rows],
        most=rules.MOST,
    )
