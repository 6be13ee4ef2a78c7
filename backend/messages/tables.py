"""Chat links, the outbox and the inbox. Every row names its bot."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    SmallInt,
    Time,
    Varchar,
)
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency, Bot
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Plan


class Link(Table, tablename="link"):
    """One recipient's chat for one plan: invited, unconfirmed, active, or ended."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan, null=True)
    version = version()
    bot = reference(Bot)
    subject = reference(ActorRecord)
    state = Varchar(12, null=False)
    level = Varchar(2, null=False)
    language = Varchar(8, null=False)
    zone = Varchar(40, null=False)
    opens = Time(null=False)
    closes = Time(null=False)
    quiet = JSONB(null=False, default="[]")
    token = Bytea(null=True, default=None)
    pin = Bytea(null=True, default=None)
    tries = SmallInt(default=0, null=False)
    expires_at = instant(null=True)
    chat_index = Bytea(null=True, default=None)
    chat = Bytea(null=True, default=None)
    invited_by = reference(ActorRecord)
    confirmed_at = instant(null=True)
    ended_at = instant(null=True)


class Message(Table, tablename="message"):
    """One message to one recipient. What it says is a key and sealed values, never a text.

    `sending_at` is empty again where it surely did not arrive; `tried_at`, when that was known,
    stays. Both are on the database's clock.
    `gone_at` is when it was taken out of its chat.
    `act` is the act that queued it or made it fall away, for as long as that can be taken back.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan, null=True)
    version = version()
    bot = reference(Bot)
    link = reference(Link, null=True)
    recipient = reference(ActorRecord, null=True)
    rule = Varchar(24, null=False)
    step = Varchar(24, null=False)
    subject = UUID(null=False)
    local_due = Date(null=False)
    key = Varchar(16, null=False)
    urgent = Boolean(default=False, null=False)
    critical = Boolean(default=False, null=False)
    variables = Bytea(null=True, default=None)
    chat = Bytea(null=True, default=None)
    due_at = instant()
    expires_at = instant()
    created_at = instant()
    state = Varchar(12, null=False)
    reason = Varchar(24, null=True, default=None)
    lease = instant(null=True)
    attempt = SmallInt(default=0, null=False)
    retry_at = instant(null=True)
    worker = Varchar(40, null=True, default=None)
    sending_at = instant(null=True)
    tried_at = instant(null=True)
    gone_at = instant(null=True)
    sent_at = instant(null=True)
    ambiguous = Boolean(default=False, null=False)
    provider_id = BigInt(null=True, default=None)
    tap = Bytea(null=True, default=None)
    answered_at = instant(null=True)
    answer = Varchar(24, null=True, default=None)
    act = UUID(null=True, default=None)


class ZoneDay(Table, tablename="zone_day"):
    """Up to which civil day the reminders of a time zone have been made."""

    id = row_id()
    zone = Varchar(40, null=False, unique=True)
    through = Date(null=False)


class Update(Table, tablename="incoming_update"):
    """What the chat service delivered, kept until it has taken effect."""

    id = row_id()
    bot = reference(Bot)
    number = BigInt(null=False)
    received_at = instant()
    sealed = Bytea(null=True, default=None)
    attempts = SmallInt(default=0, null=False)
    handled_at = instant(null=True)
    failed_at = instant(null=True)


class Incoming(Table, tablename="incoming"):
    """A free text that somebody wrote; for the worker's eyes, purged after thirty days."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    bot = reference(Bot)
    link = reference(Link)
    subject = reference(ActorRecord)
    received_at = instant()
    purge_after = Date(null=False)
    text = Bytea(null=True, default=None)
    read_at = instant(null=True)


class Claim(Table, tablename="claim"):
    """What somebody said by a tap: a claim, not yet a fact."""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    message = reference(Message)
    actor = reference(ActorRecord)
    role = Varchar(2, null=False)
    subject = UUID(null=False)
    what = Varchar(24, null=False)
    at = instant()
    undone_at = instant(null=True)
