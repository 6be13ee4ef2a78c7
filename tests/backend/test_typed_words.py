"""What is typed is kept without signs that no page shows: controls, line ends, turning marks."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import inspect

from tests.backend.acts import FOR_EVERYBODY, Act
from tests.backend.scene import a_scene
from tests.world import APP, Caller, World

TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
LINE_ENDS = {0x2028, 0x2029}
UNSEEN = {
    chr(at)
    for at in range(sys.maxunicode + 1)
    if unicodedata.category(chr(at)) in {"Cc", "Cs"} or at in TURNING | LINE_ENDS
}


def _bodies() -> dict[str, inspect.StructType]:
    """What each operation takes as its body."""
    found = {}
    for route in APP.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if isinstance(handler, HTTPRouteHandler) and handler.parsed_data_field:
                taken = inspect.type_info(handler.parsed_data_field.annotation)
                if isinstance(taken, inspect.StructType) and handler.operation_id:
                    found[str(handler.operation_id)] = taken
    return found


def _texts(of: inspect.Type, path: str) -> Iterator[tuple[str, inspect.StrType]]:
    if isinstance(of, inspect.StrType):
        yield path, of
    elif isinstance(of, inspect.Metadata):
        yield from _texts(of.type, path)
    elif isinstance(of, inspect.UnionType):
        for one in of.types:
            yield from _texts(one, path)
    elif isinstance(of, inspect.ListType | inspect.VarTupleType | inspect.SetType):
        yield from _texts(of.item_type, path)
    elif isinstance(of, inspect.StructType):
        for field in of.fields:
            yield from _texts(field.type, f"{path}.{field.encode_name}")


FIELDS = dict(pair for operation, body in _bodies().items() for pair in _texts(body, operation))

# Compared with a secret or a word of ours, and in each case kept as it was sent by nobody.
NOT_KEPT = {
    *("signIn.login", "signIn.password", "signIn.code", "signIn.device"),
    *("signInWithPasskey.device", "refreshSession.refresh_token", "prove.password", "prove.code"),
    *("changePassword.old", "changePassword.new", "confirmFactor.code"),
    *("acceptInvitation.code", "acceptInvitation.password"),
    *("changeAppointment.by", "recordConsent.channel"),
    *("courtToken.client_id", "courtToken.secret", "courtToken.client_assertion"),
}
LINES = {
    *("changeMilestone.reason", "askBreakGlass.reason", "setLegalHold.reason"),
    *("protectAddress.address", "raiseSafetyFlag.words", "closeIncident.outcome"),
    "handOver.words",
    *("planMeeting.basis", "planMeeting.aim", "setAgenda.words", "decideAtMeeting.words"),
    *("writeMinutes.words", "addToMinutes.words"),
    *("sayGoal.words", "saveNeedsArea.own.what_helps", "saveNeedsArea.own.wish"),
    "saveNeedsArea.view.what_helps",
    *("recordIncident.description", "answerComplaint.answer", "recordComplaint.text"),
}
MAY = {
    **{field: {"\n"} for field in LINES},
    **{key: {"\t", "\n", "\r"} for key in ("previewAmnesty.references", "letManyGo.references")},
    **{key: {"\t", "\n", "\r"} for key in ("draftTemplate.file", "importTemplate.file")},
    # the person's own words, word for word: marks that keep numbers in order in Arabic text stay
    "recordReading.comment": {"\t", "\n"} | {chr(at) for at in range(0x2066, 0x206A)},
}
WITH_PATTERN = {field: text.pattern for field, text in FIELDS.items() if text.pattern}


@pytest.mark.parametrize("pattern", sorted(set(WITH_PATTERN.values())))
def test_no_pattern_takes_a_sign_that_nobody_sees_wherever_it_stands(pattern: str) -> None:
    fields = [field for field, one in WITH_PATTERN.items() if one == pattern]
    taken = {
        sign
        for sign in UNSEEN
        for word in ("", "ab", "AB", "0" * 64)
        for text in (f"{word}{sign}", f"{sign}{word}", f"{word}{sign}{word}")
        if re.search(pattern, text)
    }
    for field in fields:
        assert taken <= MAY.get(field, set()), (field, sorted(map(ascii, taken)))


def _with(body: Any, path: list[str], sign: str) -> Any:
    """The body with this sign at the end of one of its texts."""
    if not path:
        return f"{body if isinstance(body, str) else 'ab'}{sign}"
    name, *rest = path
    if isinstance(body, list):
        return [_with(body[0] if body else {}, path, sign)]
    found = body if isinstance(body, dict) else {}
    if isinstance(found.get(name), list) and not rest:
        return {**found, name: [_with(None, [], sign)]}
    return {**found, name: _with(found.get(name), rest, sign)}


async def test_no_operation_takes_such_a_sign_in_any_text_that_is_kept(world: World) -> None:
    scene = await a_scene(world)
    acts: list[tuple[Act, Caller]] = [(act, Caller()) for act in FOR_EVERYBODY]
    acts += [(act, scene.caller(one)) for one, act in scene.acts.items()]
    asked, taken = set(), []
    for act, caller in acts:
        fields = [one for one in FIELDS if one.startswith(f"{act.operation}.")]
        for field in sorted(set(fields) - NOT_KEPT):
            for sign in {"\u202e", "\u2066", "\x07", "\x85", "\n"} - MAY.get(field, set()):
                body = _with(act.body, field.split(".")[1:], sign)
                answer = await replace(act, body=body).by(caller)
                if answer.status_code not in {400, 409, 422}:
                    taken.append((field, ascii(sign), answer.status_code, answer.text))
            asked.add(field)
    assert taken == []
    assert asked == set(FIELDS) - NOT_KEPT
