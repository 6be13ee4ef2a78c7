"""Many are let go by one decision: a file of references, a look at it, and one tap."""

from collections.abc import Sequence

from litestar import Controller, get, post
from litestar.params import FromQuery

from backend.access import Actor, require
from backend.amnesty import actions, rules
from backend.amnesty.routes import LetManyGo, PreviewAmnesty
from backend.doors import HttpRequest, actor_of
from backend.errors import Unfit
from backend.once import Written
from backend.pages.door import DESK
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show

PATH = f"{DESK}/amnesty"


class AmnestyPageController(Controller):
    path = "/amnesty"

    @get("/")
    async def form(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        require(actor_of(request), "previewAmnesty")
        return _page(request, saved=saved)

    @post("/preview", status_code=200)
    async def preview(self, request: HttpRequest) -> Page:
        """Who is found; what was typed stays, to be sent."""
        form: Form = request.state.form
        try:
            typed = form.read(PreviewAmnesty)
            seen = await actions.preview_amnesty(actor_of(request), typed.references)
        except Unfit as error:
            return _page(request, Attempt(form, error))
        return _page(request, seen=seen, references=typed.references)

    @post("/")
    async def let_go(self, request: HttpRequest) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(LetManyGo)
            new = actions.NewAmnesty(given.references, given.left, given.found)
            return await actions.let_many_go(actor, new)

        async def again(tried: Attempt) -> Page:
            require(actor_of(request), "previewAmnesty")
            return _page(request, tried, references=tried.form.one("references"))

        return await submit(
            request, "letManyGo", act, lambda _: go(f"{PATH}?saved=letManyGo"), again
        )


def _page(
    request: HttpRequest,
    tried: Attempt | None = None,
    *,
    seen: Sequence[rules.Answer] = (),
    references: str = "",
    saved: str = "",
) -> Page:
    return show(
        request,
        "amnesty.html",
        tried=tried or Attempt(),
        seen=seen,
        counts=rules.counts(seen),
        references=references or (tried.form.one("references") if tried else ""),
        saved=saved,
    )
