"""Whom the service calls: each way out is bound to the one address that was set up."""

import ast
import asyncio
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from telegram import Bot
from telegram.error import NetworkError, TelegramError

from backend.audit import heads
from backend.outbound import Elsewhere, Only
from backend.settings import read
from bots.channels.request import NeverLeft
from bots.channels.telegram import make_bot

ROOT = Path(__file__).parents[2]
WAYS_OUT = {"AsyncClient", "Client", "ClientSession", "HTTPXRequest"}
MAIL = {"SMTP", "SMTP_SSL"}
# the stand-in and the story are no part of what runs for an agency; the check looks at its own host
NOT_RUN = ("bots/phones/", "workflows/story/")


class Listener:
    """Somebody who answers, and counts who came."""

    def __init__(self) -> None:
        self.came = 0
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

    async def __call__(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self.came += 1
        await reader.readuntil(b"\r\n\r\n")
        back.write(self.answer)
        back.close()


async def _hang_up(bot: Bot) -> None:
    """A bot that was never begun has connections all the same."""
    for request in bot._request:
        await request.shutdown()


@pytest.mark.parametrize(
    "elsewhere",
    ["http://127.0.0.1:{other}/", "https://127.0.0.1:{port}/", "http://localhost:{port}/",
     "http://127.0.0.1.example:{port}/", "http://user@127.0.0.1:{other}/"],
)  # fmt: skip
async def test_another_host_port_or_scheme_is_not_called(elsewhere: str) -> None:
    mine, theirs = Listener(), Listener()
    async with (
        await asyncio.start_server(mine, "127.0.0.1") as here,
        await asyncio.start_server(theirs, "127.0.0.1") as there,
    ):
        port, other = (one.sockets[0].getsockname()[1] for one in (here, there))
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(transport=Only(url)) as client:
            assert (await client.get(f"{url}/bot/getMe")).status_code == 200
            with pytest.raises(Elsewhere):
                await client.get(elsewhere.format(port=port, other=other))
    assert (mine.came, theirs.came) == (1, 0)


async def test_a_redirect_leads_nowhere_else() -> None:
    mine, theirs = Listener(), Listener()
    async with (
        await asyncio.start_server(mine, "127.0.0.1") as here,
        await asyncio.start_server(theirs, "127.0.0.1") as there,
    ):
        port, other = (one.sockets[0].getsockname()[1] for one in (here, there))
        mine.answer = (
            f"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{other}/\r\n"
            "content-length: 0\r\nconnection: close\r\n\r\n"
        ).encode()
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(transport=Only(url), follow_redirects=True) as client:
            with pytest.raises(Elsewhere):
                await client.get(url)
        with pytest.raises(httpx.HTTPStatusError):
            await heads._post(f"{url}/heads", b"1")
    assert theirs.came == 0


async def test_the_bot_follows_no_redirect_and_not_even_to_the_same_place() -> None:
    service = Listener()
    async with await asyncio.start_server(service, "127.0.0.1") as here:
        port = here.sockets[0].getsockname()[1]
        service.answer = (
            f"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/again\r\n"
            "content-length: 0\r\nconnection: close\r\n\r\n"
        ).encode()
        bot = make_bot(replace(read({}), telegram_api=f"http://127.0.0.1:{port}"))
        with pytest.raises(TelegramError):
            await bot.get_me()
        await _hang_up(bot)
    assert service.came == 1


def _false_certificate(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a name that is right and nobody who says so."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "false.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    side.load_cert_chain(file)
    return side


async def test_nothing_is_said_to_one_whose_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    liar = Listener()
    side = _false_certificate(tmp_path)
    async with await asyncio.start_server(liar, "127.0.0.1", ssl=side) as here:
        url = f"https://127.0.0.1:{here.sockets[0].getsockname()[1]}"
        bot = make_bot(replace(read({}), telegram_api=url))
        with pytest.raises(NetworkError, match="CERTIFICATE_VERIFY_FAILED"):
            await bot.get_me()
        with pytest.raises(NetworkError, match="CERTIFICATE_VERIFY_FAILED"):
            await bot.get_updates(timeout=0)
        await _hang_up(bot)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await heads._post(f"{url}/heads", b"1")
    assert liar.came == 0


async def test_the_bot_calls_the_chat_service_that_was_set_up_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service, proxy = Listener(), Listener()
    async with (
        await asyncio.start_server(service, "127.0.0.1") as here,
        await asyncio.start_server(proxy, "127.0.0.1") as there,
    ):
        port, other = (one.sockets[0].getsockname()[1] for one in (here, there))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{other}")
        bot = make_bot(replace(read({}), telegram_api=f"http://127.0.0.1:{port}"))
        with pytest.raises(TelegramError):
            await bot.initialize()  # what it hears is no answer of a chat service
        assert service.came
        for request in bot._request:
            with pytest.raises(NeverLeft):
                await request.retrieve(f"http://127.0.0.1:{other}/")
        await bot.shutdown()
    assert proxy.came == 0


def _ways_out(called_so: set[str]) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ROOT.glob("*/**/*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(NOT_RUN) or not name.startswith(("backend/", "bots/", "workflows/")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in called_so:
                    yield name, node


def test_no_client_of_the_product_is_made_without_its_one_address() -> None:
    found = list(_ways_out(WAYS_OUT))
    known = {"backend/audit/heads.py", "bots/channels/request.py", "bots/watch.py"}
    assert {name for name, _ in found} == known
    for name, call in found:
        assert "Only(" in ast.unparse(call), name


def test_letters_go_to_the_one_server_that_was_set_up() -> None:
    found = list(_ways_out(MAIL))
    assert {name for name, _ in found} == {"backend/mail.py"}
    assert {ast.unparse(call.args[0]) for _, call in found} == {"host"}
