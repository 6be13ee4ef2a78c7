"""E-mail, by the server that the operator names. Whoever writes one puts nobody into it."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

SECONDS = 10.0
PORTS = {"smtp": 587, "smtps": 465}


async def send(server: str, sender: str, to: Sequence[str], subject: str, text: str) -> None:
    """Send a text by `server`, such as smtps://name:password@mail.example.org.

    With smtp:// the connection is encrypted before anything is said, but on the machine itself.
    Raises OSError, which SMTPException and SSLError are.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message.set_content(text)
    await asyncio.to_thread(_send, server, message)


def _send(server: str, message: EmailMessage) -> None:
    url = urlsplit(server)
    host, port = url.hostname or "", url.port or PORTS[url.scheme]
    context = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        if url.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=SECONDS)
    ) as held:
        if url.scheme == "smtp" and not _is_here(host):
            held.starttls(context=context)
        if url.username:
            held.login(unquote(url.username), unquote(url.password or ""))
        held.send_message(message)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
