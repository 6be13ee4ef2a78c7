"""Care for who helps: how many people each carries, and one human whom they may call."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.doors import HttpRequest, actor_of
from backend.once import Written
from backend.pages.forms import Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.support import actions
from backend.support.routes import SetSupport, SupportView

HERE = "/desk/support"


class SupportPageController(Controller):
    path = "/support"

    @get("/")
    async def support(self, request: HttpRequest, saved: FromQuery[str] = "") -> Page:
        return await _page(request, saved=saved)

    @post("/{who:uuid}")
    async def set_human(self, request: HttpRequest, who: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            named = form.read(SetSupport, human=form.one("human") or None)  # left empty: nobody
            return await actions.set_support(actor, who, named.human)

        return await submit(
            request,
            "setSupport",
            act,
            lambda _: go(f"{HERE}?saved=setSupport"),
            lambda tried: _page(request, tried),
        )


async def _page(request: HttpRequest, tried: Attempt | None = None, *, saved: str = "") -> Page:
    found = SupportView.of(await actions.list_support(actor_of(request)))
    return show(request, "support.html", tried=tried, saved=saved, found=found)
