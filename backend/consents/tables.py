"""The four kinds of yes, each with its own question, giver and effect."""

from piccolo.columns import Bytea, Date, Text, Varchar
from piccolo.table import Table

from backend.actors.tables import ActorRecord
from backend.agencies.tables import Agency
from backend.columns import instant, reference, row_id, version
from backend.plans.tables import Milestone, Plan


class Participation(Table, tablename="participation"):
    """Does the person want this part of the support: a pathway, or one row of it?

    `explained_by` told them what it is, in that language; `again_on` is the day that they chose
    to be asked again.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    pathway = Varchar(6, null=False)
    answer = Varchar(8, null=False)
    language = Varchar(8, null=False)
    recorded_by = reference(ActorRecord)
    recorded_at = instant()
    milestone = reference(Milestone, null=True)
    explained_by = reference(ActorRecord, null=True)
    again_on = Date(null=True, default=None)


class LawfulBasis(Table, tablename="lawful_basis"):
    """On which law does the agency process these data, for which purpose?"""

    id = row_id()
    agency = reference(Agency)
    purpose = Varchar(40, null=False)
    law = Text(null=False)


class ChannelConsent(Table, tablename="channel_consent"):
    """May messages be sent to this recipient, in this way?"""

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    subject = reference(ActorRecord)
    channel = Varchar(10, null=False)
    language = Varchar(8, null=False)
    recorded_by = reference(ActorRecord)
    given_at = instant()
    withdrawn_at = instant(null=True)


class Disclosure(Table, tablename="disclosure"):
    """May this fact be told to that recipient, for this purpose, until this date?

    The purpose is typed, and sealed under the person's key; in the clear it stands in rows of an
    earlier release, until the worker has sealed it.
    """

    id = row_id()
    agency = reference(Agency)
    plan = reference(Plan)
    version = version()
    recipient = reference(ActorRecord)
    fact = Varchar(20, null=False)
    purpose = Varchar(40, null=False)
    sealed_purpose = Bytea(null=True, default=None)
    until = Date(null=False)
    recorded_by = reference(ActorRecord)
    given_at = instant()
    withdrawn_at = instant(null=True)
