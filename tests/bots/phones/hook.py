"""A receiver of updates that answers as a test tells it to."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State


class Hook:
    """Answers each update with the status that `answer` gives for it; notes what came."""

    def __init__(self, answer: Callable[[dict[str, Any]], int] = lambda _: 200) -> None:
        self.got: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.answer = answer
        self.headers: dict[str, str] = {}
        self.app = Litestar([self._handler()], logging_config=None, openapi_config=None)

    @property
    def transport(self) -> httpx.ASGITransport:
        app: Any = self.app
        return httpx.ASGITransport(app)

    async def until(self, count: int) -> list[int]:
        """The numbers of the updates, in order of arrival, once there are `count`."""
        async with asyncio.timeout(5):
            while len(self.got) < count:  # noqa: ASYNC110 - a test may look again
                await asyncio.sleep(0.005)
        return [update["update_id"] for update in self.got]

    def _handler(self) -> Any:
        @post("/hook")
        async def hook(request: Request[Any, Any, State]) -> Response[None]:
            update = await request.json()
            self.got.append(update)
            self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
            return Response(None, status_code=self.answer(update), headers=self.headers)

        return hook
