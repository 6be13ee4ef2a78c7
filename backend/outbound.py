"""Whom the service calls: the one address that a client is made for, and nobody else."""

import httpx

PORTS = {"http": 80, "https": 443}


class Elsewhere(httpx.ConnectError):
    """Nothing was sent: the address is not the one that this client may call."""


class Only(httpx.AsyncHTTPTransport):
    """A way out to one scheme, host and port, whatever an address or a redirect says.

    A client with it takes no proxy from the environment either. Raises Elsewhere.
    """

    def __init__(self, url: str) -> None:
        super().__init__(limits=httpx.Limits(max_connections=1), trust_env=False)
        self._may = place(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if place(request.url) != self._may:
            raise Elsewhere("not whom this client may call")
        return await super().handle_async_request(request)


def place(url: httpx.URL | str) -> tuple[str, str, int | None]:
    """The scheme, host and port that an address leads to."""
    url = httpx.URL(url)
    return url.scheme, url.host, url.port or PORTS.get(url.scheme)
