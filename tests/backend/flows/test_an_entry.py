"""What an entry of the registry may say, and what no law lets it."""

from typing import Any

import pytest

from backend.errors import Unfit
from backend.flows.rules import Period, Regimes, check
from tests.backend.flows.abroad import NOW
from tests.backend.flows.entries import an_entry


@pytest.mark.parametrize(
    ("values", "regimes"),
    [
        ({"kind": "press"}, Regimes("public_body")),
        ({"purpose": "curiosity"}, Regimes("public_body")),
        ({"basis": "habit"}, Regimes("public_body")),
        ({"groups": []}, Regimes("public_body")),
        ({"groups": ["rota"]}, Regimes("public_body")),
        ({"kind": "court", "groups": ["summary draft"]}, Regimes("public_body")),
        ({"kind": "court", "groups": ["milestones"]}, Regimes("public_body")),
        ({"kind": "chat", "groups": ["identity"]}, Regimes("public_body")),
        ({"law": None}, Regimes("public_body")),
        ({"article": None}, Regimes("public_body")),
        ({"basis": "authorisation"}, Regimes("public_body")),  # with a law beside it
        ({"basis": "own_right", "law": None, "article": None}, Regimes("public_body", "ngo")),
        ({"period": Period(NOW, NOW)}, Regimes("public_body")),
        ({"basis": "authorisation", "law": None, "article": None}, Regimes("public_body", "ngo")),
        ({"groups": ["alias", "milestones"]}, Regimes("public_body", "ngo")),
        ({"groups": ["identity"]}, Regimes("public_body", "ngo")),
    ],
)
def test_an_entry_may_not_say(values: dict[str, Any], regimes: Regimes) -> None:
    with pytest.raises(Unfit):
        check(an_entry(**values), regimes)


def test_an_entry_may_say_what_the_law_lets_an_ngo_know() -> None:
    check(an_entry(groups=["alias", "tasks"]), Regimes("public_body", "ngo"))
    check(an_entry(groups=["identity"], basis="authorisation", law=None, article=None),
          Regimes("ngo", "ngo"))  # fmt: skip
