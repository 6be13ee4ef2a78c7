"""What is sent with the acts: a body for each, of invented people and days."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.world import PASSWORD, Caller, a_day


def nobodys() -> dict[str, Any]:
    return {"code": "aaaa-aaaa-aaaa-aaaa", "login": "nobody", "password": PASSWORD}


def nobodys_key() -> dict[str, Any]:
    fields = ("id", "client_data", "authenticator_data", "signature", "user_handle")
    return dict.fromkeys(fields, "AAAA")


def a_colleague() -> dict[str, Any]:
    return {"role": "SW", "alias": "Robin"}


def a_wall(login: str) -> dict[str, Any]:
    return {"kind": "excluded", "login": login}


def a_hold() -> dict[str, Any]:
    return {"reason": "A complaint about this service is before a court."}


def a_flag(subject: str) -> dict[str, Any]:
    return {"subject": subject, "words": "They are afraid of somebody."}


def a_home(subject: str) -> dict[str, Any]:
    return {"subject": subject, "address": "7 Invented Lane"}


def a_handover(login: str) -> dict[str, Any]:
    return {"login": login, "words": "They like to be called before noon."}


def a_template_row() -> dict[str, Any]:
    own = {"pathway": "HOU", "offset": -10, "milestone": "A key is made"}
    return {"code": "OWN-01", "owner": "SW", "kind": "C", **own}


def a_flow(who: str) -> dict[str, Any]:
    to = {"kind": "chat", "to_role": "ME", "groups": ["messages"]}
    return {**to, "purpose": "care", "basis": "authorisation", "responsible": who}


def named(who: str) -> dict[str, Any]:
    return {"responsible": who}


def a_wish(alias: str) -> dict[str, Any]:
    return {"alias": alias, "reason": "Their worker is away, and it cannot wait."}


def in_days(days: int) -> str:
    return (a_day() + timedelta(days=days)).isoformat()


def a_plan() -> dict[str, Any]:
    person = {"name": "Another Invented", "language": "en"}
    return {"person": person, "release_date": in_days(90), "certainty": "expected"}


def an_appointment() -> dict[str, Any]:
    return {"role": "SW", "held_on": in_days(3), "held_at": "10:00:00", "place": "Room 4"}


def another_time() -> dict[str, Any]:
    return {"held_on": in_days(4), "held_at": "11:00:00", "by": "person", "why": "A course."}


def confirm() -> dict[str, Any]:
    return {"state": "confirmed"}


def a_contact() -> dict[str, Any]:
    return {"how": "phone", "outcome": "tried", "made_on": in_days(0)}


def a_visit() -> dict[str, Any]:
    return {"how": "visit", "made_on": in_days(0), "ticks": []}


def an_aunt() -> dict[str, Any]:
    return {"role": "FA", "name": "Invented Aunt", "relation": "relative", "language": "en"}


def a_mentor() -> dict[str, Any]:
    return {"role": "ME", "name": "Invented Mentor", "language": "en"}


def an_answer() -> dict[str, Any]:
    return {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "accepted"}


def a_fact(recipient: str) -> dict[str, Any]:
    return {"recipient": recipient, "fact": "release_date", "purpose": "gate", "until": in_days(30)}


def a_rota(who: Caller) -> dict[str, Any]:
    start = datetime.now(UTC) + timedelta(days=1)
    ends = start + timedelta(hours=8)
    return {"starts": start.isoformat(), "ends": ends.isoformat(), "staff": [str(who.id)]}


def a_reading(subject: dict[str, Any]) -> dict[str, Any]:
    return {**subject, "kind": "read", "read_on": in_days(0), "language": "en"}


def done() -> dict[str, Any]:
    return {"state": "done"}


def a_move() -> dict[str, Any]:
    return {"release_date": in_days(40), "certainty": "expected"}


def out() -> dict[str, Any]:
    return {"left": True}


def an_amnesty(*references: str) -> dict[str, Any]:
    return {"references": "\n".join(references), "found": len(references), "left": False}
