"""Many are let go by one decision: a file of references, a look at it, and one tap."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor, require
from backend.amnesty import actions, rules
from backend.amnesty.printing import Batch, list_amnesties, print_amnesty
from backend.amnesty.routes import LetManyGo, Number, PreviewAmnesty
from backend.doors import HttpRequest, actor_of
from backend.errors import Unfit
from backend.once import Written
from backend.pages.door import DESK
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.reading import office_of
from backend.papers.routes import PDF, PRINTED

PATH = f"{DESK}/amnesty"


class AmnestyPageController(Controller):
    path = "/amnesty"

    @get("/")
    async def form(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        actor = actor_of(request)
        require(actor, "previewAmnesty")
        zone = (await office_of(actor)).zone
        return _page(request, saved=saved, batches=await list_amnesties(actor), zone=zone)

    @get("/{amnesty_id:uuid}/papers/{language:str}")
    async def papers(
        self,
        request: HttpRequest,
        amnesty_id: FromPath[UUID],
        language: FromPath[str],
        part: Number = 1,
    ) -> Response[bytes]:
        body = await print_amnesty(actor_of(request), amnesty_id, language, part)
        return Response(body, media_type=PDF, headers=PRINTED)

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
    batches: Sequence[Batch] = (),
    zone: str = "UTC",
) -> Page:
    return show(
        request,
        "amnesty.html",
        tried=tried or Attempt(),
        seen=seen,
        counts=rules.counts(seen),
        references=references or (tried.form.one("references") if tried else ""),
        saved=saved,
        batches=batches,
        zone=zone,
    )
