"""The environment, read once and typed.

Every secret may also come from a file: NAME_FILE holds the path, which is how
a server's service manager hands secrets over without showing them in a process list.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


MAX_PORT = 65_535


# How much of it one account may do within an hour; `plans` are different plans that it looks at.
LIMITS = {
    "plans": 150,
    "findPerson": 60,
    "createInvitation": 60,
    "createEntryPass": 30,
    "inviteColleague": 20,
    "readFile": 120,
    "exportFile": 30,
    "printSheet": 120,
    "printAmnesty": 1000,
    "readFeed": 60,
}


class SettingsError(Exception):
    """A setting is missing or cannot be read; the text is one line for the operator."""


@dataclass(frozen=True)
class Settings:
    database_url: str | None
    app_database_url: str | None
    worker_database_url: str | None
    backup_database_url: str | None
    backup_recipients: str | None
    data: Path
    api_port: int
    api_url: str
    phones_port: int
    telegram_token: str | None
    telegram_api: str | None
    messages_a_second: int
    metrics_port: int | None
    webhook_url: str | None
    webhook_port: int
    webhook_secret: str | None
    vault_key: str | None
    vault_key_command: str | None
    audit_key: str | None
    audit_head_dir: Path | None
    audit_head_url: str | None
    alarm_url: str | None
    alarm_mail: str | None
    smtp_url: str | None
    mail_from: str | None
    docs: bool
    pool: int
    limits: Mapping[str, int]
    secure_cookies: bool
    behind_proxy: bool
    host: str
    listen_certificate: Path | None
    listen_key: Path | None

    @property
    def telegram_tokens(self) -> list[str]:
        """One of each bot: TELEGRAM_TOKEN holds them on lines of their own."""
        return (self.telegram_token or "").split()

    @property
    def embedded(self) -> bool:
        """Whether this installation runs the Postgres that comes with it."""
        return not (
            self.database_url
            or self.app_database_url
            or self.worker_database_url
            or self.backup_database_url
        )


def read(env: Mapping[str, str]) -> Settings:
    certificate, key = _file(env, "LISTEN_CERTIFICATE"), _file(env, "LISTEN_KEY")
    if (certificate is None) != (key is None):
        raise SettingsError("LISTEN_CERTIFICATE_FILE and LISTEN_KEY_FILE go together")
    return Settings(
        database_url=_secret(env, "DATABASE_URL"),
        app_database_url=_secret(env, "APP_DATABASE_URL"),
        worker_database_url=_secret(env, "WORKER_DATABASE_URL"),
        backup_database_url=_secret(env, "BACKUP_DATABASE_URL"),
        backup_recipients=_secret(env, "BACKUP_RECIPIENTS"),
        data=Path(env.get("THROUGHCARE_DATA") or ROOT / ".data"),
        api_port=_port(env, "API_PORT", 8000),
        api_url=_url(env, "API_URL", f"http://127.0.0.1:{_port(env, 'API_PORT', 8000)}"),
        phones_port=_port(env, "PHONES_PORT", 8001),
        telegram_token=_secret(env, "TELEGRAM_TOKEN"),
        telegram_api=env.get("TELEGRAM_API") or None,
        messages_a_second=_count(env, "MESSAGES_A_SECOND", 25),
        metrics_port=_port(env, "METRICS_PORT", 0) if env.get("METRICS_PORT") else None,
        webhook_url=env.get("WEBHOOK_URL") or None,
        webhook_port=_port(env, "WEBHOOK_PORT", 8002),
        webhook_secret=_secret(env, "WEBHOOK_SECRET"),
        vault_key=_secret(env, "VAULT_KEY"),
        vault_key_command=env.get("VAULT_KEY_COMMAND") or None,
        audit_key=_secret(env, "AUDIT_KEY"),
        audit_head_dir=Path(folder) if (folder := env.get("AUDIT_HEAD_DIR")) else None,
        audit_head_url=_secret(env, "AUDIT_HEAD_URL"),
        alarm_url=_secret(env, "ALARM_URL"),
        alarm_mail=_mail(env),
        smtp_url=_smtp(env),
        mail_from=env.get("MAIL_FROM") or None,
        docs=env.get("API_DOCS", "on") != "off",
        pool=int(env.get("DATABASE_POOL", "10")),
        limits=_limits(env.get("HOURLY_LIMITS", "")),
        secure_cookies=env.get("SECURE_COOKIES", "off") == "on",
        behind_proxy=env.get("BEHIND_PROXY", "off") == "on",
        host=env.get("LISTEN_HOST", "127.0.0.1"),
        listen_certificate=certificate,
        listen_key=key,
    )


@cache
def settings() -> Settings:
    return read(os.environ)


def _secret(env: Mapping[str, str], name: str) -> str | None:
    if path := env.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise SettingsError(f"{name}_FILE cannot be read: {error.strerror}") from error
    return env.get(name) or None


def _file(env: Mapping[str, str], name: str) -> Path | None:
    """What is used as a file and never as a value: the library of TLS reads nothing else."""
    if not (path := env.get(f"{name}_FILE")):
        return None
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise SettingsError(f"{name}_FILE cannot be read: {error.strerror}") from error
    return Path(path)


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    """An address as its callers write it, without a path or a last slash."""
    value = env.get(name) or default
    if not re.fullmatch(r"https?://[^/?#\s]+", value):
        raise SettingsError(f"{name} must be such as https://example.org, without a path")
    return value


def _smtp(env: Mapping[str, str]) -> str | None:
    value = _secret(env, "SMTP_URL")
    if value and not re.fullmatch(r"smtps?://[^/?#\s]+", value):
        raise SettingsError("SMTP_URL must be such as smtps://name:password@mail.example.org")
    return value


def _mail(env: Mapping[str, str]) -> str | None:
    """Whom an alarm goes to by e-mail, one or several."""
    if (value := env.get("ALARM_MAIL") or None) and not _secret(env, "SMTP_URL"):
        raise SettingsError("ALARM_MAIL needs SMTP_URL (or SMTP_URL_FILE)")
    return value


def _limits(given: str) -> Mapping[str, int]:
    """The limits of an hour; `plans=300, findPerson=90` sets these two otherwise."""
    limits = dict(LIMITS)
    for one in filter(None, (part.strip() for part in given.split(","))):
        name, _, most = one.partition("=")
        if name not in LIMITS or not most.isdecimal() or not int(most):
            raise SettingsError(f"HOURLY_LIMITS is such as plans=300, of: {', '.join(LIMITS)}")
        limits[name] = int(most)
    return limits


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) <= MAX_PORT:
        raise SettingsError(f"{name} must be a port number, not {value!r}")
    return int(value)
