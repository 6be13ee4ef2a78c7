"""The API document: what Litestar derives from the routes, and what it cannot know.

Which refusals all operations share and which headers a write needs follows from
the errors that a route documents, so that no route has to repeat it.
"""

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from litestar import Litestar, MediaType, Request, Response, Router
from litestar.datastructures import ResponseHeader
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.routes import HTTPRoute

from backend.doors import COURT, PUBLIC
from backend.errors import (
    BadInput,
    DatabaseBusy,
    DomainError,
    KeyMissing,
    NotFound,
    NotJson,
    NotSignedIn,
    Taken,
    TooLarge,
    Unfit,
    VersionMissing,
)
from backend.problems import MEDIA_TYPE, TYPE_PREFIX, UNEXPECTED
from backend.words import PURPOSES

Json = dict[str, Any]

PATH = "/docs"
OPENAPI_JSON = "application/vnd.oai.openapi+json"
# A write answers 201 for what it makes and 200 for what it changes, but for these.
ANSWERS = {
    "bindCourtFile": ("200", "201"),
    "changeAppointment": ("200", "201"),
    "checkWelcome": ("200",),
    "protectAddress": ("201",),
    "raiseSafetyFlag": ("201",),
    "recordFlow": ("201",),
    "recordVisit": ("201",),
    "setLegalHold": ("201",),
    "setWall": ("201",),
    "undoContact": ("200",),
    "withdrawConsent": ("200",),
}
STANDARD = {
    "staff": {"type": "http", "scheme": "bearer", "description": "From signIn; ten minutes."},
    "court": {"type": "http", "scheme": "bearer", "description": "From courtToken; ten minutes."},
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Made by the client, one for each intent; a repeat gets the first answer.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
}
VERSION = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The version that the client saw, in quotes as in ETag.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
}
PURPOSE = {
    "name": "X-Purpose",
    "in": "header",
    "required": False,
    "description": "What it is for, for the record of who looked; each operation has a usual one.",
    "schema": {"type": "string", "enum": list(PURPOSES)},
}
ETAG = {"ETag": {"description": "The version of the row.", "schema": {"type": "string"}}}


def document(app: Litestar) -> Json:
    """The whole document of an app that was made with `config`."""
    made: Json = _pruned(app.openapi_schema.to_schema())
    made["components"] |= {"securitySchemes": STANDARD, "responses": {}}
    doors = {
        handler.operation_id: handler.opt
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
    }
    for methods in made["paths"].values():
        for operation in methods.values():
            opt = doors[operation["operationId"]]
            if not opt.get(PUBLIC):
                operation["security"] = [{"court" if opt.get(COURT) else "staff": []}]
            _complete(operation, made["components"])
    return made


def _pruned(derived: Any) -> Any:
    """A copy as plain JSON, without what is a default by the standard."""
    if isinstance(derived, dict):
        return {
            str(name): _pruned(value)
            for name, value in derived.items()
            if not (name in _DEFAULTS and not value)
        }
    return [_pruned(one) for one in derived] if isinstance(derived, list | tuple) else derived


_DEFAULTS = frozenset({"deprecated", "allowEmptyValue", "allowReserved", "headers"})


def _complete(operation: Json, components: Json) -> None:
    kinds = {
        status: set(answer["description"].split(", "))
        for status, answer in operation["responses"].items()
        if MEDIA_TYPE in answer.get("content", {})
    }
    for error in _shared(operation, components["schemas"]):
        kinds.setdefault(str(error.status), set()).add(error.kind)
    kinds["500"] = {UNEXPECTED}
    keyed = KeyMissing.kind in kinds["400"]
    change = str(VersionMissing.status) in kinds
    ours = {"staff": []} in operation.get("security", [])
    headers = [
        *([KEY] if keyed else []),
        *([VERSION] if change else []),
        *([PURPOSE] if ours else []),
    ]
    if headers:
        operation["parameters"] = [*operation.get("parameters", []), *headers]
    operation["summary"] = operation.pop("description", operation["operationId"])
    operation["responses"] = {
        **_successes(operation, keyed=keyed, change=change),
        **{
            status: _refusal(status, names, components["responses"])
            for status, names in sorted(kinds.items())
        },
    }


def _shared(operation: Json, schemas: Json) -> Iterator[type[DomainError]]:
    """What every route of this shape may refuse, whatever its action does."""
    yield BadInput
    if "security" in operation:
        yield from (NotSignedIn, DatabaseBusy)
    if any(one["in"] == "path" for one in operation.get("parameters", ())):
        yield NotFound
    if any(one["in"] == "query" for one in operation.get("parameters", ())):
        yield Unfit
    if "requestBody" in operation:
        yield from (NotJson, TooLarge, Unfit, DatabaseBusy)
        (content,) = operation["requestBody"]["content"].values()
        body = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        if {"id", "new_id"} & set(body["properties"]):
            yield Taken


def _successes(operation: Json, *, keyed: bool, change: bool) -> Json:
    derived = {
        status: one
        for status, one in operation["responses"].items()
        if MEDIA_TYPE not in one.get("content", {})
    }
    if keyed:
        usual = ("200",) if change or operation["operationId"].startswith("set") else ("201",)
        (answer,) = derived.values()
        answer["headers"] = ETAG
        derived = {one: {**answer} for one in ANSWERS.get(operation["operationId"], usual)}
    for status, answer in derived.items():
        answer["description"] = _SUCCESS.get(status, answer["description"])
    return derived


_SUCCESS = {"200": "Done", "201": "Made", "204": "Done"}


def _refusal(status: str, kinds: set[str], responses: Json) -> Json:
    """Each set of refusals stands once in the document; operations point to it."""
    name = ".".join([status, *sorted(kinds)])
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"type": {"enum": [TYPE_PREFIX + kind for kind in sorted(kinds)]}}},
        ]
    }
    description = ", ".join(sorted(kinds))
    responses[name] = {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
    return {"$ref": f"#/components/responses/{name}"}


@lru_cache(maxsize=1)
def printed(app: Litestar) -> str:
    """The document as it is checked in: one order, one layout."""
    ordered = msgspec.json.encode(document(app), order="sorted")
    return msgspec.json.format(ordered, indent=2).decode() + "\n"


class _AsJson(OpenAPIRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        del openapi_schema
        return printed(request.app).encode()


class _AsPage(OpenAPIRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        del openapi_schema
        return _shown(request.app)


@lru_cache(maxsize=1)
def _shown(app: Litestar) -> bytes:
    whole = document(app)
    by_tag: dict[str, list[Json]] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            shown = {**operation, "path": path, "method": method.upper()}
            by_tag.setdefault(operation["tags"][0], []).append(shown)
    return _page.render(whole=whole, by_tag=by_tag, style=_STYLE).encode()


def _type(schema: Json) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "oneOf" in schema:
        return " or ".join(_type(one) for one in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    words = schema.get("format") or schema.get("type") or "anything"
    rules = [f"{name} {schema[name]}" for name in _RULES if name in schema]
    return f"{words} ({', '.join(rules)})" if rules else str(words)


_RULES = ("minLength", "maxLength", "minimum", "maximum", "maxItems", "pattern", "default")
_HERE = Path(__file__).parent
_STYLE = (_HERE / "reference.css").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_jinja = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_jinja.filters["type"] = _type
_page = _jinja.from_string((_HERE / "reference.html").read_text(encoding="utf-8"))


async def _no_page_of_litestar(response: Response[Any]) -> Response[Any]:
    """Litestar adds a route that answers 404 in HTML of its own. Raises NotFound instead."""
    if response.status_code == NotFound.status:
        raise NotFound
    return response


def config() -> OpenAPIConfig:
    """The document as JSON and as a page that a person can read; both are open to everybody."""
    csp = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
    return OpenAPIConfig(
        title="Throughcare",
        version="1",
        description="Coordinates a person's return from custody to the community.",
        openapi_router=Router(
            PATH,
            route_handlers=[],
            opt={PUBLIC: True},
            include_in_schema=False,
            response_headers=[ResponseHeader(name="Content-Security-Policy", value=csp)],
            after_request=_no_page_of_litestar,
        ),
        render_plugins=[
            _AsPage(path="/", media_type=MediaType.HTML),
            _AsJson(path="/openapi.json", media_type=OPENAPI_JSON),  # type: ignore[arg-type]
        ],
        use_handler_docstrings=True,
    )
