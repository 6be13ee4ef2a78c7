"""Somebody else in the place of the program, behind a second proxy."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.deploy.proxy import Proxy, a_proxy
from tests.processes import free_port

Answer = Callable[[BaseHTTPRequestHandler], object]


@dataclass(frozen=True)
class Shown:
    """How somebody listens: with these files, or in the clear."""

    certificate: str
    key: str

    def side(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.certificate, self.key)
        return made


def ours(proxy: Proxy) -> Shown:
    """What the program shows."""
    secrets = proxy.stack.secrets
    return Shown(str(secrets / "inside_certificate"), str(secrets / "inside_key"))


@contextmanager
def before_another_api(
    proxy: Proxy, answer: Answer, shown: Shown | None, **more: str
) -> Iterator[Proxy]:
    """A second proxy, before an API that answers so; without `shown` it listens in the clear."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer(self)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    class Server(ThreadingHTTPServer):
        request_queue_size = 100

        def handle_error(self, request: object, client_address: object) -> None: ...

    address = f"{proxy.stack.net}.90"
    with (
        Server((address, 8000), Handler) as server,
        a_proxy(proxy.stack, {"api": [address]}, free_port(), proxy.trust, **more) as second,
    ):
        if shown:  # the handshake belongs to the thread of its caller
            server.socket = shown.side().wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield second
        finally:
            server.shutdown()
            thread.join()
