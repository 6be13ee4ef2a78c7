from datetime import datetime

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath

from backend import clock
from backend.doors import NO_STORE, PUBLIC, HttpRequest, actor_of
from backend.errors import NotFound, NotYourRole, ProveAgain, TooMuch
from backend.feeds import actions
from backend.feeds.writing import TYPE, tag, write
from backend.problems import documented
from backend.settings import settings

LONGEST = 100  # of a token; ours have 43 signs


class MadeFeedView(msgspec.Struct):
    """Shown once: whoever has this address reads the calendar."""

    url: str


class FeedView(msgspec.Struct):
    """When the link was made; null where there is none."""

    made_at: datetime | None


def address_of_feed(token: str) -> str:
    return f"{settings().api_url}/feeds/{token}/dates.ics"


class FeedController(Controller):
    path = "/account/feed"
    tags = ["staff"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/",
        operation_id="makeFeed",
        status_code=200,
        responses=documented(NotYourRole, ProveAgain),
    )
    async def make(self, request: HttpRequest) -> Response[MadeFeedView]:
        """A private link for a calendar app, in the place of an earlier one: alias and hour."""
        token = await actions.make_feed(actor_of(request))
        return Response(MadeFeedView(address_of_feed(token)), headers=NO_STORE, status_code=200)

    @get("/", operation_id="getFeed", responses=documented(NotYourRole))
    async def look(self, request: HttpRequest) -> Response[FeedView]:
        """Whether you have such a link, and since when."""
        return Response(FeedView(await actions.get_feed(actor_of(request))), headers=NO_STORE)

    @post(
        "/end",
        operation_id="endFeed",
        status_code=204,
        responses=documented(NotYourRole, NotFound),
    )
    async def end(self, request: HttpRequest) -> None:
        """It opens nothing any more."""
        await actions.end_feed(actor_of(request))


@get(
    "/feeds/{token:str}/dates.ics",
    operation_id="readFeed",
    opt={PUBLIC: True},
    media_type=TYPE,
    tags=["staff"],
    responses=documented(NotFound, TooMuch),
)
async def read_feed(request: HttpRequest, token: FromPath[str]) -> Response[bytes]:
    """Your dates as iCalendar, for a calendar app, which cannot sign in.

    Each is an alias and an hour. Whatever is wrong with the address looks alike.
    """
    entries = await actions.read_feed(token[:LONGEST], request.state.request_id)
    same = tag(entries)
    headers = {**NO_STORE, "ETag": same}
    if request.headers.get("if-none-match") == same:
        return Response(b"", status_code=304, headers=headers, media_type=TYPE)
    headers |= {"Content-Disposition": 'inline; filename="dates.ics"'}
    return Response(write(entries, clock.now()), headers=headers, media_type=TYPE)
