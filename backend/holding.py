"""What a restored database holds back: what ended after its backup would else begin again.

It runs as the owner, before the walls stand. A backup may come from an earlier release, so a
statement about a table that is not there yet is left out.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from backend.erasure.destroyed import FILE
from backend.psql import END, Psql

# Each with the table that it needs.
_HELD = {
    "messages": (
        "message",
        (
            "UPDATE public.message SET state = 'cancelled', reason = 'restored',"
            " version = version + 1 WHERE state IN ('queued', 'claimed')"
        ),
    ),
    "sessions": (
        "session",
        "UPDATE public.session SET ended_at = {now} WHERE ended_at IS NULL",
    ),
    "tokens": (
        "court_token",
        "UPDATE public.court_token SET until = {now} WHERE until > {now}",
    ),
    "passes": (
        "entry_pass",
        (
            "UPDATE public.entry_pass SET ended_at = greatest(made_at, {now}),"
            " version = version + 1 WHERE ended_at IS NULL AND until > {now}"
        ),
    ),
    "readings": (
        "entry_key",
        (
            "UPDATE public.entry_key SET session = NULL, access = NULL, access_until = NULL"
            " WHERE session IS NOT NULL"
        ),
    ),
    "feeds": (
        "date_feed",
        "UPDATE public.date_feed SET ended_at = {now} WHERE ended_at IS NULL",
    ),
    "chat invitations": (
        "link",
        (
            "UPDATE public.link SET token = NULL, pin = NULL, version = version + 1,"
            " expires_at = least(expires_at, {now}) WHERE token IS NOT NULL OR pin IS NOT NULL"
        ),
    ),
    "account invitations": (
        "account_invitation",
        (
            "UPDATE public.account_invitation SET ended_at = {now}, version = version + 1"
            " WHERE used_at IS NULL AND ended_at IS NULL"
        ),
    ),
    "wishes to erase": (
        "erasure_wish",
        (
            "UPDATE public.erasure_wish SET ended_at = {now}, version = version + 1"
            " WHERE ended_at IS NULL"
        ),
    ),
    "wishes to break glass": (
        "break_glass",
        (
            "UPDATE public.break_glass SET ended_at = {now}, version = version + 1"
            " WHERE ended_at IS NULL"
        ),
    ),
    "broken glass": (
        "break_glass",
        (
            "UPDATE public.mandate SET ends = greatest(starts, {now}), version = version + 1"
            " WHERE glass IS NOT NULL AND ends > {now}"
        ),
    ),
}
# By id, for an administrator lets each go on by it; one that was stopped before is not among them.
_COURTS = """
WITH held AS (UPDATE public.court_client SET suspended_at = {now}, version = version + 1
               WHERE suspended_at IS NULL RETURNING id) SELECT id FROM held ORDER BY id
"""
_DEAD = "(SELECT id FROM public.subject_key WHERE wrapped IS NULL)"
_OVER = f"(SELECT id FROM public.plan WHERE person IN {_DEAD})"
# Of whom no key is left: nobody opens their plan, and no chat knows them. The worker does the rest
# (`brought back` in workflows/terms.py).
_ERASED = {
    "mandates": (
        "mandate",
        (
            "UPDATE public.mandate SET ends = greatest(starts, {now}), version = version + 1"
            " WHERE (ends IS NULL OR ends > {now}) AND (actor IN {dead} OR plan IN {over})"
        ),
    ),
    "chats": (
        "link",
        (
            "UPDATE public.link SET state = 'ended', ended_at = coalesce(ended_at, {now}),"
            " token = NULL, pin = NULL, chat = NULL, chat_index = NULL, version = version + 1"
            " WHERE (state <> 'ended' OR chat IS NOT NULL OR chat_index IS NOT NULL)"
            " AND (subject IN {dead} OR plan IN {over})"
        ),
    ),
    # what an erasure wrote over cannot be told from what it would have to write over: all of them
    "references": (
        "court_file",
        (
            "UPDATE public.court_file SET ended_at = coalesce(ended_at, {now}),"
            " reference_index = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')"
            " WHERE plan IN {over}"
        ),
    ),
    "reasons": (
        "break_glass",
        (
            "UPDATE public.break_glass g SET reason = NULL FROM public.plan p"
            " WHERE p.id IN {over} AND g.reason IS NOT NULL AND ("
            "  (g.agency = p.agency AND lower(g.alias) = lower(p.alias)"
            "   AND g.asked_at >= p.opened_at)"
            "  OR g.id IN (SELECT m.glass FROM public.mandate m WHERE m.plan = p.id))"
        ),
    ),
}


@dataclass(frozen=True)
class Restored:
    """What was held back, what lives on, and one wrapped key to try the vault with.

    `destroyed` keys were alive in the backup and its file of keys; `unlisted` ones are destroyed
    there, and missing in the list of those.
    """

    messages: int
    sessions: int
    passes: int
    courts: list[str]
    chats: int
    destroyed: int
    unlisted: int
    wrapped_key: tuple[UUID, bytes] | None


def destroy_again(psql: Psql, listed: Collection[UUID]) -> tuple[int, int]:
    """Destroy the keys on the list; how many, and how many are destroyed that it lacks.

    Of a person or of somebody in a circle alone: a list that was tampered with shuts no staff out.
    """
    psql.ask("CREATE TEMP TABLE listed (id uuid)")
    psql.input.write(b"COPY listed FROM STDIN;\n")
    psql.input.write("".join(f"{one}\n" for one in sorted(listed)).encode() + END)
    [unlisted] = psql.ask(
        "SELECT count(*) FROM public.subject_key WHERE wrapped IS NULL"
        " AND id NOT IN (SELECT id FROM listed)"
    )
    destroyed = _count(
        psql,
        "UPDATE public.subject_key k SET wrapped = NULL FROM listed l JOIN public.actor a"
        " ON a.id = l.id WHERE k.id = l.id AND k.wrapped IS NOT NULL"
        " AND a.kind IN ('person', 'member')",
    )
    psql.ask("DROP TABLE listed")
    return destroyed, int(unlisted)


def hold(psql: Psql, now: datetime, *, destroyed: int, unlisted: int) -> Restored:
    """End what may have ended since, cancel what may have been sent since; all sign in anew.

    The audit row tells from when on this database knows what was said.
    """
    held = {name: _carry_out(psql, *one, now) for name, one in (_HELD | _ERASED).items()}
    courts = psql.ask(_COURTS.format(now=_instant(now)))
    psql.ask(
        "INSERT INTO public.audit (at, operation, outcome)"
        f" VALUES ('{now.isoformat()}', 'restore', 'done')"
    )
    [chats] = psql.ask("SELECT count(*) FROM public.link WHERE state = 'active'")
    return Restored(
        held["messages"],
        held["sessions"],
        held["passes"],
        courts,
        int(chats),
        destroyed,
        unlisted,
        _one_key(psql),
    )


def _carry_out(psql: Psql, table: str, sql: str, now: datetime) -> int:
    if psql.ask(f"SELECT to_regclass('public.{table}') IS NOT NULL") != ["t"]:
        return 0
    return _count(psql, sql.format(now=_instant(now), dead=_DEAD, over=_OVER))


def _instant(now: datetime) -> str:
    return f"'{now.isoformat()}'::timestamptz"


def _count(psql: Psql, sql: str) -> int:
    [rows] = psql.ask(f"WITH held AS ({sql} RETURNING 1) SELECT count(*) FROM held")
    return int(rows)


def _one_key(psql: Psql) -> tuple[UUID, bytes] | None:
    keys = psql.ask(
        "SELECT id, encode(wrapped, 'hex') FROM public.subject_key"
        " WHERE wrapped IS NOT NULL LIMIT 1"
    )
    wrapped = [(UUID(id_), bytes.fromhex(key)) for id_, key in (row.split("|") for row in keys)]
    return next(iter(wrapped), None)


def about_the_erased(restored: Restored, path: Path | None, known_until: datetime) -> Iterator[str]:
    """Who may be back: whoever was erased after the newest file that knows of it."""
    since = f"{known_until:%Y-%m-%d %H:%M} UTC"
    if path is None:
        yield (
            f"There is no list of destroyed keys ({FILE}): whoever was erased since {since} is"
            " back, name and all. Erase them again before anybody works (docs/backup.md)."
        )
        return
    yield (
        f"{path} names {restored.destroyed} keys that were destroyed since {since}: they are"
        " destroyed here too. Who was erased in the last minute before the crash may be back."
    )
    if restored.unlisted:
        yield (
            f"{restored.unlisted} keys that were destroyed before are not on it, so it is not"
            f" whole: whoever was erased since {since} may be back. Look for a newer copy."
        )


def about_the_held(restored: Restored) -> Iterator[str]:
    yield (
        f"Held: {restored.messages} messages that waited are cancelled (reason: restored),"
        f" {restored.sessions} sessions and {restored.passes} entry passes are ended, and"
        " invitations, wishes to erase and broken glass with them: make these anew."
    )
    if restored.courts:
        yield (
            f"{len(restored.courts)} court machines are suspended. Once the API runs, let each go"
            " on that was not stopped since:"
        )
        yield from (f"  ./run admin resume-court {one}" for one in restored.courts)
    if restored.chats:
        yield (
            f"{restored.chats} chats are linked. A STOP, a withdrawn yes, a cut chat or an ended"
            " mandate of after the backup is not known here, nor is a wall, a safety flag or a"
            " legal hold: settle these before the worker and the bot start (docs/backup.md)."
        )
