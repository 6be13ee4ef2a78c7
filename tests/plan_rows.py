"""The tables whose rows belong to one plan, with the column that names it."""

from migrations.m0002_ground import PLAN_ROWS as GROUND

PLAN_ROWS = {**GROUND, "wall": "plan", "legal_hold": "plan", "erasure_wish": "plan"}
