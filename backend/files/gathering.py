"""The parts of a file, each from its own table, cut to what is the person's own."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from backend import clock
from backend.actors.actions import unseal, unseal_or_none
from backend.consents.actions import purpose_of
from backend.corrections.actions import corrections_of
from backend.database import connection
from backend.files import views
from backend.files.evidence import evidence_by_row
from backend.files.meetings import gather_meetings
from backend.files.own_words import gather_answers, gather_goals, gather_reviews
from backend.files.rules import (
    READS,
    act_in_own_file,
    change_in_own_file,
    in_own_file,
    name_for,
    somebody_in_own_file,
    words_in_own_file,
)
from backend.matrix import cut
from backend.passes.actions import passes_of
from backend.passes.entry import Holder
from backend.welcomes.actions import welcomes_of

_PLAN = """
SELECT p.*, s.identity, s.language FROM plan p JOIN person s ON s.id = p.person WHERE p.id = $1
"""
_CIRCLE = """
SELECT m.actor, m.role, m.starts, m.ends, m.matters, s.alias, b.identity, b.standing
  FROM mandate m LEFT JOIN staff s ON s.id = m.actor LEFT JOIN member b ON b.id = m.actor
 WHERE m.plan = $1 AND m.glass IS NULL AND m.role <> 'PE' AND m.starts <= $2
   AND (m.ends IS NULL OR m.ends > $2)
 ORDER BY m.starts, m.role, m.id
"""
_HANDOVERS = """
SELECT h.id, h.at, h.words, t.alias AS to_alias, b.alias AS by_alias FROM handover h
  LEFT JOIN staff t ON t.id = h.given_to LEFT JOIN staff b ON b.id = h.given_by
 WHERE h.plan = $1 ORDER BY h.at, h.id
"""
_FAMILY = """
SELECT f.*, b.identity FROM family_as_told($1) f JOIN member b ON b.id = f.id
 ORDER BY f.named_at, f.id
"""
_DISCLOSURES = """
SELECT d.*, b.role, b.identity, s.role AS staff_role, s.alias FROM disclosure d
  LEFT JOIN member b ON b.id = d.recipient LEFT JOIN staff s ON s.id = d.recipient
 WHERE d.plan = $1 ORDER BY d.given_at, b.role, d.fact, d.id
"""
# Days and not instants, and each once: how often somebody looks, and when at night, may tell of
# what else has happened to others.
_ACCESS = """
SELECT DISTINCT (a.at AT TIME ZONE $3)::date AS on, a.actor, a.role, a.operation, s.alias,
       CASE WHEN a.operation IN ('milestoneHistory', 'getMilestone', 'createEntryPass')
            THEN a.object END AS thing
  FROM audit a LEFT JOIN staff s ON s.id = a.actor
 WHERE a.plan = $1 AND a.outcome = 'done' AND a.operation = ANY($2) AND a.role IS NOT NULL
   AND CASE WHEN a.subject IS NOT NULL THEN a.subject = $4
            -- written before an act said whose data it was about
            ELSE NOT (a.operation = 'milestoneHistory' AND EXISTS (
                SELECT 1 FROM milestone n WHERE n.id = a.object AND n.pathway IN ('FAM', 'MEN')))
       END
 ORDER BY 1 DESC, a.role, s.alias, a.operation, a.actor, thing
"""
# Of the person's own rows alone; a contact's subject may be somebody else. A try leaves no mark.
_CONTACTS = """
SELECT * FROM contact WHERE plan = $1 AND subject = $2 AND outcome = 'reached'
 ORDER BY made_on, at, role, id
"""
_YES = "SELECT * FROM channel_consent WHERE plan = $1 AND subject = $2 ORDER BY given_at, id"
_READINGS = "SELECT * FROM reading WHERE plan = $1 ORDER BY read_on, recorded_at, id"
_SUMMARIES = "SELECT * FROM summary WHERE plan = $1 AND subject = $2 ORDER BY issued_at, id"
# What others raised about the person is no row for them: the row policy says so as well.
_FLAGS = """
SELECT * FROM safety_flag WHERE plan = $1 AND subject = $2 AND own ORDER BY raised_at, id
"""
_ROWS = "SELECT * FROM milestone WHERE plan = $1 ORDER BY day, code"
# Why a date was moved is the person's to read, unless somebody else had asked for it: then the
# database shows them no row.
_DATES = """
SELECT a.*, v.id AS move, v.why FROM appointment a
  LEFT JOIN appointment_move v ON v.appointment = a.id AND $2
 WHERE a.plan = $1 ORDER BY a.held_on, a.held_at, a.role, a.id
"""


async def gather(holder: Holder) -> views.FileView:
    """Everything that is in the file, for who was let in; the caller cuts it to the reader."""
    row = await connection().fetchrow(_PLAN, holder.plan)
    part = _Part(holder, row)
    identity = await unseal(row["person"], f"person.identity:{row['person']}", row["identity"])
    return views.FileView(
        as_of=clock.today(row["zone"]),
        person=msgspec.convert({**identity, "language": row["language"]}, views.FileIdentity),
        alias=row["alias"],
        state=row["state"],
        release_date=row["release_date"],
        certainty=row["certainty"],
        left_custody_on=part.day(row["left_custody_at"]),
        supervision=row["supervision"],
        rows=await part.rows(),
        goals=await gather_goals(row, part.zone),
        reviews=await gather_reviews(row),
        appointments=await part.appointments(),
        contacts=await part.contacts(),
        circle=await part.circle(),
        family=await part.family(),
        welcomes=await part.welcomes(),
        handovers=await part.handovers(),
        meetings=await gather_meetings(row, holder.actor),
        answers=await gather_answers(row, part.zone, holder.actor.role),
        messages=await part.messages(),
        disclosures=await part.disclosures(),
        summaries=await part.summaries(),
        readings=await part.readings(),
        corrections=await part.corrections(),
        safety=await part.safety(),
        passes=await part.passes(),
        access=await part.access(),
    )


class _Part:
    """One plan and its reader, of whom each part asks."""

    def __init__(self, holder: Holder, plan: Any) -> None:
        self.plan, self.person, self.reader = plan["id"], plan["person"], holder.actor
        self.zone = ZoneInfo(plan["zone"])

    def day(self, at: datetime | None) -> date | None:
        return at.astimezone(self.zone).date() if at else None

    def on(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    async def fetch(self, sql: str, *values: object) -> Any:
        return await connection().fetch(sql, self.plan, *values)

    def knows(self, role: str, who: Any = None) -> bool:
        return somebody_in_own_file(self.reader.role, role, own=who == self.reader.id)

    async def rows(self) -> list[views.FileRow]:
        known = await evidence_by_row(self.plan, self.reader)
        return [
            cut(
                views.FileRow(
                    row["code"],
                    row["pathway"],
                    row["title"],
                    row["state"],
                    row["due_on"],
                    row["done_on"],
                    row["cause"],
                    list(known.get(row["id"], ())),
                ),
                self.reader.role,
            )
            for row in await self.fetch(_ROWS)
            if in_own_file(self.reader.role, row)
        ]

    async def appointments(self) -> list[views.FileDate]:
        found = []
        # a date goes as the row it hangs on: a talk with somebody else is not the person's date
        about = {row["id"]: in_own_file(self.reader.role, row) for row in await self.fetch(_ROWS)}
        for row in await self.fetch(_DATES, self.reader.role == "PE"):
            if not self.knows(row["role"]) or not about.get(row["milestone"], True):
                continue
            place = await unseal(self.person, f"appointment.place:{row['id']}", row["place"])
            why = await unseal(self.person, f"appointment_move.why:{row['move']}", row["why"])
            when = (row["held_on"], row["held_at"])
            found.append(views.FileDate(row["role"], *when, row["state"], place, why))
        return found

    async def contacts(self) -> list[views.FileContact]:
        return [
            views.FileContact(row["role"], row["how"], row["made_on"])
            for row in await self.fetch(_CONTACTS, self.person)
            if self.knows(row["role"])
        ]

    async def circle(self) -> list[views.FileMember]:
        return [
            views.FileMember(
                row["role"],
                self.on(row["starts"]),
                await self.name(row["role"], row["actor"], row["alias"], row["identity"]),
                self.day(row["ends"]),
                row["standing"],
                list(row["matters"] or ()),
            )
            for row in await self.fetch(_CIRCLE, clock.now())
            if self.knows(row["role"], row["actor"])
        ]

    async def name(self, role: str, actor: Any, alias: str | None, identity: Any) -> str | None:
        """Staff by their alias; others by name, as far as the matrix gives it."""
        known = await unseal_or_none(actor, f"member.identity:{actor}", identity)
        return name_for(self.reader.role, role, known["name"] if known else alias)

    async def family(self) -> list[views.FileRelative] | UnsetType:
        """For the person alone: the map as they said it, whatever else is known of whom."""
        if self.reader.role != "PE":
            return UNSET
        return [
            views.FileRelative(
                row["relation"],
                row["wish"],
                await self.name("FA", row["id"], None, row["identity"]),
                row["children_there"],
            )
            for row in await self.fetch(_FAMILY)
        ]

    async def welcomes(self) -> list[views.FileWelcome] | UnsetType:
        """For the person alone, as the row policy says too."""
        if self.reader.role != "PE":
            return UNSET
        return [
            views.FileWelcome(one["name"], one["tell"], one["stands"])
            for one in await welcomes_of(self.plan)
        ]

    async def handovers(self) -> list[views.FileHandover] | UnsetType:
        """For the person alone, as the row policy says too."""
        if self.reader.role != "PE":
            return UNSET
        found = []
        for row in await self.fetch(_HANDOVERS):
            words = await unseal(self.person, f"handover.words:{row['id']}", row["words"])
            found.append(
                views.FileHandover(self.on(row["at"]), row["to_alias"], row["by_alias"], words)
            )
        return found

    async def messages(self) -> list[views.FileYes]:
        return [
            views.FileYes(row["channel"], self.on(row["given_at"]), self.day(row["withdrawn_at"]))
            for row in await self.fetch(_YES, self.reader.id)
        ]

    async def disclosures(self) -> list[views.FileDisclosure]:
        found = []
        for row in await self.fetch(_DISCLOSURES):
            role = row["role"] or row["staff_role"] or "PE"
            if not self.knows(role, row["recipient"]):
                continue
            found.append(
                views.FileDisclosure(
                    row["fact"],
                    role,
                    await purpose_of(self.person, row),
                    row["until"],
                    await self.name(role, row["recipient"], row["alias"], row["identity"]),
                    self.day(row["withdrawn_at"]),
                )
            )
        return found

    async def summaries(self) -> list[views.FileSummary]:
        found = []
        for row in await self.fetch(_SUMMARIES, self.person):
            text = await unseal(self.person, f"summary.content:{row['id']}", row["content"])
            found.append(
                views.FileSummary(
                    row["number"],
                    row["type"],
                    self.on(row["issued_at"]),
                    msgspec.Raw(text.encode()),
                    row["supersedes"],
                )
            )
        return found

    async def readings(self) -> list[views.FileReading]:
        return [
            views.FileReading(
                row["kind"],
                row["role"],
                row["read_on"],
                row["language"],
                await unseal(self.person, f"reading.comment:{row['id']}", row["comment"]),
            )
            for row in await self.fetch(_READINGS)
        ]

    async def corrections(self) -> list[views.FileCorrection]:
        """Each reader's own, and for the person what was put right because another asked."""
        found = []
        for one in await corrections_of(self.plan):
            answered = self.day(one["answered_at"])
            told = views.FileCorrection(
                one["part"], one["about"], answer=one["answer"], answered_on=answered
            )
            own = one["asked_by"] == self.reader.id
            if words_in_own_file(self.reader.role, one, own=own):
                told.text, told.reason = one["text"], one["reason"]
                told.asked_on, told.asked_by = self.on(one["asked_at"]), one["role"]
                told.due_on = one["due_on"]
            elif not change_in_own_file(self.reader.role, one):
                continue
            found.append(told)
        return found

    async def safety(self) -> list[views.FileFlag]:
        """Words alone: from whom days and places are kept is said in no file."""
        found = []
        for row in await self.fetch(_FLAGS, self.reader.id):
            said = await unseal(self.person, f"safety_flag.content:{row['id']}", row["content"])
            found.append(
                views.FileFlag(
                    self.on(row["raised_at"]),
                    said["words"] if said else None,
                    self.day(row["lowered_at"]),
                )
            )
        return found

    async def passes(self) -> list[views.FilePass]:
        return [
            views.FilePass(
                row["role"],
                self.on(row["made_at"]),
                self.on(row["until"]),
                self.day(row["ended_at"]),
                row["opens"],
            )
            for row in await passes_of(self.plan)
            if self.reader.role == "PE" or row["subject"] == self.reader.id
        ]

    async def access(self) -> list[views.FileAccess]:
        """One line for a day, a reader and a thing; a lawyer's and a court's go by their role."""
        lines: dict[views.FileAccess, None] = {}
        told = await self.told()
        for row in await self.fetch(_ACCESS, list(READS), str(self.zone), self.person):
            if not self.knows(row["role"], row["actor"]):
                continue
            if not act_in_own_file(self.reader.role, row["operation"]):
                continue
            if told is not None and row["thing"] not in told:
                continue
            line = views.FileAccess(row["on"], READS[row["operation"]], row["role"], row["alias"])
            lines.setdefault(line)
        return list(lines)

    async def told(self) -> set[Any] | None:
        """Of which rows and passes a lawyer hears that others had to do with them; None is all."""
        if self.reader.role == "PE":
            return None
        rows = [one for one in await self.fetch(_ROWS) if in_own_file(self.reader.role, one)]
        own = [one for one in await passes_of(self.plan) if one["subject"] == self.reader.id]
        return {None, *(one["id"] for one in (*rows, *own))}
