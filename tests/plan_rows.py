"""The tables whose rows belong to one plan, with the column that names it."""

from migrations.m0002_ground import PLAN_ROWS as GROUND

MORE = ("correction", "entry_pass", "legal_hold", "wall")
PLAN_ROWS = {**GROUND, **dict.fromkeys(MORE, "plan")}
