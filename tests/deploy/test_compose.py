"""What compose.yaml, the Dockerfile and the proxy file promise, read without an engine."""

import copy
import inspect
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backend import settings
from backend.app import LARGEST_BODY
from backend.settings import ROOT, read
from bots.webhook import LARGEST_UPDATE, PATH, SECRET
from tests.deploy.files import compose, context, image
from tests.deploy.proxy import TEMPLATE
from tests.deploy.schema import SCHEMA
from throughcare import VERBS

FILE = compose({"PUBLIC_HOST": "help.example.org"})
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = {name for name, said in SERVICES.items() if "build" in said}
ALWAYS = {name for name, said in SERVICES.items() if said["restart"] != "no"}


def test_the_file_has_the_shape_of_a_compose_file() -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(FILE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services.api.enviroment", {}),
        ("services.api.restart", "allways"),
        ("services.api.environment.API_DOCS", False),
        ("services.api.healthcheck.interval", 30),
        ("services.api.depends_on.migrate", {}),
        ("secrets.vault_key", {}),
    ],
)
def test_a_misspelt_file_is_noticed(path: str, value: object) -> None:
    broken = copy.deepcopy(FILE)
    *way, last = path.split(".")
    there: Any = broken
    for step in way:
        there = there[step]
    there[last] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(broken)


def test_docker_compose_reads_the_file() -> None:
    docker = shutil.which("docker")
    words = [docker or "", "compose"]
    if (
        not docker
        or subprocess.run([*words, "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("docker compose is not on this machine")
    done = subprocess.run(
        [*words, "-f", str(ROOT / "compose.yaml"), "--profile", "*", "config", "--quiet"],
        env={"PATH": "/usr/bin:/bin", "PUBLIC_HOST": "help.example.org"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_nobody_starts_without_the_name_of_the_server() -> None:
    with pytest.raises(KeyError, match="PUBLIC_HOST"):
        compose({})


def test_what_runs_is_what_was_asked_for() -> None:
    assert {name: SERVICES[name].get("deploy", {}).get("replicas", 1) for name in ALWAYS} == {
        "postgres": 1,
        "api": 2,
        "worker": 2,
        "bot": 1,
        "proxy": 1,
    }
    assert SERVICES["postgres"]["image"].startswith("postgres:18")
    assert {SERVICES[name]["image"] for name in OURS} == {"throughcare:local"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_more_rights_than_it_needs(name: str) -> None:
    said = SERVICES[name]
    assert said["read_only"] is True
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert int(said["user"].split(":")[0]) > 0
    assert not any("docker.sock" in volume for volume in said.get("volumes", ()))


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_what_runs_for_ever_is_watched_and_bounded(name: str) -> None:
    said = SERVICES[name]
    assert said["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert set(said["deploy"]["resources"]["limits"]) == {"memory", "pids"}
    assert said["logging"] == {"driver": "local"}  # rotates by itself


def test_only_the_proxy_can_be_reached_and_the_database_has_no_network() -> None:
    assert {name for name, said in SERVICES.items() if "ports" in said} == {"proxy"}
    without = {name for name, said in SERVICES.items() if said.get("network_mode") == "none"}
    assert without == {"postgres", "migrate", "admin", "backup", "restore", "audit", "keys"}
    assert "--listen_addresses=" in SERVICES["postgres"]["command"]
    assert FILE["networks"]["inside"] == {"internal": True}
    assert SERVICES["api"]["networks"] == ["inside"]
    assert "inside" not in SERVICES["worker"]["networks"]


def test_nothing_starts_before_the_database_is_at_this_release() -> None:
    after = {"migrate": {"condition": "service_completed_successfully"}}
    first = {"migrate", "restore"}
    assert {name for name in OURS if SERVICES[name]["depends_on"] == after} == OURS - first
    for name in first:
        assert SERVICES[name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_the_secrets_that_it_reads_and_no_other(name: str) -> None:
    said = SERVICES[name]
    named = {
        Path(value).name
        for value in said.get("environment", {}).values()
        if value.startswith("/run/secrets/")
    }
    assert named == set(said.get("secrets", ()))


def test_who_listens_inside_has_key_and_certificate_and_who_asks_the_certificate() -> None:
    holders = {
        secret: {name for name, said in SERVICES.items() if secret in said.get("secrets", ())}
        for secret in ("inside_key", "inside_certificate")
    }
    listens = {name for name in OURS if "inside" in SERVICES[name].get("networks", ())}
    assert listens == {"api", "bot"}
    assert holders == {"inside_key": listens, "inside_certificate": {*listens, "proxy"}}
    trusted = SERVICES["proxy"]["environment"]["PROXY_INSIDE_CERTIFICATE"]
    for name in listens:
        assert SERVICES[name]["environment"]["LISTEN_CERTIFICATE_FILE"] == trusted


def test_every_secret_is_a_file_outside_the_tree_and_somebody_needs_it() -> None:
    used = {secret for said in SERVICES.values() for secret in said.get("secrets", ())}
    assert set(FILE["secrets"]) == used
    assert {str(Path(one["file"]).parent) for one in FILE["secrets"].values()} == {
        "/etc/throughcare/secrets"
    }


def test_nothing_that_stays_may_change_the_schema() -> None:
    may = {name for name, said in SERVICES.items() if "database_url" in said.get("secrets", ())}
    assert may == {"migrate", "restore", "keys", "admin"}
    assert not may & ALWAYS


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_sets_what_the_program_reads(name: str) -> None:
    source = inspect.getsource(settings)
    for variable in SERVICES[name]["environment"]:
        assert f'"{variable.removesuffix("_FILE")}"' in source
    assert SERVICES[name]["command"][0] in VERBS
    assert SERVICES[name]["user"] == image().user


def test_the_api_is_set_up_for_strangers() -> None:
    known = read(
        {
            name: "" if name.endswith("_FILE") else value
            for name, value in SERVICES["api"]["environment"].items()
        }
    )
    assert (known.secure_cookies, known.docs) == (True, False)
    bot = SERVICES["bot"]["environment"]
    assert bot["WEBHOOK_URL"] == "https://help.example.org"
    assert bot["LISTEN_HOST"] == SERVICES["api"]["environment"]["LISTEN_HOST"]


def test_the_proxy_file_agrees_with_the_program() -> None:
    said = TEMPLATE.read_text()
    usual = read({})
    assert re.findall(r"proxy_pass (.+);\n +proxy_ssl_name (.+);", said) == [
        (f"https://$api:{usual.api_port}", "api"),
        (f"https://$bot:{usual.webhook_port}", "bot"),
    ]
    assert "http://$" not in said
    assert f"location = {PATH} {{" in said
    assert f"client_max_body_size {LARGEST_BODY // 1024}k;" in said
    assert f"client_max_body_size {LARGEST_UPDATE // 1024**2}m;" in said
    given = {name for name in SERVICES["proxy"]["environment"] if name.startswith("PROXY_")}
    assert set(re.findall(r"\$\{(\w+)\}", said)) == given
    inside = {port.rsplit(":", 1)[1] for port in SERVICES["proxy"]["ports"]}
    assert inside == {SERVICES["proxy"]["environment"][f"PROXY_{one}"] for one in ("HTTP", "HTTPS")}


def test_every_header_that_the_program_reads_passes_the_proxy() -> None:
    passed = {
        name.lower() for name in re.findall(r"proxy_set_header ([\w-]+) \$", TEMPLATE.read_text())
    }
    for path in [*(ROOT / "backend").rglob("*.py"), ROOT / "bots" / "webhook.py"]:
        for name in re.findall(r'headers(?:\.get\(|\[)"([\w-]+)"', path.read_text()):
            assert name.lower() in passed | ANSWERED, f"{name} in {path}"
    assert SECRET.lower() in passed


# headers of answers, which pass as they are
ANSWERED = {"x-request-id", "www-authenticate"}


def test_the_image_holds_what_the_program_needs_and_nothing_beside() -> None:
    inside = {str(path) for path in context()}
    assert inside >= {
        "throughcare.py",
        "requirements.txt",
        "piccolo_conf.py",
        "backend/templates/standard.csv",
        "backend/templates/labels.csv",
        "backend/summaries/words.csv",
        "backend/files/words.csv",
        "backend/files/paper.typ",
        "backend/papers/words.csv",
        "backend/papers/steps.csv",
        "backend/papers/sheet.typ",
        "backend/pages/templates/base.html",
        "backend/pages/static/desk.css",
        "backend/pages/static/passkey.js",
        "backend/staff/common.bin",
        "bots/texts/en.ftl",
        "migrations/m0002_ground.py",
        "deploy/health.py",
    }
    every = {"throughcare.py", "requirements.txt", "piccolo_conf.py"}
    tops = {"backend", "bots", "workflows", "migrations", "deploy"}
    for path in inside - every:
        assert path.split("/")[0] in tops
        assert not re.search(r"(^|/)(tests?|phones|story|proxy|__pycache__|\..*)(/|$)", path), path
        kinds = {".py", ".csv", ".html", ".css", ".js", ".bin", ".ftl", ".toml", ".typ"}
        assert Path(path).suffix in kinds, path


def test_no_setting_and_no_secret_is_in_the_image() -> None:
    said = image()
    allowed = {"PATH", "HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert set(said.environment) == allowed
    assert said.environment["PATH"].startswith(f"{said.packages}/bin:")
    assert int(said.user.split(":")[0]) > 0


def test_packages_are_wheels_of_a_known_hash() -> None:
    said = (ROOT / "Dockerfile").read_text()
    [words] = re.findall(r"pip --python.*?(?=\n[A-Z\n])", said, re.DOTALL)
    for word in ("--require-hashes", "--no-deps", "--only-binary :all:", "-r /requirements.txt"):
        assert word in words
    assert "requirements-dev" not in said
    assert not re.search(r"\b(ARG|ADD|apt-get|curl)\b", said)
