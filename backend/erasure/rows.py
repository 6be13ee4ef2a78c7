"""The rows of plans, once all that they could prove is proved.

By then nobody is named in them: the keys went years before (workflows/terms.py).
"""

from uuid import UUID

from backend.database import connection

# Whatever points to another row stands before it; a guard compares with the database.
OF_A_PLAN = (
    *("claim", "incoming", "message", "link", "task"),
    *("goal", "needs_area", "needs_review", "participation"),
    *("meeting_note", "meeting_decision", "meeting_share", "meeting_item", "meeting_member"),
    "meeting",
    *("reading", "correction", "summary", "court_file"),
    *("evidence", "milestone_event", "appointment_move", "appointment", "milestone"),
    "summary_due",
    *("entry_pass", "mandate"),
    *("channel_consent", "contact", "custody_return", "disclosure", "erasure_wish"),
    *("handover", "legal_hold", "member", "relative", "welcome"),
    *("protected_address", "release_move", "safety_flag", "wall"),
    "change",
)

_WITHOUT_PLAN = """
SELECT s.id FROM unnest($1::uuid[]) AS s(id)
 WHERE NOT EXISTS (SELECT 1 FROM plan p WHERE p.person = s.id)
"""


async def delete_plans(plans: list[UUID]) -> None:
    """All there is of them and of people without a plan, inside the caller's transaction.

    Left are an id for each individual, which says nothing (`actor`, `subject_key`: a backup may
    bring rows back that name it), a line that the plan is gone (`change`), and the record.
    """
    held = connection()
    for table in OF_A_PLAN:
        await held.execute(f"DELETE FROM {table} WHERE plan = ANY($1)", plans)
    gone = await held.fetch("DELETE FROM plan WHERE id = ANY($1) RETURNING person", plans)
    people = await held.fetch(_WITHOUT_PLAN, list({row["person"] for row in gone}))
    await _delete_people([row["id"] for row in people])


async def _delete_people(people: list[UUID]) -> None:
    held = connection()
    await held.execute("DELETE FROM person_word WHERE person = ANY($1)", people)
    await held.execute("DELETE FROM complaint WHERE person = ANY($1)", people)
    await held.execute("DELETE FROM person WHERE id = ANY($1)", people)
