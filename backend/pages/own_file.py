"""Somebody's own file, as a page and as a copy, and what they ask to be put right in it."""

from uuid import UUID

import msgspec
from litestar import Controller, Response, Router, get, post
from litestar.params import FromQuery

from backend.access import Actor, require
from backend.corrections.actions import NewCorrection, abouts_of, ask_correction
from backend.doors import FILE as OF_FILE
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound, NotFromThisState, Unfit
from backend.files.actions import read_file
from backend.files.paper import print_file
from backend.files.telling import tell
from backend.files.wording import Words
from backend.goals.actions import language_of_file, own_goals, say_own_goal
from backend.goals.routes import SayGoal
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.own_door import FILE, REFUSALS, OwnDoorController, close, prove, style
from backend.words import Note

KEPT_NOWHERE = {"Cache-Control": "no-store"}


class AskCorrection(msgspec.Struct):
    """`about` names a part of the file, or one row or summary of it: "plan", "plan/ID"."""

    about: str
    text: Note

    def new(self) -> NewCorrection:
        """Raises NotFound for what is none."""
        part, _, id_ = self.about.partition("/")
        try:
            thing = UUID(id_) if id_ else None
        except ValueError as error:
            raise NotFound from error
        of_summary = part == "summaries"
        return NewCorrection(
            part,
            self.text,
            milestone=None if of_summary else thing,
            summary=thing if of_summary else None,
        )


class OwnFileController(Controller):
    @get("/")
    async def file(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _file(request, saved=saved)

    @get("/copy.json")
    async def copy_json(self, request: HttpRequest) -> Response[bytes]:
        _, view = await read_file(actor_of(request), copy=True)
        body = msgspec.json.format(msgspec.json.encode(view), indent=2)
        return _attached(body, "application/json", "file.json")

    @get("/copy.pdf")
    async def copy_pdf(self, request: HttpRequest) -> Response[bytes]:
        holder, view = await read_file(actor_of(request), copy=True)
        words = Words(holder.held["language"])
        title, as_of = _head(holder.actor, words), f"{words['as_of']} {words.day(view.as_of)}"
        body = await print_file(title, as_of, tell(view, words), words)
        return _attached(body, "application/pdf", "file.pdf")

    @post("/goals")
    async def say(self, request: HttpRequest) -> Page:
        """What the person wants, written by themselves, in the language of their file."""
        actor = actor_of(request)

        async def act(actor: Actor, form: Form) -> Written:
            new = form.read(SayGoal, language=await language_of_file(actor)).new()
            return await say_own_goal(actor, new)

        async def again(tried: Attempt) -> Page:
            if not isinstance(tried.error, (Unfit, NotFromThisState)):
                raise tried.error or NotFound
            return await _file(request, tried)

        require(actor, "sayOwnGoal")  # a lawyer's pass has no such form
        return await submit(request, "sayOwnGoal", act, lambda _: go(f"{FILE}?saved=said"), again)

    @post("/corrections")
    async def ask(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await ask_correction(actor, form.read(AskCorrection).new())

        async def again(tried: Attempt) -> Page:
            if not isinstance(tried.error, Unfit):
                raise tried.error or NotFound
            return await _file(request, tried)

        return await submit(
            request, "askCorrection", act, lambda _: go(f"{FILE}?saved=asked"), again
        )


async def _file(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    actor = actor_of(request)
    holder, view = await read_file(actor)
    words = Words(holder.held["language"])
    named = [
        (value, words.row(code, title) if code else f"{words['word.number']} {title}")
        for value, code, title in await abouts_of(actor)
    ]
    goals = await own_goals(actor) if actor.role == "PE" else None
    parts = holder.held["matters"] or ("plan", "circle", "summaries", "consents", "access")
    return show(
        request,
        "file.html",
        tried=tried,
        said=words,
        title=_head(actor, words),
        as_of=f"{words['as_of']} {words.day(view.as_of)}",
        sections=tell(view, words),
        abouts=[*((part, words.of("part", part)) for part in parts), *named],
        goals=goals,
        saved=saved,
    )


def _head(actor: Actor, words: Words) -> str:
    return words["title" if actor.role == "PE" else "title.LR"]


def _attached(body: bytes, kind: str, name: str) -> Response[bytes]:
    """A name that says nothing, whatever folder it ends in."""
    return Response(
        body,
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', **KEPT_NOWHERE},
    )


own_file = Router(
    FILE,
    route_handlers=[OwnDoorController, style, close, OwnFileController],
    opt={OF_FILE: True},
    before_request=prove,
    exception_handlers=REFUSALS,
    include_in_schema=False,
)
