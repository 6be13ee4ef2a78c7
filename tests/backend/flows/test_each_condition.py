"""What an entry of the registry opens, asked of the database with one thing otherwise each time.

`flow_groups` is what policies ask of a flow, as the owner, who sees every entry and disclosure.
"""

from collections.abc import Mapping

import pytest

from tests.backend.laid import DAY, HOUR, But, Laid, Row, Rows, changed, of, row

ALL = {"alias", "tasks", "milestones"}
TO_NGO = {"alias", "tasks"}
BASE: Rows = {
    "third": row("agency"),
    "here": row("agency"),
    "there": row("agency"),
    "body": row("agency", regime="public_body"),
    "flow": row("data_flow", kind="agency", to_agency="there", groups=sorted(ALL), law="Act",
                article="4", starts=-DAY),
}  # fmt: skip
REFERRED: But = {
    "flow": {"basis": "authorisation", "law": None, "article": None},
    "referral": row("disclosure", plan="plan", recipient="reader", fact="referral", until=2 * DAY),
}
FROM_BODY: But = {"here": {"regime": "public_body"}}


def _flow(**values: object) -> But:
    return {"flow": values}


def _referred(**values: object) -> But:
    referral = REFERRED["referral"]
    assert isinstance(referral, Row)
    return {**REFERRED, "referral": Row(referral.table, {**referral.values, **values})}


CASES: Mapping[str, tuple[But, set[str]]] = {
    "as it is": ({}, ALL),
    "of another sender": (_flow(agency="third"), set()),
    "to another": (_flow(to_agency="third"), set()),
    "to a court of that name": (_flow(kind="court", to_agency=None, court="there"), set()),
    "ended": (_flow(ended_at=-HOUR, ended_by="any"), set()),
    "not yet": (_flow(starts=HOUR), set()),
    "no more": (_flow(until=-HOUR), set()),
    "a while": (_flow(until=HOUR), ALL),
    "for another purpose": (_flow(purpose="supervision"), set()),
    "from a public body to an NGO": (FROM_BODY, TO_NGO),
    "from a public body by another right": ({**FROM_BODY, "flow": {"basis": "own_right"}}, set()),
    "from a public body by no law": ({**FROM_BODY, "flow": {"law": None}}, set()),
    "from a public body to another": ({**FROM_BODY, "there": {"regime": "public_body"}}, ALL),
    "from an NGO to a public body": ({"there": {"regime": "public_body"}}, ALL),
    "by an authorisation": (REFERRED, ALL),
    "by none": ({"flow": REFERRED["flow"]}, set()),
    "by one for another plan": (_referred(plan="second"), set()),
    "by one for somebody else": (_referred(recipient="colleague"), set()),
    "by one of another fact": (_referred(fact="enrolment"), set()),
    "by one that was withdrawn": (_referred(withdrawn_at=-HOUR), set()),
    "by one that is over": (_referred(until=-2 * DAY), set()),
}
_ASK = "flow_groups($1, $2, $3, $4, $5, $6, $7, $8)"


@pytest.mark.parametrize("case", CASES)
async def test_an_entry_opens_its_groups_while_all_of_it_holds(laid: Laid, case: str) -> None:
    but, groups = CASES[case]
    async with laid.rows(changed(BASE, but)) as now:
        asked = of("here"), "agency", of("there"), None, now, "care", of("plan"), of("reader")
        assert set(await laid.ask(_ASK, *asked) or ()) == groups


async def test_whoever_says_no_purpose_is_told_of_every_one(laid: Laid) -> None:
    async with laid.rows(changed(BASE, _flow(purpose="audit"))) as now:
        asked = of("here"), "agency", of("there"), None, now, None, of("plan"), of("reader")
        assert set(await laid.ask(_ASK, *asked)) == ALL


async def test_a_chat_is_of_the_role_that_the_entry_names(laid: Laid) -> None:
    flow = _flow(kind="chat", to_agency=None, to_role="FA", basis="authorisation", law=None)
    async with laid.rows(changed(BASE, flow)) as now:
        for role, groups in (("FA", ALL), ("ME", set()), (None, set())):
            asked = of("here"), "chat", None, role, now, "care", of("plan"), None
            assert set(await laid.ask(_ASK, *asked) or ()) == groups, role
