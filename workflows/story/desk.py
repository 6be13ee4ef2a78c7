"""A browser at the desk, or on any phone: cookies, forms and no script."""

from html.parser import HTMLParser
from typing import Self

import httpx

from workflows.story.cast import PASSWORD, Staff

OK = 200


class _Forms(HTMLParser):
    """What a page's forms carry before anybody types, by where they go."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((has["action"], {}))
        elif tag == "input" and self.forms and "name" in has:
            self.forms[-1][1][has["name"]] = has.get("value", "")


class NoSuchForm(Exception):
    """A page without the form that somebody wanted to send."""


class Desk:
    """One browser; `html` is the page that is open."""

    def __init__(self, api: str) -> None:
        self._http = httpx.AsyncClient(base_url=api, trust_env=False, follow_redirects=True)
        self.html = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def open(self, path: str) -> httpx.Response:
        answer = await self._http.get(path)
        self.html = answer.text
        return answer

    async def send(self, action: str, **typed: str) -> httpx.Response:
        """Fill the first form that goes there and carries what is typed, and send it."""
        for where, fields in _Forms(self.html).forms:
            if where == action and typed.keys() <= fields.keys():
                answer = await self._http.post(action, data={**fields, **typed})
                self.html = answer.text
                return answer
        raise NoSuchForm(action)

    async def sign_in(self, who: Staff) -> httpx.Response:
        """With password, and a code of the app of whom one is asked."""
        await self.open("/desk/sign-in")
        secret = {"code": who.code()} if who.has_codes else {}
        return await self.send("/desk/sign-in", login=who.login, password=PASSWORD, **secret)
