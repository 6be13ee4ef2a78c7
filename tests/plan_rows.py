"""The tables whose rows belong to one plan, with the column that names it, and their ends."""

from migrations.m0002_ground import PLAN_ROWS as GROUND

MORE = (
    *("wall", "legal_hold", "safety_flag", "protected_address"),
    *("correction", "entry_pass", "erasure_wish"),
    *("evidence", "handover", "custody_return", "summary_due", "appointment_move"),
    *("goal", "needs_review", "needs_area", "relative", "welcome"),
    *("meeting", "meeting_member", "meeting_item", "meeting_share", "meeting_decision"),
    "meeting_note",
)
PLAN_ROWS = {**GROUND, **dict.fromkeys(MORE, "plan")}
# Deleted years after: the jobs delete of it what a policy of its own lets them, and no more.
DELETED_LATE = {*PLAN_ROWS, "break_glass", "outside_review", "complaint", "person"}
# Taken back by the jobs, where a backup brought an erased voluntary part back.
TAKEN_BACK_LATE = ("disclosure", "UPDATE")
# What tells of a supervised plan's voluntary part: only while somebody's wish to erase it stands.
THINNED = {
    "milestone_event", "appointment", "correction", "claim", "contact", "participation", "evidence",
    "goal", "needs_review", "needs_area", "appointment_move",
    "meeting", "meeting_member", "meeting_item", "meeting_share", "meeting_decision",
    "meeting_note",
}  # fmt: skip
