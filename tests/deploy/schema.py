"""The shape of those parts of a compose file that ours uses, after the Compose Specification.

Written by hand: no engine and no copy of the specification's own schema is at hand where the
tests run. What is not listed here is refused, so a misspelt key is noticed.
"""

from typing import Any

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True}
WORDS = {"type": "array", "items": TEXT, "minItems": 1}
DURATION = {"type": "string", "pattern": r"^(\d+h)?(\d+m)?(\d+s)?$", "minLength": 2}
SIZE = {"type": "string", "pattern": r"^\d+([bkmg]b?|[BKMG])$"}
NAME = r"^[a-zA-Z0-9._-]+$"


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def a_map(value: Any) -> dict[str, Any]:
    return {"type": "object", "patternProperties": {NAME: value}, "additionalProperties": False}


SERVICE = an_object(
    image={"type": "string", "pattern": r"^[a-z0-9/]+:[\w.-]+$"},
    build={**an_object(context=TEXT), "required": ["context"]},
    user={"type": "string", "pattern": r"^\d+:\d+$"},
    command=WORDS,
    environment=a_map(TEXT),
    secrets=TEXTS,
    networks=TEXTS,
    network_mode={"const": "none"},
    ports={**TEXTS, "items": {"type": "string", "pattern": r"^[\d.]+:\d+:\d+$"}},
    volumes={**TEXTS, "items": {"type": "string", "pattern": r"^[\w./-]+:/[\w./-]+(:ro)?$"}},
    tmpfs={**TEXTS, "items": {"type": "string", "pattern": r"^/\w+(:size=\d+[kmg])?$"}},
    depends_on=a_map(
        {
            **an_object(
                condition={
                    "enum": [
                        "service_started",
                        "service_healthy",
                        "service_completed_successfully",
                    ]
                }
            ),
            "required": ["condition"],
        }
    ),
    healthcheck={
        **an_object(
            test={**WORDS, "items": {"type": "string"}},
            interval=DURATION,
            timeout=DURATION,
            start_period=DURATION,
            start_interval=DURATION,
            retries={"type": "integer", "minimum": 1},
        ),
        "required": ["test", "interval", "timeout", "retries"],
    },
    deploy=an_object(
        replicas={"type": "integer", "minimum": 1},
        resources=an_object(limits=an_object(memory=SIZE, pids={"type": "integer"})),
    ),
    ulimits=a_map(an_object(soft={"type": "integer"}, hard={"type": "integer"})),
    logging={**an_object(driver=TEXT), "required": ["driver"]},
    restart={"enum": ["no", "unless-stopped"]},
    profiles=TEXTS,
    cap_drop=TEXTS,
    security_opt=TEXTS,
    shm_size=SIZE,
    stop_grace_period=DURATION,
    init={"type": "boolean"},
    read_only={"type": "boolean"},
    stdin_open={"type": "boolean"},
    tty={"type": "boolean"},
)
SERVICE["required"] = ["image", "command", "restart", "logging"]

SCHEMA = an_object(
    name={"type": "string", "pattern": r"^[a-z0-9][a-z0-9_-]*$"},
    services=a_map(SERVICE),
    networks=a_map(an_object(internal={"type": "boolean"})),
    volumes=a_map(an_object()),
    secrets=a_map({**an_object(file=TEXT), "required": ["file"]}),
)
SCHEMA["patternProperties"] = {"^x-": {}}
SCHEMA["required"] = ["name", "services"]
