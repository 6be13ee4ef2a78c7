"""A browser without JavaScript: it keeps cookies, follows redirects and fills the forms it sees."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx

from backend import clock
from backend.actors.actions import seal
from backend.database import connection, transaction
from tests.world import APP, PASSWORD, Caller, World, a_day

DESK = "/desk"
SIGN_IN = "/desk/sign-in"


@dataclass
class Shown:
    """A form on a page: where it goes and what it carries before anybody types."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **typed: str | list[str]) -> list[tuple[str, str]]:
        kept = [pair for pair in self.fields if pair[0] not in typed]
        for name, value in typed.items():
            kept += [(name, one) for one in (value if isinstance(value, list) else [value])]
        return kept


class Page(HTMLParser):
    """What stands on a page."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.html = answer.text
        self.forms: list[Shown] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.words = ""
        self._select = ""
        self._chosen: str | None = None
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in has.items()]
        if tag == "form":
            self.forms.append(Shown(has["action"]))
        elif tag == "select":
            self._select, self._chosen = has["name"], None
        elif tag == "option" and ("selected" in has or self._chosen is None):
            self._chosen = has["value"]
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append((has.get("name", ""), has.get("value", "")))
        elif tag == "input" and (has.get("type") not in {"radio", "checkbox"} or "checked" in has):
            self.forms[-1].fields.append((has["name"], has.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._chosen is not None:
            self.forms[-1].fields.append((self._select, self._chosen))

    def handle_data(self, data: str) -> None:
        self.words += data

    def form(self, action: str, button: str = "") -> Shown:
        """The form with this action; with `button`, the one that has a button of this name."""
        for one in self.forms:
            names = {name for name, _ in (*one.fields, *one.buttons)}
            if one.action == action and (not button or button in names):
                return one
        raise AssertionError(f"no form {action} {button} on this page: {self.words[:500]}")

    def has_form(self, action: str) -> bool:
        return any(one.action == action for one in self.forms)


class Browser:
    def __init__(self, base: str = "http://desk.test") -> None:
        transport = httpx.ASGITransport(app=APP)
        self.http = httpx.AsyncClient(transport=transport, base_url=base)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def open(self, path: str, *, follow: bool = True) -> Page:
        return Page(await self.http.get(path, follow_redirects=follow))

    async def send(
        self, page: Page, action: str, button: str = "", *, follow: bool = True, **typed: Any
    ) -> Page:
        """Fill a form of a page and press its button."""
        return await self.post(action, page.form(action, button).filled(**typed), follow=follow)

    async def post(
        self,
        path: str,
        fields: list[tuple[str, str]],
        *,
        follow: bool = True,
        headers: dict[str, str] | None = None,
    ) -> Page:
        body = urlencode(fields).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        answer = await self.http.post(path, content=body, headers=kind, follow_redirects=follow)
        return Page(answer)

    async def enter(self, login: str, password: str = PASSWORD, *, to: str = DESK) -> Page:
        page = await self.open(f"{SIGN_IN}?to={to}")
        return await self.send(page, SIGN_IN, login=login, password=password)

    async def show(self, passkey: Any, *, to: str = DESK) -> Page:
        """Sign in with a passkey."""
        return await self.show_at(await self.open(f"{SIGN_IN}?to={to}"), passkey)

    async def show_at(self, door: Page, passkey: Any) -> Page:
        """At a door that is open; the script of the page does no more than this."""
        page = await self.send(door, f"{SIGN_IN}/passkey", "csrf")
        (options,) = [value for _, name, value in page.attributes if name == "data-options"]
        return await self.send(page, f"{SIGN_IN}/passkey/show", **passkey.show(json.loads(options)))


def plain(page: Page) -> Page:
    """Every page: no script in any shape, nothing of another host, no name in the title."""
    assert not page.tags & {"script", "iframe", "object", "embed", "style", "img"}
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name != "style", tag
        if name in {"href", "src", "action"}:
            assert value.startswith(("/desk", "#")), value
    title = re.search(r"<title>(.*?)</title>", page.html)
    assert title
    assert "Imaginary" not in title[1]
    return page


async def login_of(world: World, caller: Caller) -> str:
    rows = await world.sql("SELECT login FROM staff WHERE id = $1", caller.id)
    return str(rows[0]["login"])


async def at_the_desk(world: World, caller: Caller) -> Browser:
    """A browser in which this member of staff has signed in."""
    browser = Browser()
    if caller.passkey is None:
        page = await browser.enter(await login_of(world, caller))
    else:
        page = await browser.show(caller.passkey)
    assert (page.status, str(page.answer.url)) == (200, "http://desk.test/desk"), page.words
    return browser


async def in_the_circle(worker: Caller, plan: str, role: str, **values: Any) -> str:
    """Somebody joins a circle and says yes to messages; their actor."""
    made = await worker.post(f"/plans/{plan}/circle", {"role": role, **values})
    assert made.status_code == 201, made.text
    circle = (await worker.get(f"/plans/{plan}")).json()["circle"]
    who: str = next(one["actor"] for one in circle if one["mandate"] == made.json()["id"])
    yes = {"kind": "channel", "language": "en", "subject": who, "channel": "telegram"}
    said = await worker.post(f"/plans/{plan}/consents", yes)
    assert said.status_code == 201, said.text
    return who


async def writes(worker: Caller, plan: str, who: str, text: str) -> UUID:
    """Somebody of the circle wrote a free text to the bot."""
    invited = await worker.post("/invitations", {"plan": plan, "subject": who})
    assert invited.status_code == 201, invited.text
    id_, subject = uuid4(), UUID(who)
    async with transaction(worker.id):
        sealed = await seal(subject, f"incoming.text:{id_}", text)
        await connection().execute(
            "INSERT INTO incoming (id, agency, plan, version, bot, link, subject, received_at,"
            " purge_after, text) SELECT $1, agency, plan, 1, bot, id, subject, $2, $3, $4"
            " FROM link WHERE id = $5",
            id_,
            clock.now(),
            a_day(),
            sealed,
            UUID(invited.json()["id"]),
        )
    return id_
