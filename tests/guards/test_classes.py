"""Each column is of one kind, by its type or by a reviewed list: a new one without fails here."""

from typing import Any

from tests.guards.test_tables import SEALED

# By their types: nobody types them, and by themselves they say nothing.
BY_TYPE = {
    "uuid": "an id",
    "timestamp with time zone": "an instant",
    "timestamp without time zone": "an instant of Piccolo's own",
    "date": "a day",
    "time without time zone": "a time of a day",
    "integer": "a number",
    "smallint": "a number",
    "bigint": "a number",
    "boolean": "yes or no",
}
# One of a closed list of words, whatever table it is in.
CODES = {
    *("role", "by_role", "to_role", "owner", "said_by", "level", "standing", "gate"),
    *("kind", "entity", "state", "what", "fact", "part", "type", "pathway", "code", "template"),
    *("cause", "outcome", "reason", "answer", "finding", "how", "authority_how", "people_how"),
    *("operation", "purpose", "basis", "rule", "step", "key", "message", "anchor", "evidence"),
    *("agree", "court", "before", "after", "certainty", "certainty_before", "certainty_after"),
    *("language", "zone", "country", "regime", "second_factor", "channel", "overlays", "groups"),
    *("facts", "ground", "speaks_of", "why"),  # of a meeting
    *("waits_for", "asked_by"),
    "was",  # states, days and causes
    *("provenance", "area", "depends", "partners", "matters", "touched", "working_days"),
    *("relation", "wish", "languages", "vetting"),
    "tell",
}
# Keyed hashes, hashes, seals and keys: they stand for something that is not there.
OF_KEYS = {
    *("hash", "mac", "proof", "object_hash", "client_index", "reference_index", "login_index"),
    *("chat_index", "secret", "bound_to", "access", "token", "pin", "tap", "address", "digest"),
    *("wrapped", "sha256", "word", "kept_from", "code"),
}
# Words that are the house's own, or nobody's: no word of or about somebody in a plan.
OF_THE_HOUSE = {
    "agency.name": "the agency's",
    "agency.service_alias": "the agency's, fit to be shown in a chat",
    "agency.crisis_line": "the agency's",
    "agency.crisis_text": "the agency's",
    "agency.duty_phone": "the agency's",
    "agency.emergency_number": "the country's",
    "calendar.name": "a place of the agency",
    "calendar.closed": "dates of a place",
    "calendar.seasons": "days and hours of a place",
    "club.name": "a group of the place",
    "club.area": "likewise: where it meets",
    "club.hours": "likewise: when",
    "club.offers": "likewise: what one can do there",
    "calendar.country": "a code of ISO 3166",
    "calendar.part": "likewise",
    "template_version.file": "rows of a template",
    "bot.number": "the bot's",
    "bot.username": "the bot's",
    "court_client.label": "a court's machine",
    "court_client.public_key": "a court's machine",
    "data_flow.article": "of a law",
    "data_flow.law": "a law",
    "lawful_basis.law": "a law",
    "device.name": "what a colleague calls a device of theirs",
    "heartbeat.name": "a process",
    "job_round.name": "a job",
    "message.worker": "a process",
    "migration.app_name": "Piccolo's",
    "migration.name": "Piccolo's",
    "milestone.title": "of the template",
    "plan.next_title": "of the template",
    "link.quiet": "hours of the day",
    "audit.request": "made here, for a request",
    "once.asked": "a hash of what was asked",
    "once.key": "made by a client for a write",
    "staff.login": "a colleague's",
    "staff.password": "a colleague's, hashed; read by no role",
}
ALIASES = {"alias"}  # words by which somebody goes that say nothing; no code and no name


async def test_every_column_is_of_one_kind(catalog: Any) -> None:
    rows = await catalog.fetch(
        "SELECT table_name || '.' || column_name AS place, column_name::text AS name,"
        "       data_type AS type FROM information_schema.columns WHERE table_schema = 'public'"
    )
    unknown, met = [], set()
    for row in rows:
        place, name, kind = row["place"], row["name"], row["type"]
        sealed = place in SEALED
        kinds = [
            sealed,
            kind == "bytea" and not sealed and name in OF_KEYS,
            kind in BY_TYPE,
            kind not in BY_TYPE and kind != "bytea" and name in CODES and place not in OF_THE_HOUSE,
            place in OF_THE_HOUSE,
            kind == "character varying" and name in ALIASES,
        ]
        if sum(kinds) != 1:
            unknown.append((place, kind, kinds))
        met.add(place if place in OF_THE_HOUSE else name)
    assert unknown == []
    assert OF_THE_HOUSE.keys() | CODES | ALIASES <= met  # nothing here that is not there
