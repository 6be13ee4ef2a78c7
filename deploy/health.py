"""Whether this container does its work: `python -m deploy.health api|bot|worker`.

The health checks of compose.yaml ask it. Exit code 0 says yes; otherwise one line says why not.
For a human `ready`, in a container of the API, prints what is out of order.
"""

import asyncio
import ssl
import sys
from datetime import timedelta

import asyncpg
import click
import httpx

from backend.settings import Settings, SettingsError, settings
from workflows.heartbeat import host

PATIENCE_SECONDS = 4
EVERYWHERE = "0.0.0.0"  # noqa: S104 - read, not bound
SILENT = timedelta(minutes=3)  # the worker beats every minute
READY = "/health/ready"
LAST_BEAT = "SELECT now() - max(at) FROM heartbeat WHERE starts_with(name, $1)"


def main(service: str) -> str | None:
    """None where all is well, else the reason."""
    try:
        match service:
            case "api":
                return _answers(_asked("GET", service, settings().api_port, READY), 200)
            case "bot":
                # without the secret: a webhook that refuses a stranger is there
                return _answers(_asked("POST", service, settings().webhook_port, "/telegram"), 401)
            case "ready":
                click.echo(_asked("GET", "api", settings().api_port, READY).text)
                return None
            case "worker":
                return asyncio.run(_beats(settings()))
    except (SettingsError, httpx.HTTPError, asyncpg.PostgresError, OSError) as error:
        return f"{service}: {type(error).__name__}"
    return f"there is no service {service!r}"


def _asked(method: str, service: str, port: int, path: str) -> httpx.Response:
    """Over TLS where a certificate is set, which then has to be that one, and this service's."""
    configured = settings()
    host = "127.0.0.1" if configured.host == EVERYWHERE else configured.host
    pinned = configured.listen_certificate
    trust = ssl.create_default_context(cafile=pinned)
    url = f"{'https' if pinned else 'http'}://{host}:{port}{path}"
    named = {"sni_hostname": service}  # the name by which the proxy asks
    with httpx.Client(verify=trust, timeout=PATIENCE_SECONDS, trust_env=False) as http:
        return http.request(method, url, extensions=named)


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
