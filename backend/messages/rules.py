"""Which reminder is due when, to whom, and what happens when nobody answers: data, no I/O.

Days count from a row's due day; times are the recipient's own. Source of the
rhythm: reminders 7, 3 and 1 days ahead lowered missed dates in court and clinic
trials; there is no trial for mentors or relatives, so every figure here is a hypothesis.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from backend.calendars.rules import OpenDays

STALE = timedelta(hours=12)  # an ordinary reminder that is later than this becomes a task
STALE_CRITICAL = timedelta(hours=3)
OPENS, CLOSES = time(8), time(20)  # when ordinary messages go out, by the recipient's clock
DAILY_CAP, WEEKLY_CAP, WEEKLY_CAP_GATE = 2, 5, 8
TEN, NOON, FIVE, SIX = time(10), time(12), time(17), time(18)


@dataclass(frozen=True)
class Ask:
    """Ask a role about each open row that carries `on`, `days` from its due day, at `at`."""

    rule: str
    step: str
    on: str
    days: int
    at: time
    role: str
    key: str
    critical: bool = False


MILESTONE_ASKS = (
    Ask("MEN-TASK", "ask-7", "MEN-TASK", -7, TEN, "ME", "MEN-TASK"),
    Ask("MEN-TASK", "ask-2", "MEN-TASK", -2, TEN, "ME", "MEN-TASK"),
    Ask("CONTACT", "ask", "CONTACT", 0, FIVE, "ME", "CONTACT"),
    Ask("FAM-HOW", "ask", "FAM-HOW", 0, FIVE, "FA", "FAM-HOW"),
    Ask("MEN-CARE", "ask", "MEN-CARE", 0, FIVE, "ME", "MEN-CARE"),
)
# Around the day: counted from the release date, for whoever holds gate duty.
GATE_ASKS = (
    Ask("GATE-7", "ask", "GATE", -7, TEN, "", "GATE-7", critical=True),
    Ask("GATE-3", "ask", "GATE", -3, TEN, "", "GATE-3", critical=True),
    Ask("GATE-1", "ask", "GATE", -1, TEN, "", "GATE-1", critical=True),
)
GATE_REPEAT = Ask("GATE-7", "repeat", "GATE", -6, TEN, "", "GATE-7", critical=True)
GATE_0 = Ask("GATE-0", "ask", "GATE", 0, TEN, "", "GATE-0", critical=True)
GATE_DAYS = frozenset(ask.days for ask in (*GATE_ASKS, GATE_REPEAT))
GATE_AFTER = timedelta(minutes=60)  # GATE-0 comes this long after the planned time
# Relatives get these without an alias.
FAMILY_TEXTS = {"GATE-7": "GATE-7-F", "GATE-3": "GATE-3-F", "GATE-0": "GATE-0-F"}
# From the day on which the person left custody: the first night, and until somebody
# confirms a contact. Staff are asked on an open day, the one before where it is closed.
LEAVING_ASKS = (
    *(
        Ask("NIGHT1", "ask", "NIGHT1", 0, FIVE, role, "NIGHT1", critical=True)
        for role in ("ME", "SW")
    ),
    *(
        Ask("CONTACT72", f"day-{day}", "CONTACT72", day, at, role, "CONTACT72", critical=True)
        for day, at in ((1, SIX), (2, NOON), (3, TEN))
        for role in ("SW", "PO", "ME")
    ),
)
# Nobody is asked how it goes before this much of the time outside has passed.
LEAVING_PAUSE = timedelta(hours=1)
FAMILY_CALL = Ask("FAM-CALL", "ask", "FAM-CALL", 0, TEN, "FA", "FAM-CALL")
# The rows about which a mentor or relative is asked, by what they carry.
ASKED_OF_HELPERS = frozenset(ask.on for ask in (*MILESTONE_ASKS, FAMILY_CALL))
APPOINTMENT_ASKS = (
    Ask("APPT", "7", "APPT", -7, TEN, "PE", "APPT-7"),
    Ask("APPT", "3", "APPT", -3, TEN, "PE", "APPT-3"),
    Ask("APPT", "1", "APPT", -1, TEN, "PE", "APPT-1"),
)


@dataclass(frozen=True)
class Silence:
    """What follows when an ask of `rule` stays without an answer for `after`."""

    rule: str
    after: timedelta
    step: str
    role: str
    task: str


REPEAT_AFTER = timedelta(hours=24)
REPEATED = ("MEN-TASK", "CONTACT")  # asked once more, the same person, once for one matter
SILENCES = (
    Silence("MEN-TASK", timedelta(hours=48), "silent-48h", "SW", "mentor-silent"),
    Silence("MEN-TASK", timedelta(days=5), "silent-5d", "CO", "mentor-silent"),
    Silence("CONTACT", timedelta(hours=48), "silent-48h", "SW", "mentor-silent"),
)
WELCOME_AFTER = timedelta(days=3)  # a relative who does not answer the welcome is called
SILENT_CYCLES, CARE_AFTER = 3, timedelta(hours=48)


@dataclass(frozen=True)
class Step:
    """A task for `role` at `at` on the release date plus `days`, unless the matter is settled.

    On a closed day of the agency it moves to the open day before. `urgency` 2 pages
    whoever is on duty.
    """

    rule: str
    step: str
    days: int
    at: time
    role: str
    task: str
    urgency: int = 0


GATE_STEPS = (
    Step("GATE-7", "silent-call", -5, time(9), "SW", "gate-unanswered"),
    Step("GATE-3", "silent-substitute", -3, time(16), "SW", "gate-substitute"),
    Step("GATE-1", "silent-call-1", -1, time(14), "SW", "gate-unanswered", 2),
    Step("GATE-1", "silent-decide", -1, time(16), "CO", "gate-unanswered", 2),
)
# On a closed day a step is due on the open day before, but not before this hour of the first ask.
FIRST_CALL_AT = time(16)
# Counted from the day of leaving; not before the person has had a little time.
LEAVING_STEPS = (
    Step("NIGHT1", "silent-call", 0, SIX, "SW", "first-night", 2),
    Step("NIGHT1", "silent-decide", 0, time(20), "CO", "first-night", 2),
    *(
        Step("CONTACT72", f"silent-{day}-{role}", day, at, role, "no-contact-yet")
        for day, at in ((1, SIX), (2, NOON), (3, TEN))
        for role in ("SW", "PO")
    ),
    Step("CONTACT72", "silent-end", 3, time(16), "CO", "no-contact-72h", 2),
)
DAY0_SILENCES = ((timedelta(hours=2), "SW"), (timedelta(hours=4), "CO"))
NOT_CONFIRMED = Step("RELEASE", "not-confirmed", -7, time(9), "SW", "date-not-confirmed")
WAITING_PAGES_AFTER = timedelta(minutes=30)
PAGE_NEXT_AFTER = timedelta(minutes=15)
UNOPENED = ((timedelta(hours=2), "SW"), (timedelta(hours=4), "CO"), (timedelta(hours=8), "DU"))
SECOND_WAY_AFTER, SECOND_WAY_AT = 3, TEN  # working days after a date that did not happen

# Needs the person's own yes to that fact being told to that recipient. Who is asked about the
# first night, the first contact, or how things are at home learns that the person has left.
RELEASE_DATE = "release_date"
NEEDS_DISCLOSURE = {
    "GATE": RELEASE_DATE,
    "NIGHT1": RELEASE_DATE,
    "CONTACT72": RELEASE_DATE,
    "FAM-HOW": RELEASE_DATE,
    "GOODNEWS": "good_news",
}
# What says or asks on which day or where the person is: kept from whom a safety flag names.
OF_DAYS_AND_PLACES = (
    *("GATE-0", "GATE-1", "GATE-3", "GATE-7", "GATE-OFF", "MEN-TASK", "NIGHT1", "CONTACT"),
    *("APPT-", "CIR-INV", "FAM-CALL", "FAM-HOW"),
)
# How somebody is who helps is theirs: what they answer is kept nowhere, and no claim about anybody.
OF_THE_HELPER = frozenset({"MEN-CARE"})
ANSWERED = "answered"
NOT_RELEASED = "not-released"
# Asked about a row, a date or a meeting that comes, and pointless once it does not.
OF_OPEN_ROWS = frozenset(
    ask.rule for ask in (*MILESTONE_ASKS, *LEAVING_ASKS, FAMILY_CALL, *APPOINTMENT_ASKS)
) | {"CIR-INV"}
RELEASE_MOVED = "release"  # the step of an APPT-MOVED that tells the release date
NEEDS_CONFIRMED_DATE = ("GATE-7", "GATE-3", "GATE-1", "GATE-0")
# Answers to what somebody just did, and farewells: no cap, no hours, any state of link or plan.
REPLIES = frozenset(
    {
        "UNKNOWN",
        "PIN-ASK",
        "PIN-WRONG",
        "PIN-DEAD",
        "LINK-WAIT",
        "STOP-OK",
        "START-OK",
        "FREETEXT",
        "OOH",
        "NOT-KEPT",
        "UNREAD",
        "HELP",
        "HELP-COMING",
        "CARE-COMING",
        "WHY",
        "WHY-M",
        "NOTED",
        "UNDONE",
        "UNDO-LATE",
        "LATE",
        "CANT-PENDING",
        "GATE-WAIT",
        "DATE-ASK",
        "DATE-OK",
        "NO-DATE",
        "NO-FILES",
        "BUTTON-OLD",
        "SHARED-OK",
        "LANGUAGE",
        "LANGUAGE-OK",
        "QUIET",
        "QUIET-OK",
        "NOT-ME",
    }
)
WEEKEND_TOO = ("APPT", "FAM-CALL", "WELCOME", "CLOSE")


def fact_needed(key: str, step: str = "") -> str | None:
    """The fact that the person must have released to a recipient who is not of the staff."""
    if key == "GATE-WAIT":
        return None
    if key == "APPT-MOVED" and step == RELEASE_MOVED:
        return RELEASE_DATE
    return next((fact for prefix, fact in NEEDS_DISCLOSURE.items() if key.startswith(prefix)), None)


def next_allowed(
    at: datetime,
    *,
    zone: str,
    opens: time,
    closes: time,
    quiet: Sequence[Mapping[str, object]],
    days: OpenDays,
) -> datetime:
    """The first instant from `at` on at which the recipient may be written to.

    `quiet` holds the recipient's own windows: hours only, never a reason. Each is
    {"day": 1..7 or 0 for every day, "from": "11:30", "to": "14:30"}. `days` are those
    on which this kind of message goes out.
    """
    local = at.astimezone(ZoneInfo(zone))
    for _ in range(400):
        moved = _step(local, opens, closes, quiet, days)
        if _instant(moved) == _instant(local):
            return local
        local = moved
    return local


def _step(
    local: datetime,
    opens: time,
    closes: time,
    quiet: Sequence[Mapping[str, object]],
    days: OpenDays,
) -> datetime:
    if local.date() not in days:
        return _on(local.date() + timedelta(days=1), opens, local)
    if local.time() < opens:
        return _on(local.date(), opens, local)
    if local.time() >= closes:
        return _on(local.date() + timedelta(days=1), opens, local)
    for window in quiet:
        starts, ends = (
            time.fromisoformat(str(window["from"])),
            time.fromisoformat(str(window["to"])),
        )
        if window["day"] in {0, local.isoweekday()} and starts <= local.time() < ends:
            return _on(local.date(), ends, local)
    return local


def _on(day: date, at: time, after: datetime) -> datetime:
    """The first moment from `after` on at which the clock there shows this hour of this day.

    An hour may come twice in a night, or not at all: then it is the moment of the change.
    """
    wanted = datetime.combine(day, at, after.tzinfo)
    earliest, latest = sorted((_instant(wanted), _instant(wanted.replace(fold=1))))
    if earliest.astimezone(after.tzinfo).replace(tzinfo=None) != wanted.replace(tzinfo=None):
        return _changed(earliest, latest, after.tzinfo).astimezone(after.tzinfo)
    return (earliest if earliest >= _instant(after) else latest).astimezone(after.tzinfo)


def _changed(before: datetime, after: datetime, zone: tzinfo | None) -> datetime:
    """The moment between two others, of whole seconds, at which the clocks of a zone change."""
    was = before.astimezone(zone).utcoffset()
    seconds = int((after - before).total_seconds())
    later = range(1, seconds + 1)
    found = bisect_left(
        later, 1, key=lambda n: (before + timedelta(seconds=n)).astimezone(zone).utcoffset() != was
    )
    return before + timedelta(seconds=later[min(found, seconds - 1)])


def _instant(local: datetime) -> datetime:
    """Two local times of one zone compare by what their clocks show; these by when they are."""
    return local.astimezone(UTC)


def next_open(at: datetime, *, zone: str, days: OpenDays, opens: time) -> datetime:
    """The next opening of the office: by then somebody has read what was written."""
    local = at.astimezone(ZoneInfo(zone))
    if local.date() in days and local.time() < opens:
        return _on(local.date(), opens, local)
    return _on(days.after(local.date()), opens, local)


def is_open(at: datetime, *, zone: str, days: OpenDays, opens: time, closes: time) -> bool:
    local = at.astimezone(ZoneInfo(zone))
    return local.date() in days and opens <= local.time() < closes
