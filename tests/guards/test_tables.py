"""What every table must have, and what no table may hold. Read from a migrated database."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from backend.settings import ROOT
from migrations.m0002_ground import WITHOUT_PLAN_TOO
from migrations.m0080_glass_adds_nothing import ADDED as GLASS_ADDS
from migrations.m0080_glass_adds_nothing import CHANGED as GLASS_CHANGES
from tests.plan_rows import DELETED_LATE, PLAN_ROWS, TAKEN_BACK_LATE, THINNED

# Tables without a row of a plan, each with the reason why it needs no wall by plan.
OTHERS = {
    "actor": "ids and kinds; shown to nobody but themselves",
    "account_invitation": "a role and a neutral name, before there is anybody; its code hashed",
    "agency": "the tenant itself: hours and numbers to call",
    "audit": "its own policies: read by plan, added by anybody, changed by nobody",
    "audit_anchor": "numbers and hashes",
    "audit_head": "numbers and hashes",
    "audit_seal": "numbers and hashes",
    "bot": "the agency's chat bot, without its token",
    "break_glass": "a wish that names no plan; its own policies look at the agency",
    "club": "a group of the place; its own policies look at agency and role",
    "complaint": "about the service; its own policies look at the agency and at whom it names",
    "calendar": "weekdays and dates; who may change them its own policies say",
    "court_assertion": "hashes, minutes",
    "court_canary": "keyed hashes of references that belong to nobody",
    "court_client": "a court's machine, hashed",
    "court_day": "how often a machine asked on a day, not for what",
    "court_token": "hashed, ten minutes",
    "device": "what an account is signed in on; its token hashed",
    "date_feed": "a link, hashed; shown to its holder alone",
    "data_flow": "field groups, laws and who answers for it; its own policies look at the agency",
    "denial": "how often somebody was refused, for a minute or two",
    "duty_shift": "who of the staff is on duty",
    "entry_key": "hashed; what it opens is asked as whoever it belongs to",
    "factor": "sealed under the key of the account's holder",
    "heartbeat": "processes",
    "incident": "ids and dates of the agency; its own policies look at agency and role",
    "incoming_update": "sealed until it is known whose it is; the application sees when alone",
    "account_notice": "that a way into an account changed, and where; nobody else is told",
    "job_round": "jobs, and when each was last done",
    "lawful_basis": "the agency's own laws and purposes",
    "mentor": "somebody who helps, whosever plan it is; its own policies look at agency and role",
    "migration": "Piccolo's own",
    "month_count": "numbers of an agency, none below five; for nobody but a function",
    "once": "ids, versions and hashes",
    "passkey": "a keyed hash, and what is sealed under the key of the account's holder",
    "passkey_challenge": "hashed, five minutes",
    "person_word": "keyed hashes; looked up by the person, whose policies it shares",
    "outside_review": "ids of who did what alone; its own policies look at who may look",
    "person": "belongs to plans; its own policies look through them",
    "recovery_code": "hashed",
    "recent_act": "what an account did in an hour; its own policies look at whose it is",
    "refresh_token": "hashed",
    "session": "hashed",
    "sign_in_failure": "keyed hashes, a quarter of an hour",
    "staff": "accounts",
    "support": "ids of whom to call; its own policies look at whose it is and at who leads",
    "subject_key": "wrapped keys; its own policies look at whose rows the reader sees",
    "template_version": "what plans begin with; its own policies look at the agency",
    "zone_day": "time zones",
}
# Of these, rows about somebody: walled by whose they are, and not by plan.
OF_SOMEBODY = {
    "subject_key", "staff", "session", "refresh_token", "device", "factor", "recovery_code",
    "passkey", "account_notice", "account_invitation", "duty_shift", "entry_key", "once",
    "actor", "denial", "date_feed", "mentor", "support", "club",
}  # fmt: skip
WITHOUT_VERSION = {
    "actor": "written once",
    "audit": "written once",
    "audit_anchor": "written once",
    "audit_head": "nobody sees it",
    "audit_seal": "written once",
    "bot": "set up once",
    "change": "carries the versions of others",
    "court_assertion": "nobody sees it",
    "court_canary": "nobody sees it",
    "court_day": "nobody sees it",
    "court_token": "nobody sees it",
    "date_feed": "ended once, and never changed back",
    "device": "likewise",
    "factor": "likewise",
    "denial": "nobody sees it",
    "recent_act": "nobody sees it",
    "entry_key": "nobody sees it",
    "heartbeat": "nobody sees it",
    "incoming_update": "nobody sees it",
    "job_round": "nobody sees it",
    "lawful_basis": "written once",
    "account_notice": "written once",
    "migration": "Piccolo's own",
    "month_count": "written once",
    "once": "written once",
    "passkey": "ended once, and never changed back",
    "passkey_challenge": "nobody sees it",
    "person_word": "nobody sees it",
    "recovery_code": "nobody sees it",
    "refresh_token": "nobody sees it",
    "session": "nobody sees it",
    "sign_in_failure": "nobody sees it",
    "subject_key": "nobody sees it",
    "zone_day": "nobody sees it",
}
# Everything that tells who somebody is, or what they said.
SEALED = {
    "incident.description", "incident.outcome", "complaint.text", "complaint.answer",
    "complaint.named",
    "break_glass.reason", "legal_hold.reason", "correction.text", "correction.reason",
    "person.identity", "person.safe_contact", "member.identity", "link.chat", "message.chat",
    "message.variables", "incoming.text", "incoming_update.sealed", "milestone_event.reason",
    "appointment.place", "appointment_move.why", "task.note", "reading.comment", "summary.content",
    "court_file.sealed_reference", "safety_flag.content", "protected_address.address",
    "handover.words", "meeting.basis", "meeting.aim", "meeting_item.words",
    "meeting_decision.words", "meeting_note.words", "mentor.identity", "club.contact",
    "welcome.who",
    "passkey.sealed", "disclosure.sealed_purpose", "goal.words", "needs_area.own",
    "needs_area.view",
}  # fmt: skip
# Columns wide enough for words, in rows of a plan, and why no typed word gets there.
WIDE = {
    "milestone.title": "from the template",
    "milestone_event.was": "states, days and causes, put together by a function",
    "plan.next_title": "copied from milestone.title by a trigger",
}
WIDEST_CODE = 40
# What functions that run as the owner look at; but for mandates and walls in the actor's own
# agency alone.
OWNER_READS = {
    "mandate", "plan", "member", "wall", "legal_hold", "disclosure", "entry_pass", "erasure_wish",
    "channel_consent", "summary", "meeting_member", "relative", "contact", "welcome",
}  # fmt: skip
# And what one of them may do where an entry of the data-flow registry ends: cancel what waits, and
# tell a human.
OWNER_CANCELS = {
    "message": {"SELECT", "UPDATE"},
    "task": {"SELECT", "INSERT"},  # SELECT: what an auditor is told the number of
    "change": {"INSERT"},
    "audit": {"SELECT", "DELETE"},  # what is ten years old, and nothing else
}
# And what it may change where a key is destroyed: words that were typed go.
OWNER_FORGETS = {"member", "disclosure", "relative", "welcome"}
# And what goes whole with its key.
OWNER_DELETES = {"welcome"}
# And what it adds where a release that knew no map adds a member.
OWNER_CARRIES = {"relative"}
CHAT_ROWS = {"link", "message", "incoming", "incoming_update"}
# What may not be stored or inferred about anybody, as parts of names.
FORBIDDEN = re.compile(
    r"(offen[cs]|crim|convict|felon|extrem|radical|terror|jihad|ideolog|belief|relig|faith|ethnic"
    r"|race|political|risk|danger|threat|score|rank|rating|recidiv|diagnos|victim|police|gang"
    r"|label|suspicio|loyal|behaviou?r|attitude|counsel)"
)
ALLOWED = {
    "court_client.label": "the name of a chamber of a court, and of nobody",
}

# A relative who is on the map of a family alone is there for those who read it.
MAP_ALONE = {("member", "SELECT")}
# What was taken back is for the workers of a plan, and for whoever did it.
UNDONE = {("milestone_event", "SELECT")}
# What whoever came in by broken glass alone neither adds nor changes.
HELP = ("relative", "welcome")
NEEDS = ("goal", "needs_review", "needs_area")
MEETINGS = (
    *("meeting", "meeting_member", "meeting_item", "meeting_share", "meeting_decision"),
    "meeting_note",
)
BEHIND_GLASS = {
    *((table, how) for table in (*NEEDS, *MEETINGS) for how in ("INSERT", "UPDATE")),
    *(
        (table, "INSERT")
        for table in (*GLASS_ADDS, "handover", "reading", "mandate", "summary_due", *HELP)
    ),
    *(
        (table, "UPDATE")
        for table in (*GLASS_CHANGES, "handover", "mandate", "task", "summary_due", *HELP)
    ),
    ("custody_return", "UPDATE"),
} - {("participation", "UPDATE"), ("meeting_share", "UPDATE")}  # which nobody changes


async def _columns(catalog: Any) -> dict[str, dict[str, Any]]:
    """table -> column -> what the database knows of it."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in await catalog.fetch(
        "SELECT table_name, column_name, data_type, is_nullable, character_maximum_length AS width"
        "  FROM information_schema.columns WHERE table_schema = 'public'"
    ):
        found[row["table_name"]][row["column_name"]] = row
    return found


async def test_every_table_is_known_here(catalog: Any) -> None:
    assert set(await _columns(catalog)) == PLAN_ROWS.keys() | OTHERS.keys()
    assert not PLAN_ROWS.keys() & OTHERS.keys()


async def test_what_points_to_a_row_of_a_plan_is_a_row_of_a_plan(catalog: Any) -> None:
    columns = await _columns(catalog)
    assert {table for table in columns if "plan" in columns[table]} - {"audit"} == (
        PLAN_ROWS.keys() - {"plan"}
    )
    links = await catalog.fetch(
        "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent"
        "  FROM pg_constraint WHERE contype = 'f'"
    )
    children = {link["child"] for link in links if link["parent"] in PLAN_ROWS}
    assert children <= PLAN_ROWS.keys()


async def test_rows_of_a_plan_name_their_agency_and_plan(catalog: Any) -> None:
    columns = await _columns(catalog)
    for table, column in PLAN_ROWS.items():
        agency, plan = columns[table]["agency"], columns[table][column]
        assert (agency["data_type"], agency["is_nullable"]) == ("uuid", "NO"), table
        nullable = "YES" if table in WITHOUT_PLAN_TOO else "NO"
        assert (plan["data_type"], plan["is_nullable"]) == ("uuid", nullable), table


async def test_rows_of_a_plan_are_walled_for_everybody_even_their_owner(catalog: Any) -> None:
    walls = {
        row["relname"]: (row["relrowsecurity"], row["relforcerowsecurity"])
        for row in await catalog.fetch(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    }
    policies = defaultdict(set)
    waits, glass = set(), set()
    for row in await catalog.fetch("SELECT tablename, cmd, roles, permissive FROM pg_policies"):
        if row["permissive"] == "RESTRICTIVE" and row["roles"] == ["throughcare_app"]:
            glass.add((row["tablename"], row["cmd"]))
            continue
        if row["permissive"] == "RESTRICTIVE":
            assert row["roles"] == ["throughcare_worker"]
            late = row["cmd"] == "DELETE"
            assert late or (row["tablename"], row["cmd"]) == TAKEN_BACK_LATE
            waits |= {row["tablename"]} if late else set()
            continue
        for role in row["roles"]:
            policies[row["tablename"], role].add(row["cmd"])
    for table in [*PLAN_ROWS, "person", "audit"]:
        assert walls[table] == (True, True), table
        assert (table, "public") not in policies
        thins = {"DELETE"} if table in THINNED else set()
        assert {"SELECT", "INSERT"} <= policies[table, "throughcare_app"] - thins <= {
            "SELECT", "INSERT", "UPDATE",
        }, table  # fmt: skip
        owners = policies[table, "throughcare_owner"]
        expected = {"SELECT"} if table in OWNER_READS else OWNER_CANCELS.get(table, set())
        expected = expected | ({"INSERT"} if table in OWNER_CARRIES else set())
        expected = expected | ({"DELETE"} if table in OWNER_DELETES else set())
        assert owners == expected | ({"UPDATE"} if table in OWNER_FORGETS else set()), table
    assert waits == DELETED_LATE
    assert glass == BEHIND_GLASS | MAP_ALONE | UNDONE
    for table in OF_SOMEBODY:
        assert walls[table] == (True, True), table
        assert (table, "public") not in policies
        assert policies[table, "throughcare_owner"] == {"ALL"}, table


async def test_nothing_is_left_open_for_a_release_that_never_ran_here(catalog: Any) -> None:
    left = "SELECT tablename FROM pg_policies WHERE policyname LIKE 'release%'"
    assert await catalog.fetch(left) == []


async def test_rows_that_change_carry_a_version(catalog: Any) -> None:
    columns = await _columns(catalog)
    for table in columns.keys() - WITHOUT_VERSION.keys():
        version = columns[table]["version"]
        assert (version["data_type"], version["is_nullable"]) == ("integer", "NO"), table
    assert not [table for table in WITHOUT_VERSION if "version" in columns[table]]


async def test_rows_of_a_plan_take_ids_that_a_client_made(catalog: Any) -> None:
    columns = await _columns(catalog)
    kinds = {table: columns[table]["id"]["data_type"] for table in PLAN_ROWS}
    assert kinds == {table: "bigint" if table == "change" else "uuid" for table in PLAN_ROWS}


async def test_a_change_of_a_row_of_a_plan_is_noted_in_its_transaction(catalog: Any) -> None:
    found = defaultdict(set)
    for row in await catalog.fetch(
        "SELECT c.relname, t.tgname, p.proname FROM pg_trigger t"
        "  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled = 'O'"
    ):
        if row["proname"] == "note_change":
            found[row["relname"]].add(row["tgname"])
    expected = {"change_insert", "change_update", "change_delete"}
    assert found == {table: expected for table in PLAN_ROWS if table != "change"}


async def test_rows_of_a_chat_name_their_bot(catalog: Any) -> None:
    columns = await _columns(catalog)
    for table in CHAT_ROWS:
        bot = columns[table]["bot"]
        assert (bot["data_type"], bot["is_nullable"]) == ("uuid", "NO"), table


async def test_the_four_kinds_of_yes_have_a_table_each(catalog: Any) -> None:
    columns = await _columns(catalog)
    assert {"participation", "lawful_basis", "channel_consent", "disclosure"} <= columns.keys()


async def test_foreign_keys_lose_nothing_and_are_found_by_an_index(catalog: Any) -> None:
    keys = await catalog.fetch(
        "SELECT conname, conrelid::regclass::text AS child, confdeltype::text, confupdtype::text,"
        "       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = conrelid AND i.indisvalid"
        "               AND i.indpred IS NULL"
        "               AND (i.indkey::smallint[])[0:cardinality(conkey) - 1] = conkey) AS indexed"
        "  FROM pg_constraint WHERE contype = 'f'"
    )
    assert len(keys) > 70
    assert [key["conname"] for key in keys if key["confdeltype"] != "r"] == []
    assert [key["conname"] for key in keys if key["confupdtype"] not in {"r", "a"}] == []
    assert [key["conname"] for key in keys if not key["indexed"]] == []


async def test_instants_are_in_utc(catalog: Any) -> None:
    naive = [
        f"{table}.{name}"
        for table, columns in (await _columns(catalog)).items()
        for name, column in columns.items()
        if column["data_type"] in {"timestamp without time zone", "time with time zone"}
    ]
    assert naive == ["migration.ran_on"]


# what may be known


async def test_what_tells_who_somebody_is_is_sealed(catalog: Any) -> None:
    columns = await _columns(catalog)
    for place in SEALED:
        table, name = place.split(".")
        assert columns[table][name]["data_type"] == "bytea", place
    wide = {
        f"{table}.{name}"
        for table in [*PLAN_ROWS, "person"]
        for name, column in columns[table].items()
        if column["data_type"] in {"text", "json", "jsonb", "xml"}
        or (column["width"] or 0) > WIDEST_CODE
    }
    assert wide - {"link.quiet"} == WIDE.keys()  # quiet hours are times of a day


def _schema_names() -> Iterator[str]:
    """Every name and word of the API document that a client sends or is shown."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    for name, schema in document["components"]["schemas"].items():
        yield name
        for field, described in schema["properties"].items():
            yield f"{name}.{field}"
            yield from (str(word) for word in described.get("enum", ()))


async def test_no_name_stands_for_what_may_not_be_known_of_anybody(catalog: Any) -> None:
    columns = await _columns(catalog)
    names = {f"{table}.{name}" for table in columns for name in columns[table]}
    checks = await catalog.fetch(
        "SELECT conname, pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE contype = 'c'"
    )
    words = {word for row in checks for word in re.findall(r"'(\w+)'", row["text"])}
    enums = {row["enumlabel"] for row in await catalog.fetch("SELECT enumlabel FROM pg_enum")}
    found = {
        name
        for name in names | words | enums | set(_schema_names())
        if FORBIDDEN.search(name.lower())
    }
    assert found == ALLOWED.keys()
