"""The engine, its pools and `transaction()`.

A process speaks to Postgres as one role: the API as `app`, jobs and bot as
`worker`. The story plays all of them in one process, so the role is a context
variable and there is one pool for each.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context, ContextVar, Token
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from backend import clock
from backend.errors import DatabaseBusy, NotFound, NotSignedIn, NotYourRole, TooMuch

T = TypeVar("T")
Role = Literal["owner", "app", "worker", "backup", "operator"]
# Those that the database has; an operator comes as the owner (`backend/operating.py`).
ROLES: tuple[Role, ...] = ("owner", "app", "worker", "backup")

STATEMENT_SECONDS = 5
WAIT_FOR_CONNECTION_SECONDS = 2
BEGINNINGS = 3
SERVER_SETTINGS = {
    "application_name": "throughcare",
    "timezone": "UTC",
    "statement_timeout": "5s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",  # hot statements take under a millisecond; compiling them takes longer
}
# Nothing but SET LOCAL is used, so a connection needs no reset between two users of the pool.

# The connection is gone, or what it does cannot be known any more.
BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver is confused by what a dying server still says
    asyncpg.exceptions.AdminShutdownError,
    asyncpg.exceptions.CrashShutdownError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    OSError,
    TimeoutError,
)
# The server is there and has refused for now: locks, timeouts, memory, a schema just changed.
CROWDED = (
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.QueryCanceledError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.InvalidCachedStatementError,
)

# What our own functions refuse, by their codes.
REFUSED: dict[str, type[Exception]] = {
    "TC401": NotSignedIn,
    "TC403": NotYourRole,
    "TC404": NotFound,
}
LIMIT = "TC430"

log = logging.getLogger(__name__)
# What the acts of this context are said to be for; audit rows take it from the transaction.
stated_purpose: ContextVar[str | None] = ContextVar("stated_purpose", default=None)
_role: ContextVar[Role | None] = ContextVar("database_role", default=None)


class Transaction(PostgresTransaction):
    """What Piccolo needs to let its queries join a connection that we hold.

    `failed` is set by a block that joined it and raised: then nothing of it is committed.
    """

    def __init__(self, engine: "Engine", connection: Any, moment: datetime) -> None:
        super().__init__(engine)
        self.connection = connection
        self.moment = moment
        self.failed = False


class Engine(PostgresEngine):
    """Piccolo's engine without a connection at import, with one pool for each role."""

    def __init__(self) -> None:
        self.pools: dict[Role, asyncpg.Pool[asyncpg.Record]] = {}
        self.only: Role | None = None
        super().__init__(config={})

    async def check_version(self) -> None:
        """Nothing: importing the engine must not connect."""

    async def prep_database(self) -> None:
        """Nothing: extensions are not used."""

    @property
    def pool(self) -> Any:
        role = _role.get() or self.only
        return self.pools.get(role) if role else None

    @pool.setter
    def pool(self, value: Any) -> None:
        """Piccolo sets None at first; pools are opened by `connect`."""


DB = Engine()


async def connect(
    role: Role,
    url: str,
    *,
    size: int = 10,
    only: bool = True,
    settings: Mapping[str, str] | None = None,
    seconds: float | None = STATEMENT_SECONDS,
) -> None:
    """Open the pool of a role. `only` makes it the role of the whole process.

    `seconds` is how long a statement may take; None lets it take its time.
    """

    async def no_reset(_connection: Any) -> None: ...

    DB.pools[role] = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=10,
        command_timeout=seconds,
        server_settings={**SERVER_SETTINGS, **(settings or {})},
        reset=no_reset,
    )
    if only:
        DB.only = role


def limiting(limits: Mapping[str, int]) -> Mapping[str, str]:
    """What a pool says to the database so that one account does no more than this in an hour."""
    return {"app.limits": json.dumps(dict(limits))}


async def disconnect(role: Role) -> None:
    pool = DB.pools.pop(role, None)
    if DB.only == role:
        DB.only = None
    if pool is not None:
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()


def act_as(role: Role) -> Token[Role | None]:
    """Speak as this role in the current context and the tasks made from it."""
    return _role.set(role)


def in_fresh_context(work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
    """Run a unit of work in a task of its own that inherits nothing but the role.

    What a broken transaction leaves behind in a context dies with the task, so a
    loop goes on after a restart of Postgres.
    """
    fresh = Context()
    fresh.run(_role.set, _role.get())
    return asyncio.get_running_loop().create_task(work(), context=fresh)


def connection() -> Any:
    """The connection of the open transaction; asserts that there is one."""
    current = DB.current_transaction.get()
    if current is None:
        raise RuntimeError("this needs a transaction")
    return current.connection


def moment() -> datetime:
    """The instant of the open transaction: its row policies judge mandates by it."""
    current = DB.current_transaction.get()
    if not isinstance(current, Transaction):
        raise TypeError("this needs a transaction")
    return current.moment


@asynccontextmanager
async def transaction(actor: UUID | None = None) -> AsyncIterator[Any]:
    """One transaction on one connection, in the scope of an actor; joins an open one.

    The actor and the present instant become transaction-local settings that the
    row policies read. On any failure all rows are gone, those of the joined
    blocks too, also where the failure of one of these was caught on the way out.
    A connection whose rollback fails is thrown away, so that a restart of
    Postgres heals by itself.

    Raises DatabaseBusy when no connection can be had, the server is away or overcharged.
    """
    if (current := DB.current_transaction.get()) is not None:
        async with _joined(current):
            yield current.connection
        return
    pool = DB.pool
    opened = await _begin(pool, actor)
    token = DB.current_transaction.set(opened)
    try:
        yield opened.connection
        await _commit(opened)
    except BaseException as error:
        await _undo(opened.connection)
        if isinstance(error, BROKEN + CROWDED):
            raise _busy(error) from error
        _refuse_beyond(error)
        raise
    finally:
        DB.current_transaction.reset(token)
        await pool.release(opened.connection)


@asynccontextmanager
async def apart() -> AsyncIterator[None]:
    """A part of the open transaction that fails alone: what it wrote is gone, the rest stays.

    What it raised is the caller's to judge; after a connection that broke nothing can go on.
    """
    current = DB.current_transaction.get()
    if not isinstance(current, Transaction):
        raise TypeError("this needs a transaction")
    await current.connection.execute("SAVEPOINT apart")
    failed_before = current.failed
    try:
        yield
    except asyncpg.PostgresError:
        # released too, or the part around this one would go back to here and no further
        await current.connection.execute("ROLLBACK TO SAVEPOINT apart; RELEASE SAVEPOINT apart")
        current.failed = failed_before
        raise
    await current.connection.execute("RELEASE SAVEPOINT apart")


async def _begin(pool: Any, actor: UUID | None) -> Transaction:
    """A transaction on a connection that lives.

    One that died while nobody looked may show so only now; nothing has happened on it yet.
    """
    for left in reversed(range(BEGINNINGS)):
        held = await _acquire(pool)
        try:
            moment = clock.now()
            await held.execute(_opening(actor, moment))
            await _state_purpose(held)
            return Transaction(DB, held, moment)
        except BaseException as error:
            await _undo(held)
            await pool.release(held)
            if not isinstance(error, BROKEN + CROWDED):
                raise
            if not left:
                raise _busy(error) from error
    raise AssertionError("no beginning was tried")


@asynccontextmanager
async def _joined(current: Any) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        if isinstance(current, Transaction):
            current.failed = True
        raise


async def _commit(opened: Transaction) -> None:
    if opened.failed:
        raise RuntimeError("a part of this transaction failed, so nothing of it is kept")
    done = await opened.connection.execute("COMMIT")
    if done != "COMMIT":  # Postgres rolls back without an error where a statement had failed
        raise RuntimeError("a statement of this transaction failed, so nothing of it is kept")


async def _state_purpose(held: Any) -> None:
    """Only where one is stated: the usual request makes no trip for it."""
    if (purpose := stated_purpose.get()) is not None:
        await held.execute("SELECT set_config('app.purpose', $1, true)", purpose)


def _opening(actor: UUID | None, moment: datetime) -> str:
    """BEGIN and the scope in one round trip; both values are typed, so they carry no SQL."""
    if actor is None:
        return "BEGIN"
    return (
        f"BEGIN; SELECT set_config('app.actor', '{UUID(str(actor))}', true),"
        f" set_config('app.now', '{moment.isoformat()}', true)"
    )


def _refuse_beyond(error: BaseException) -> None:
    """Raises TooMuch for what the limits of an hour refuse (docs/decisions/0025-limits.md)."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == LIMIT:
        raise TooMuch(retry_after=int(error.detail or 60)) from error


async def _acquire(pool: Any) -> Any:
    if pool is None:
        raise RuntimeError("no connection pool is open for this role")
    try:
        return await pool.acquire(timeout=WAIT_FOR_CONNECTION_SECONDS)
    except (*BROKEN, asyncpg.PostgresError) as error:
        raise _busy(error) from error


def _busy(error: BaseException) -> DatabaseBusy:
    log.warning("the database is away or busy", extra={"error": type(error).__name__})
    return DatabaseBusy()


async def _undo(held: Any) -> None:
    """Roll back, or throw the connection away: one that is in a transaction is never reused."""
    try:
        async with asyncio.timeout(2):
            await held.execute("ROLLBACK")
    except BaseException as error:
        log.warning("a connection was thrown away", extra={"error": type(error).__name__})
        with suppress(Exception):
            held.terminate()
        if not isinstance(error, Exception):  # cancelled a second time
            raise


class _Moment:
    """Stands among the values of a statement for the instant at which it is sent."""


MOMENT = _Moment()


async def fetch_at_once(sql: str, *values: object) -> Sequence[Any]:
    """Rows of one statement that is its own transaction: one round trip, no BEGIN and no COMMIT.

    Where a purpose is stated it takes four. A mandate may end while a connection is waited for,
    so the instant is read after that: `MOMENT` stands for it. Raises DatabaseBusy, and what the
    functions of the database refuse by their own codes.
    """
    pool = DB.pool
    held = await _acquire(pool)
    try:
        now = clock.now()
        sent = [now if value is MOMENT else value for value in values]
        rows: Sequence[Any]
        if stated_purpose.get() is None:
            rows = await held.fetch(sql, *sent)
        else:
            async with held.transaction():
                await _state_purpose(held)
                rows = await held.fetch(sql, *sent)
    except BROKEN + CROWDED as error:
        raise _busy(error) from error
    except asyncpg.PostgresError as error:
        if error.sqlstate in REFUSED:
            raise REFUSED[error.sqlstate] from error
        _refuse_beyond(error)
        raise
    finally:
        await pool.release(held)
    return rows


async def fetch(sql: str, *values: object) -> Sequence[Any]:
    """Rows of a statement, inside the open transaction or on a connection of its own."""
    async with transaction() as held:
        rows: Sequence[Any] = await held.fetch(sql, *values)
        return rows


async def fetch_one(sql: str, *values: object) -> Any | None:
    async with transaction() as held:
        return await held.fetchrow(sql, *values)


async def execute(sql: str, *values: object) -> int:
    """Run a statement; the number of rows it touched."""
    async with transaction() as held:
        status: str = await held.execute(sql, *values)
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdecimal() else 0
