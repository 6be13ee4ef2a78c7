"""The tables whose rows belong to one plan, with the column that names it."""

from migrations.m0002_ground import PLAN_ROWS as GROUND

MORE = (
    *("wall", "legal_hold", "safety_flag", "protected_address"),
    *("correction", "entry_pass", "erasure_wish"),
)
PLAN_ROWS = {**GROUND, **dict.fromkeys(MORE, "plan")}
