"""A chat service for a benchmark: answers every message after a while, and counts what came.

Run as `python -m benchmarks.stub PORT SECONDS [faults]`; with `faults` the first message to a chat
meets the one of FAULTS that its number names. `GET /counted` tells what it saw; `POST /forget`
begins anew. It does the least that a sender needs, so that what is measured is the sender.
"""

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import count
from typing import cast
from urllib.parse import parse_qs

import uvloop

TWICE, OK = 2, 200
HEAD = "HTTP/1.1 {} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
ME = '{"ok":true,"result":{"id":1000,"is_bot":true,"first_name":"x","username":"x_bot"}}'
SENT = '{{"ok":true,"result":{{"message_id":{},"date":1,"chat":{{"id":{},"type":"private"}}}}}}'


@dataclass(frozen=True)
class Fault:
    """What the first message to a chat meets: an answer, or a line that is cut.

    `requests` is how many a sender makes that understands it; `ends` is what becomes of the row.
    """

    name: str
    requests: int
    ends: str
    status: int = 200
    words: str = ""
    more: str = ""
    cut: bool = False


FAULTS = (
    Fault("none", 1, "sent"),
    Fault("too many", 2, "sent", 429, "Too Many Requests", ',"parameters":{"retry_after":2}'),
    Fault("500", 2, "sent", 500, "Internal Server Error"),
    Fault("502", 2, "sent", 502, "Bad Gateway"),
    Fault("503", 2, "sent", 503, "Service Unavailable"),
    Fault("504", 2, "sent", 504, "Gateway Timeout"),
    Fault("cut", 2, "sent", cut=True),
    Fault("no answer that is one", 2, "sent", 200, "<html>"),
    Fault("too long", 1, "failed", 400, "Bad Request: message is too long"),
    Fault("not found", 1, "failed", 400, "Bad Request: chat not found"),
    Fault("blocked", 1, "failed", 403, "Forbidden: bot was blocked by the user"),
    Fault("a group", 1, "failed", 400, "Bad Request", ',"parameters":{"migrate_to_chat_id":-5}'),
)
# Instead, the first message of this bot is met by this, which is about the bot and no chat.
REFUSED, UNAUTHORISED = "bot1001:x", Fault("our token", 1, "sent", 401, "Unauthorized")


def fault_of(bot: str, chat: int) -> Fault:
    """What a chat of this bot meets; every second chat is with the bot that is refused."""
    return UNAUTHORISED if bot == REFUSED else FAULTS[chat // 2 % len(FAULTS)]


class Counted:
    """What came: how often each chat was written to with which text, and when each bot was."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.texts = Counter[tuple[str, str]]()
        self.at: dict[str, list[float]] = defaultdict(list)
        self.chats: dict[str, list[float]] = defaultdict(list)

    def note(self, bot: str, chat: str, text: str) -> None:
        now = time.monotonic()
        self.texts[chat, text] += 1
        self.at[bot].append(now)
        self.chats[chat].append(now)

    def said(self) -> dict[str, object]:
        return {
            "messages": sum(self.texts.values()),
            "chats": len(self.chats),
            "different": len(self.texts),
            "twice": sum(times == TWICE for times in self.texts.values()),
            "more often": sum(times > TWICE for times in self.texts.values()),
            "of a bot in a second": max(map(_most, self.at.values()), default=0),
            "of a chat in a second": max(map(_most, self.chats.values()), default=0),
            "seconds": _span([at for one in self.at.values() for at in one]),
        }


def _most(times: list[float]) -> int:
    """How many came within any one second."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _span(times: list[float]) -> float:
    return max(times) - min(times) if times else 0.0


COUNTED, NUMBERS = Counted(), count(1)


class Line(asyncio.Protocol):
    """One connection; a request at a time, as clients that keep a connection send them."""

    def __init__(self, seconds: float, *, faults: bool) -> None:
        self._seconds = seconds
        self._faults = faults
        self._come = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own is none by name

    def data_received(self, data: bytes) -> None:
        self._come += data
        head, found, rest = self._come.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if len(rest) < length:
            return
        self._come = rest[length:]
        self._asked(head.split(b" ", 2)[1].decode(), rest[:length].decode())

    def _asked(self, path: str, body: str) -> None:
        match path.rpartition("/")[2]:
            case "counted":
                self._answer(json.dumps(COUNTED.said()))
            case "arrivals":
                came = [at for one in COUNTED.at.values() for at in one]
                self._answer(json.dumps(sorted(came)))
            case "forget":
                COUNTED.forget()
                self._answer("{}")
            case "sendMessage":
                said = parse_qs(body)
                chat = said["chat_id"][0]
                bot = path.split("/")[1]
                first = (bot not in COUNTED.at) if bot == REFUSED else chat not in COUNTED.chats
                COUNTED.note(bot, chat, said["text"][0])
                fault = fault_of(bot, int(chat))
                answer = SENT.format(next(NUMBERS), chat)
                later = asyncio.get_running_loop().call_later
                if first and self._faults and fault.name != "none":
                    later(self._seconds, self._fail, fault)
                else:
                    later(self._seconds, self._answer, answer)
            case "requests":
                self._answer(json.dumps({chat: len(at) for chat, at in COUNTED.chats.items()}))
            case _:
                self._answer(ME)

    def _fail(self, fault: Fault) -> None:
        if fault.cut:
            self._transport.close()
        elif fault.status == OK:
            self._answer(fault.words)
        else:
            said = f'"error_code":{fault.status},"description":"{fault.words}"{fault.more}'
            self._answer('{"ok":false,' + said + "}", fault.status)

    def _answer(self, body: str, status: int = OK) -> None:
        if not self._transport.is_closing():
            self._transport.write((HEAD.format(status, len(body)) + body).encode())


async def _serve(port: int, seconds: float, *, faults: bool) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Line(seconds, faults=faults), "127.0.0.1", port, backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]), faults="faults" in sys.argv))
