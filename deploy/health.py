"""Whether this container does its work: `python -m deploy.health api|bot|worker`.

The health checks of compose.yaml ask it. Exit code 0 says yes; otherwise one line says why not.
"""

import asyncio
import sys
from datetime import timedelta

import asyncpg
import httpx

from backend.settings import Settings, SettingsError, settings
from workflows.heartbeat import host

PATIENCE_SECONDS = 4
EVERYWHERE = "0.0.0.0"  # noqa: S104 - read, not bound
SILENT = timedelta(minutes=3)  # the worker beats every minute
LAST_BEAT = "SELECT now() - max(at) FROM heartbeat WHERE starts_with(name, $1)"


def main(service: str) -> str | None:
    """None where all is well, else the reason."""
    try:
        match service:
            case "api":
                url = f"{_here(settings())}:{settings().api_port}/health/ready"
                return _answers(httpx.get(url, timeout=PATIENCE_SECONDS, trust_env=False), 200)
            case "bot":
                # without the secret: a webhook that refuses a stranger is there
                url = f"{_here(settings())}:{settings().webhook_port}/telegram"
                return _answers(httpx.post(url, timeout=PATIENCE_SECONDS, trust_env=False), 401)
            case "worker":
                return asyncio.run(_beats(settings()))
    except (SettingsError, httpx.HTTPError, asyncpg.PostgresError, OSError) as error:
        return f"{service}: {type(error).__name__}"
    return f"there is no service {service!r}"


def _here(configured: Settings) -> str:
    return f"http://{'127.0.0.1' if configured.host == EVERYWHERE else configured.host}"


def _answers(response: httpx.Response, status: int) -> str | None:
    return None if response.status_code == status else f"answered {response.status_code}"


async def _beats(configured: Settings) -> str | None:
    """The worker of this very container; where several share a host, that one of them works."""
    held = await asyncpg.connect(configured.worker_database_url, timeout=PATIENCE_SECONDS)
    try:
        since = await held.fetchval(LAST_BEAT, host(), timeout=PATIENCE_SECONDS)
    finally:
        await held.close(timeout=1)
    if since is None or since > SILENT:
        return f"the last heartbeat was {since} ago" if since else "no heartbeat yet"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ("",)))
