"""A name server for a few names, as an engine gives its containers one."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

ADDRESS, INTERNET = 1, 1


class Names(socketserver.ThreadingUDPServer):
    """Answers for addresses (IPv4) of the names in `known`; every other name is unknown."""

    daemon_threads = True

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.known = known


class _Asked(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        request: tuple[bytes, socket.socket] = self.request
        query, line = request
        server: Any = self.server
        labels, at = [], 12
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode("ascii").lower())
            at += 1 + length
        question = query[12 : at + 5]
        kind, _ = struct.unpack("!HH", query[at + 1 : at + 5])
        name = ".".join(labels)
        found = server.known.get(name, ()) if kind == ADDRESS else ()
        flags = 0x8180 if name in server.known else 0x8183
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0)
        rows = [
            struct.pack("!HHHIH", 0xC00C, ADDRESS, INTERNET, 1, 4) + socket.inet_aton(one)
            for one in found
        ]
        line.sendto(head + question + b"".join(rows), self.client_address)


@contextmanager
def serving_names(known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Serve while the body runs; the server's address with its port."""
    with Names(known) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
