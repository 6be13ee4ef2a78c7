"""Mutants that change nothing anybody could notice, each with a reason, as they were reviewed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.mutation.tables import of_matrix

_TOLD = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
# Groups of the matrix that no answer, question or page asks for yet; a guard looks that it is so.
UNASKED = frozenset(_TOLD["unasked"])
EQUIVALENT: Mapping[str, str] = {
    **{one["mutant"]: one["why"] for one in _TOLD["equivalent"]},
    **{
        one.name: "Nothing asks for this group yet."
        for one in of_matrix()
        if one.name.removeprefix("backend/matrix.py ").partition(":")[0] in UNASKED
    },
}
