"""How the bot's library reaches the chat service: over aiohttp, to one address and nobody else.

The client that the library brings walks all of its connections at each request, so that a message
costs the more the more of them are on their way (docs/performance.md).
"""

from functools import cache
from typing import Any

import aiohttp
import httpx
import msgspec
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from backend.outbound import place

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
HEADERS = {
    "User-Agent": BaseRequest.USER_AGENT,
    "Content-Type": "application/x-www-form-urlencoded",
}
# Before there is a connection: while one is waited for, looked up, made, or refused.
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class NeverLeft(NetworkError):
    """No request reached the chat service: there was no connection."""


# Of a message that was sent: whatever else is in it, its own words too, we know already.
READ = ("message_id", "date", "chat")


@cache
def _timeout(patience: float) -> aiohttp.ClientTimeout:
    whole = CONNECT_SECONDS + patience
    return aiohttp.ClientTimeout(total=whole, connect=CONNECT_SECONDS, sock_read=patience)


class Only(aiohttp.TCPConnector):
    """A way out to one scheme, host and port, whatever an address or a redirect says."""

    def __init__(self, url: str, *, connections: int) -> None:
        # the same authorities as every other way out trusts
        super().__init__(limit=connections, ssl=httpx.create_ssl_context(trust_env=False))
        self._may = place(url)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109
        """A connection, where it leads to the one address. Raises NeverLeft."""
        if (req.url.scheme, req.url.host, req.url.port) != self._may:
            raise NeverLeft("not whom this client may call")
        return await super().connect(req, traces, timeout)


class Request(BaseRequest):
    """One bot's connections to one chat service; it follows no redirect and knows no proxy."""

    def __init__(self, url: str, *, connections: int = 1) -> None:
        self._url = url
        self._connections = connections
        self._client: aiohttp.ClientSession | None = None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """What came back. Raises TelegramError where it cannot be read."""
        try:
            said: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return BaseRequest.parse_json_payload(payload)
        result = said.get("result")
        if isinstance(result, dict) and "message_id" in result:
            said["result"] = {name: result[name] for name in READ if name in result}
        return said

    @property
    def read_timeout(self) -> float:
        return ANSWER_SECONDS

    async def initialize(self) -> None:
        """Make the connections' client, unless it is there."""
        if self._client is None or self._client.closed:
            self._client = aiohttp.ClientSession(
                connector=Only(self._url, connections=self._connections),
                trust_env=False,
                headers=HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """The status and the body; texts alone are sent, no files.

        Raises NeverLeft, TimedOut, NetworkError.
        """
        await self.initialize()
        client = self._client
        if client is None:
            raise NeverLeft("there is no client")
        patience = read_timeout if isinstance(read_timeout, int | float) else ANSWER_SECONDS
        body = request_data.url_encoded_parameters() if request_data else None
        try:
            async with client.request(
                method,
                url,
                data=body,
                timeout=_timeout(patience),
                allow_redirects=False,
            ) as answer:
                return answer.status, await answer.read()
        except NEVER_LEFT as error:
            raise NeverLeft(f"{type(error).__name__}: {error}") from error
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(f"{type(error).__name__}: {error}") from error
