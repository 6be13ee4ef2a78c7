"""Everything that somebody of a plan may see of it, with what is drawn by lot said in words."""

import json
import re
from collections.abc import Awaitable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from litestar.routes import HTTPRoute

from backend.doors import COURT, FILE, PAGE, PUBLIC
from backend.plans.filters import VIEWS
from tests.authz.alike import STAFF, Office, Twin, subject
from tests.backend.courts.docket import REFERENCE
from tests.backend.pages.browser import Browser
from tests.backend.papers import a_paper, comes_in
from tests.world import APP, Caller

Look = dict[tuple[str, str], str]  # by observer and channel

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PROOF = re.compile(r'name="csrf" value="[^"]*"')
NOT_OF_THE_PLAN = {
    "/desk/account/factor": "it offers a new secret each time",
    "/desk/account/prove": "likewise, something to sign; without a word of a plan",
    "/desk/account/passkeys/new": "a form without a word of a plan",
    "/file/copy.pdf": "made of the very sections of the page, and its bytes are packed",
    "/plans/{plan_id}/papers/{sheet}": "packed; what stands on it is compared by its own tests",
    "/desk/plans/{plan_id}/papers/print": "likewise",
    "/appointments/{appointment_id}": "one date; its own tests compare two (test_dates_that_move)",
    "/desk/plans/{plan_id}/dates/{date_id}": "likewise",
}
OF_ROWS = {"milestone_id", "row_id"}
CHANGE = "/milestones/{milestone_id}"
REFUSED = 403
OWN_FILE = "file"
A_NUMBER = 12
SENT = """
SELECT rule, step, key, state, reason, local_due, due_at, sent_at, answer FROM message
 WHERE recipient = $1"""


@cache
def paths(*, page: bool = False, court: bool = False, file: bool = False) -> Sequence[str]:
    """Of every GET that is open to somebody signed in, from the live routes."""
    found = []
    for route in APP.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            opt = handler.opt
            kind = tuple(bool(opt.get(one)) for one in (PAGE, COURT, FILE))
            if (
                "GET" in handler.http_methods
                and kind == (page, court, file)
                and not opt.get(PUBLIC)
            ):
                found.append(route.path_format)
    return [path for path in found if path not in NOT_OF_THE_PLAN and path not in _documents()]


def _documents() -> Collection[str]:
    return {"/docs", "/docs/openapi.json", "/docs/{path}"}


def _filled(path: str, twin: Twin) -> Iterator[tuple[str, str]]:
    """The path as a channel's name, and what is asked for."""
    parameters = set(re.findall(r"{(\w+)}", path))
    if parameters & OF_ROWS:
        return
    known = {
        "plan_id",
        "incident_id",
        "calendar_id",
        "area_id",
        "template_id",
        "code",
        "meeting_id",
        *("amnesty_id", "language"),
    }
    assert parameters <= known, f"say what {path} is asked for"
    url = path.format_map(dict.fromkeys(known, twin.id))
    if path.endswith("/draft"):
        url += "?" + "&".join(f"{name}={value}" for name, value in subject(twin).items())
    if path.endswith("/agenda"):
        url += f"?member={twin.id}"
    if path.endswith("/notice"):
        url += "?to=people"
    yield path, url
    if path == "/plans":
        for view in VIEWS:
            yield f"{path}?view={view}", f"{url}?view={view}"
    if path == "/plans/{plan_id}":
        yield f"{path}?show=all", f"{url}?show=all"
    if path.endswith("/release") and twin.move:
        yield f"{path}?moved", f"{url}?moved={twin.move}"


def _rows(path: str, twin: Twin, codes: Collection[str]) -> Iterator[tuple[str, str]]:
    """The same of a path that names a row, for each of these codes."""
    if set(re.findall(r"{(\w+)}", path)) & OF_ROWS:
        for code in sorted(codes):
            id_ = twin.rows[code]
            yield f"{path} {code}", path.format(milestone_id=id_, row_id=id_)


@dataclass
class Eyes:
    """What each role may ask for at all: found out in the plain plan, which is looked at first.

    What is refused to a role is refused before the plan is looked at; the walk sees to that.
    """

    refused: set[tuple[str, str]] = field(default_factory=set)

    async def see(
        self, twin: Twin, role: str, path: str, name: str, got: Awaitable[httpx.Response]
    ) -> Look:
        answer = await got
        if answer.status_code == REFUSED:
            self.refused.add((role, path))
        return {(role, name): plain(twin, answer)}

    async def lists(self, twin: Twin, when: str) -> Look:
        """Every read of the API that names no single row."""
        seen: Look = {}
        for role in STAFF:
            caller = twin.staff[role]
            for path in self.open_to(role, page=False):
                for name, url in _filled(path, twin):
                    channel = f"{when}: GET {name}"
                    seen |= await self.see(twin, role, path, channel, caller.get(url))
        return seen

    async def rows(self, twin: Twin, codes: Collection[str]) -> Look:
        """Every read of the API that names a row, and a change of it that comes too late."""
        seen: Look = {}
        for role in STAFF:
            caller = twin.staff[role]
            for path in self.open_to(role, page=False):
                for name, url in _rows(path, twin, codes):
                    seen |= await self.see(twin, role, path, f"GET {name}", caller.get(url))
            for name, url in _rows(
                CHANGE, twin, codes if (role, CHANGE) not in self.refused else ()
            ):
                late = caller.patch(url, {"state": "done"}, version=0)
                seen |= await self.see(twin, role, CHANGE, f"PATCH {name}", late)
        return seen

    async def pages(self, twin: Twin, codes: Collection[str], roles: Collection[str]) -> Look:
        seen: Look = {}
        for role in roles:
            async with Browser() as browser:
                await browser.enter(str(twin.staff[role].login))
                for path in self.open_to(role, page=True):
                    for name, url in (*_filled(path, twin), *_rows(path, twin, codes)):
                        got = browser.http.get(url)
                        seen |= await self.see(twin, role, path, f"page {name}", got)
        return seen

    def open_to(self, role: str, *, page: bool) -> list[str]:
        return [path for path in paths(page=page) if (role, path) not in self.refused]


async def in_the_own_file(office: Office, twin: Twin) -> Look:
    """Everything that the person and a lawyer can open with a paper."""
    sql = "SELECT id, role FROM mandate WHERE plan = $1 AND role IN ('PE', 'LR') ORDER BY role"
    seen: Look = {}
    for mandate in await office.world.sql(sql, UUID(twin.id)):
        paper = await a_paper(office.world, twin.worker, twin.id, str(mandate["id"]))
        async with await comes_in(paper) as browser:
            for path in paths(file=True):
                channel = f"{OWN_FILE} {path}"
                seen[mandate["role"], channel] = plain(twin, await browser.http.get(path))
    return seen


async def at_the_court(twin: Twin) -> Look:
    """The list, and every summary byte for byte."""
    caller: Caller = twin.court.caller
    await twin.court.sign_in()
    query = f"?file_ref={quote(REFERENCE)}"
    listed = await twin.court.list(REFERENCE)
    seen = {("CT", "list"): plain(twin, listed)}
    ids = [one["id"] for one in listed.json()["summaries"]]
    for path in paths(page=False, court=True):
        if "{" not in path:
            continue
        for number, id_ in enumerate(ids):
            answer = await caller.get(path.format(summary_id=id_) + query)
            seen["CT", f"summary {number}"] = plain(twin, answer)
    return seen


async def on_the_phones(office: Office, twin: Twin, when: str) -> Look:
    """What the bot said, with its buttons, and what else was to be said or was cancelled."""
    seen: Look = {}
    for who, phone in twin.phones.items():
        if who == "mother":
            continue
        said = [
            {"text": one.text, "buttons": _labels(one.buttons), "silent": one.silent}
            for one in await office.chats.texts(phone)
        ]
        seen[who, f"{when}: phone"] = named(twin, json.dumps(said, indent=1))
        actor = twin.members.get(who) or str(twin.staff[who].id)
        rows = await office.world.sql(SENT, UUID(actor))
        lines = [" ".join(str(value) for value in one.values()) for one in rows]
        lines = [re.sub(r"reply-\d+", "reply", line) for line in lines]
        seen[who, f"{when}: messages"] = named(twin, "\n".join(sorted(lines)))
    return seen


def _labels(keyboard: Any) -> list[str]:
    return [button["text"] for line in keyboard for button in line]


def plain(twin: Twin, answer: httpx.Response) -> str:
    """Status, headers and body of an answer, as lines that can be compared."""
    unlike = {"x-request-id", "date", "content-length", "set-cookie"}
    head = {name: value for name, value in answer.headers.items() if name not in unlike}
    if len(head.get("etag", "")) > A_NUMBER:  # a hash over the ids too
        del head["etag"]
    body = answer.text
    if "json" in answer.headers.get("content-type", ""):
        said = answer.json()
        if isinstance(said, dict) and "tasks" in said:  # those of one instant stand by their ids
            said["tasks"].sort(key=lambda one: named(twin, json.dumps(one)))
        body = json.dumps(said, indent=1, ensure_ascii=False)
    text = f"{answer.status_code} {json.dumps(head, sort_keys=True)}\n{body}"
    return named(twin, PROOF.sub("proof", text))


def named(twin: Twin, text: str) -> str:
    """With ids and other words of chance said as what they stand for."""
    for word, meaning in twin.words.items():
        text = text.replace(word, f"<{meaning}>")
    return UUIDS.sub(lambda found: f"<{twin.ids.get(found[0], 'id')}>", text)
