"""A key is destroyed for a second person's wish, or at its term: each condition of that alone.

`destroy_key` and `destroy_expired` run as the owner, whom no policy stops. In every case below
but one thing is otherwise than where a key goes.
"""

from collections.abc import Mapping
from uuid import UUID

import asyncpg
import pytest

from tests.backend.laid import DAY, HOUR, YEAR, But, Laid, Row, changed, of, row

LONG, SOON = -400 * DAY, HOUR
NOTHING: set[str] = set()


def _key(name: str, kind: str, *, agency: str = "here", **values: object) -> dict[str, Row]:
    return {
        f"{name} is": row("actor", id=name, kind=kind, agency=agency),
        name: row("subject_key", **{"wrapped": "wrapped", **values}),
    }


def _may(who: str, plan: str, person: str, **values: object) -> Row:
    return row("mandate", plan=plan, person=person, actor=who, **{"starts": LONG, **values})


def _circle(person: str, **members: str) -> dict[str, Row]:
    """A plan named after its person, and who is in its circle, in force; each has a key."""
    plan = f"plan of {person}"
    made = {plan: row("plan", person=person), **_key(person, "person")}
    for name, role in members.items():
        by_law = role == "LR"
        standing, matters = "lawyer" if by_law else None, ["plan"] if by_law else None
        made |= _key(name, "member")
        made[f"{name} there"] = row("member", id=name, plan=plan, role=role, standing=standing)
        made[f"{name} may"] = _may(name, plan, person, role=role, matters=matters)
    return made


# me: a coordinator, who works there besides; second: who has asked. Beside: all the same, of
# people who are not mine, and one of whom has no mandate any more.
HERE = {
    "me": row("actor"),
    "here": row("agency"),
    **_circle("person", mentor="ME", lawyer="LR", relative="FA"),
    "mine": row("mandate", plan="plan of person", person="person", actor="me", starts=-DAY),
    "wish": row("erasure_wish", plan="plan of person", person="person", asked_by="second",
                asked_at=-HOUR, written_at=-HOUR),
    "mine too": _may("me", "plan of person", "person", role="SW"),
    **_circle("other", stranger="ME", cousin="FA"),
    "cousin may": _may("cousin", "plan of other", "other", role="FA", ends=-DAY),
    "theirs": row("mandate", plan="plan of other", person="other", actor="colleague", starts=-DAY),
    "wish beside": row("erasure_wish", plan="plan of other", person="other", asked_by="second",
                       asked_at=-HOUR, written_at=-HOUR),
    "held": row("legal_hold", plan="plan of other", person="other"),
    "was held": row("legal_hold", plan="plan of person", person="person", ended_by="any",
                    ended_at=-HOUR),
}  # fmt: skip
CIRCLE = {"person", "mentor", "lawyer", "relative"}
VOLUNTARY: But = {"wish": {"voluntary": True}}
OWN: But = {"wish": {"asked_by": "me", "asked_at": -2 * DAY, "written_at": -2 * DAY}}
SMALL: But = {"here": {"small": True}}


def _may_elsewhere(who: str, **values: object) -> But:
    return {"more": _may(who, "plan of other", "other", role="ME", **values)}


# What is otherwise, whose key is asked for, and whose keys are gone then.
WISHED: Mapping[str, tuple[But, str, set[str]]] = {
    "as it is": ({}, "person", CIRCLE),
    "one of the circle alone": ({}, "mentor", {"mentor"}),
    "of another plan": ({}, "other", NOTHING),
    "of somebody else's circle": ({}, "stranger", NOTHING),
    "of nobody": ({}, "me", NOTHING),
    "the mandate is another's": ({"mine": {"actor": "colleague"}}, "person", NOTHING),
    "in another role": ({"mine": {"role": "SW"}}, "person", NOTHING),
    "for an emergency": (
        {"mine": {"glass": "glass", "starts": -HOUR, "ends": HOUR}},
        *("person", NOTHING),
    ),
    "not yet": ({"mine": {"starts": SOON}}, "person", NOTHING),
    "no more": ({"mine": {"ends": -HOUR}}, "person", NOTHING),
    "while it lasts": ({"mine": {"ends": HOUR}}, "person", CIRCLE),
    "behind a wall": ({"wall": row("wall", person="person", actor="me")}, "person", NOTHING),
    "nobody asked for it": ({"wish": None}, "person", NOTHING),
    "too long ago": ({"wish": {"asked_at": -8 * DAY}}, "person", NOTHING),
    "it was refused": ({"wish": {"ended_at": -HOUR}}, "person", NOTHING),
    "the voluntary part, the person": (VOLUNTARY, "person", NOTHING),
    "the voluntary part, by law": (VOLUNTARY, "lawyer", NOTHING),
    "the voluntary part, a mentor": (VOLUNTARY, "mentor", {"mentor"}),
    "the voluntary part, a relative": (VOLUNTARY, "relative", {"relative"}),
    "by oneself": (OWN, "person", NOTHING),
    "by oneself in a small house": ({**OWN, **SMALL}, "person", CIRCLE),
    "by oneself in a small house, today": (
        {**SMALL, "wish": {"asked_by": "me", "asked_at": -HOUR, "written_at": -2 * DAY}},
        *("person", NOTHING),
    ),
    "by oneself in a small house, written today": (
        {**SMALL, "wish": {"asked_by": "me", "asked_at": -2 * DAY, "written_at": -HOUR}},
        *("person", NOTHING),
    ),
    "it is gone already": (
        {"person": {"wrapped": None, "destroyed_at": -2 * HOUR}},
        *("person", NOTHING),
    ),
    "one of the circle is gone already": (
        {"mentor": {"wrapped": None, "destroyed_at": -2 * HOUR}},
        *("person", CIRCLE - {"mentor"}),
    ),
    "one of the circle is elsewhere too": (_may_elsewhere("mentor"), "person", CIRCLE - {"mentor"}),
    "one of the circle will be elsewhere a while": (
        _may_elsewhere("mentor", ends=HOUR),
        *("person", CIRCLE - {"mentor"}),
    ),
    "one of the circle was elsewhere": (_may_elsewhere("mentor", ends=-HOUR), "person", CIRCLE),
}


async def _destroyed(laid: Laid, sql: str, asked: str) -> set[UUID]:
    """Whose keys went, which is none where it says so."""
    done = await laid.ask(sql, of(asked))
    gone = set(
        await laid.all("SELECT id FROM subject_key WHERE wrapped IS NULL AND destroyed_at >= now()")
    )
    assert done == bool(gone)
    return gone


@pytest.mark.parametrize("case", WISHED)
async def test_a_key_goes_by_a_wish_of_two_people(laid: Laid, case: str) -> None:
    but, asked, gone = WISHED[case]
    async with laid.rows(changed(HERE, but), actor="me"):
        assert await _destroyed(laid, "destroy_key($1)", asked) == {of(name) for name in gone}


async def test_a_wish_that_ends_with_the_key_still_counts(laid: Laid) -> None:
    async with laid.rows(HERE, actor="me"):
        async with laid.unguarded():
            await laid.held.execute("UPDATE erasure_wish SET ended_at = now()")
        assert await _destroyed(laid, "destroy_key($1)", "person")


async def test_a_hold_is_told(laid: Laid) -> None:
    async with laid.rows(
        changed(HERE, {"was held": {"ended_at": None, "ended_by": None}}), actor="me"
    ):
        with pytest.raises(asyncpg.PostgresError) as told:
            await laid.ask("destroy_key($1)", of("person"))
        assert told.value.sqlstate == "TC409"


def _just_gone(
    times: int, *, agency: str = "here", ago: object = -HOUR / 2, plans: bool = False
) -> But:
    """People of whom a key was destroyed lately; with `plans` one in the circle of each."""
    made: dict[str, Row] = {}
    for name in (f"gone {at}" for at in range(times)):
        made |= _key(name, "person", agency=agency, wrapped=None, destroyed_at=ago)
        if plans:
            plan = f"plan of {name}"
            made[plan] = row("plan", person=f"whose {name}", state="closed")
            made[f"{name} there"] = row("member", id=name, plan=plan)
    return made


OF_THE_CIRCLE: But = {"relative": {"wrapped": None, "destroyed_at": -HOUR / 2}}
MANY: Mapping[str, tuple[But, bool]] = {
    "ten": (_just_gone(10), False),
    "ten in circles": (_just_gone(10, plans=True), False),
    "nine": (_just_gone(9), True),
    "ten, two hours ago": (_just_gone(10, ago=-2 * HOUR), True),
    "ten, elsewhere": (_just_gone(10, agency="elsewhere"), True),
    "nine, and one of this circle": ({**_just_gone(9), **OF_THE_CIRCLE}, True),
}


@pytest.mark.parametrize("case", MANY)
async def test_ten_other_people_in_an_hour_are_the_most(laid: Laid, case: str) -> None:
    but, may = MANY[case]
    async with laid.rows(changed(HERE, but), actor="me"):
        if may:
            assert await _destroyed(laid, "destroy_key($1)", "person")
            return
        with pytest.raises(asyncpg.PostgresError) as told:
            await laid.ask("destroy_key($1)", of("person"))
        assert told.value.sqlstate == "TC429"


CLOSED = {"state": "closed", "closed_at": LONG}
OVER = changed(
    HERE,
    {
        "plan of person": CLOSED,
        "mine": {"starts": LONG, "ends": LONG},
        "mine too": {"ends": LONG},
        **_key("staff", "staff"),
        # a plan of somebody else that is as long over, with nobody in it
        "plan of third": row("plan", person="third", **CLOSED),
    },
)


def _closed(**values: object) -> But:
    return {"plan of person": values}


def _again(**values: object) -> But:
    """A second plan of the person, and the mandate that every plan has."""
    plan = row("plan", **{"person": "person", **CLOSED, **values})
    return {"again": plan, "then": row("mandate", plan="again", person="person", actor="colleague")}


EXPIRED: Mapping[str, tuple[But, str, set[str]]] = {
    "as it is": ({}, "person", CIRCLE),
    "a relative": ({}, "relative", {"relative"}),
    "a lawyer": ({}, "lawyer", {"lawyer"}),
    "a mentor alone": ({}, "mentor", NOTHING),
    "of an open plan": ({}, "other", NOTHING),
    "a relative of an open plan": ({}, "cousin", NOTHING),
    "of nobody": ({}, "staff", NOTHING),
    "it was opened again": (_closed(state="step_down"), "person", NOTHING),
    "a relative, it was opened again": (_closed(state="step_down"), "relative", NOTHING),
    "a relative, closed lately": (
        _closed(closed_at=-10 * DAY, circle_until=-DAY),
        *("relative", NOTHING),
    ),
    "a relative, by the agency's term": (
        _closed(closed_at=-20 * DAY, circle_until=-DAY),
        *("relative", {"relative"}),
    ),
    "a relative, before the agency's term": (_closed(circle_until=DAY), "relative", NOTHING),
    "a relative, by the usual term": (_closed(closed_at=-31 * DAY), "relative", {"relative"}),
    "a relative, before the usual term": (_closed(closed_at=-29 * DAY), "relative", NOTHING),
    "a relative, elsewhere too": (_may_elsewhere("relative"), "relative", NOTHING),
    "a relative, elsewhere a while": (_may_elsewhere("relative", ends=HOUR), "relative", NOTHING),
    "a relative, who was elsewhere": (
        _may_elsewhere("relative", ends=-HOUR),
        *("relative", {"relative"}),
    ),
    "closed lately": (_closed(closed_at=-80 * DAY, keep_until=-DAY), "person", NOTHING),
    "by the agency's term": (_closed(closed_at=-100 * DAY, keep_until=-DAY), "person", CIRCLE),
    "before the agency's term": (_closed(keep_until=DAY), "person", NOTHING),
    "before the usual term": (_closed(closed_at=-364 * DAY), "person", NOTHING),
    "a second plan, as long over": (_again(), "person", CIRCLE),
    "a second plan, open": (_again(state="draft"), "person", NOTHING),
    "a second plan, transferred": (_again(state="transferred"), "person", NOTHING),
    "a second plan, closed lately": (
        _again(closed_at=-80 * DAY, keep_until=-DAY),
        *("person", NOTHING),
    ),
    "a second plan, before its term": (_again(keep_until=DAY), "person", NOTHING),
    "a mandate on a plan of another": (
        {"then": row("mandate", plan="plan of third", person="person", actor="colleague")},
        *("person", NOTHING),
    ),
    "under a hold": ({"was held": {"ended_at": None, "ended_by": None}}, "person", NOTHING),
    "a relative, under a hold": (
        {"was held": {"ended_at": None, "ended_by": None}},
        *("relative", NOTHING),
    ),
    "it is gone already": ({"person": {"wrapped": None, "destroyed_at": -YEAR}}, "person", NOTHING),
    "one of the circle is gone already": (
        {"mentor": {"wrapped": None, "destroyed_at": -YEAR}},
        *("person", CIRCLE - {"mentor"}),
    ),
    "one of the circle is elsewhere too": (_may_elsewhere("mentor"), "person", CIRCLE - {"mentor"}),
    "one of the circle will be elsewhere a while": (
        _may_elsewhere("mentor", ends=HOUR),
        *("person", CIRCLE - {"mentor"}),
    ),
    "one of the circle was elsewhere": (_may_elsewhere("mentor", ends=-HOUR), "person", CIRCLE),
}


@pytest.mark.parametrize("case", EXPIRED)
async def test_a_key_goes_at_its_term(laid: Laid, case: str) -> None:
    but, asked, gone = EXPIRED[case]
    async with laid.rows(changed(OVER, but)):
        found = await _destroyed(laid, "destroy_expired($1)", asked)
        assert found == {of(name) for name in gone}
