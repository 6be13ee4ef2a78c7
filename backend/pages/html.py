"""How a page is made: Jinja with autoescape, nothing from another host, and no script but one."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.response import Redirect

from backend.access import OPERATIONS
from backend.doors import HttpRequest, path_of
from backend.pages.forms import Attempt, proof_for

HERE = Path(__file__).parent
STYLE = (HERE / "static" / "desk.css").read_text(encoding="utf-8")
PASSKEY_SCRIPT = (HERE / "static" / "passkey.js").read_text(encoding="utf-8")
LANGUAGE = "en"
HALF_A_YEAR = timedelta(days=180)
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none';"
        " base-uri 'none'; img-src 'self'"
    ),
}
# A browser hands out passkeys to a script alone: the pages that ask for one have one of ours.
SCRIPT_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": f"{PAGE_HEADERS['Content-Security-Policy']}; script-src 'self'",
}
Page = Response[Any]


def show(
    request: HttpRequest,
    template: str,
    *,
    status: int = 200,
    tried: Attempt | None = None,
    script: bool = False,
    **values: Any,
) -> Page:
    """A page. With `tried` it shows why a form was refused, and the form keeps what was typed.

    `script` is for a template that asks for a passkey, and for no other.
    """
    actor = getattr(request.state, "actor", None)

    def may(operation: str, role: str = "", roles: Collection[str] = ()) -> bool:
        """Whether to offer a form: the actions decide, this only spares a refusal."""
        known = actor is not None and actor.role in OPERATIONS[operation]
        return known and (not roles or role in roles)

    known = {"actor": actor, "may": may, "proof": proof_for(request), "path": path_of(request)}
    known["untold"] = getattr(request.state, "news", None)
    known["silence"] = getattr(request.state, "silence", None)
    html = _templates.get_template(template).render(tried=tried or Attempt(), **known, **values)
    return Response(
        html,
        status_code=tried.error.status if tried and tried.error else status,
        media_type=MediaType.HTML,
        headers=SCRIPT_HEADERS if script else PAGE_HEADERS,
    )


def go(path: str) -> Page:
    """On to a page after a form: a reload there sends nothing twice."""
    return Redirect(path, status_code=303, headers=PAGE_HEADERS)


def _day(value: date, today: date | None = None) -> str:
    """Weekday, day and month; the year where it is not plain from `today`."""
    near = today is not None and abs(value - today) < HALF_A_YEAR
    return format_date(value, "EEE d MMM" if near else "EEE d MMM y", locale=LANGUAGE)


def _moment(value: datetime, zone: str) -> str:
    return format_datetime(value, "EEE d MMM, HH:mm", tzinfo=ZoneInfo(zone), locale=LANGUAGE)


def _clock_time(value: time) -> str:
    return f"{value:%H:%M}"


def _fours(secret: str) -> str:
    """In groups of four, as one copies it."""
    return " ".join(re.findall(".{1,4}", secret))


def _readable(code: str) -> str:
    """An unknown code as words: callBack, call-back and CALL_BACK become "Call back"."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).replace("-", " ").replace("_", " ")
    return parts.lower().strip().capitalize()


def _pairs(codes: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Codes with their words, as the options of a choice."""
    return [(code, words.get(code) or _readable(code)) for code in codes]


_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    day=_day, moment=_moment, clock_time=_clock_time, readable=_readable, pairs=_pairs, fours=_fours
)
_templates.globals.update(
    lang=LANGUAGE,
    style=hashlib.sha256(STYLE.encode()).hexdigest()[:8],
    passkey_script=hashlib.sha256(PASSKEY_SCRIPT.encode()).hexdigest()[:8],
    new_key=lambda: str(uuid4()),
)
