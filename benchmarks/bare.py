"""The pace of the machine: what the framework answers when there is nothing to do."""

import sys

import uvloop
from litestar import Litestar, get

from backend.serve import server


@get("/")
async def nothing() -> dict[str, str]:
    return {"said": "nothing"}


async def serve(port: int) -> None:
    await server(Litestar([nothing], openapi_config=None), "127.0.0.1", port).serve()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
