"""How tests come in over the doors of staff, and what a refusal says."""

from typing import Any

import httpx

from tests.world import PASSWORD, App, Caller

PROBLEM = "urn:throughcare:problem:"
WRONG = (401, "wrong-credentials")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and type of a problem."""
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


async def enter(who: Caller, code: str | None = None, **more: Any) -> httpx.Response:
    body = {"login": who.login, "password": PASSWORD, "code": code, **more}
    return await Caller().post("/sessions", body)


def inside_of(answer: httpx.Response) -> Caller:
    """Whoever holds the token of this sign-in."""
    assert answer.status_code == 200, answer.text
    who = Caller()
    who.token = answer.json()["access_token"]
    return who


async def set_up_an_app(who: Caller) -> list[str]:
    """An app in force (`who.app`), and the recovery codes that it brought."""
    offered = await who.post("/account/factor")
    assert offered.status_code == 200, offered.text
    app = App(offered.json()["secret"])
    confirmed = await who.post("/account/factor/confirm", {"code": app.code()})
    assert confirmed.status_code == 200, confirmed.text
    who.app = app
    codes: list[str] = confirmed.json()["recovery_codes"]
    return codes
