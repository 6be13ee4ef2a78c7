"""What is outside a server: the chat service (its stand-in) and who vouches for a name."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bots.phones.app import create_phones
from bots.phones.serve import serving


@dataclass(frozen=True)
class Certificate:
    """A certificate that vouches for itself, made for this run."""

    chain: str
    key: str

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.chain)


def certificate(name: str) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    return Certificate(made.public_bytes(serialization.Encoding.PEM).decode(), private.decode())


@contextmanager
def a_chat_service(trust: ssl.SSLContext) -> Iterator[str]:
    """The stand-in in a thread of its own; its address. It calls webhooks over TLS."""
    told: SimpleQueue[str] = SimpleQueue()
    ended = threading.Event()

    async def run() -> None:
        transport = httpx.AsyncHTTPTransport(verify=trust)
        app = create_phones(webhook_transport=transport, webhook_pause=0.2)
        async with serving(app) as url:
            told.put(url)
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield told.get(timeout=20)
    finally:
        ended.set()
        thread.join()
