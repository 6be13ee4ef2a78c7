"""The lines without which nothing is sent for an agency: whom to call when it is serious."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from backend.database import connection
from backend.errors import Unfit
from backend.messages.wording import UnfitLine, check_line, check_text

LONGEST = {"emergency_number": 20, "crisis_line": 40, "duty_phone": 20}
LONGEST_CRISIS_TEXT = 300


@dataclass(frozen=True)
class Lines:
    """Short enough for one line of a chat, but for the crisis text."""

    emergency_number: str | None = None
    crisis_line: str | None = None
    crisis_text: str | None = None
    duty_phone: str | None = None

    @property
    def off(self) -> list[str]:
        """What is off for want of a line, in words for the operator."""
        needed = {
            "emergency number": self.emergency_number,
            "crisis text": self.crisis_text,
            "duty phone": self.duty_phone,
        }
        off = []
        if missing := [name for name, value in needed.items() if not value]:
            off.append(f"nothing is sent to anybody: no {', no '.join(missing)}")
        if not self.crisis_line:
            off.append("who asks for help at once gets no answer by chat: no crisis line")
        return off


def check_lines(lines: Lines) -> Lines:
    """The lines as they may be saved and sent. Raises Unfit, naming the line and the reason."""
    fit: dict[str, str] = {}
    for name, longest in LONGEST.items():
        if value := getattr(lines, name):
            fit[name] = _fit(name, value, longest)
    if text := lines.crisis_text:
        fit["crisis_text"] = _fit("crisis_text", text, LONGEST_CRISIS_TEXT, check_text)
    return replace(lines, **fit)


def _fit(name: str, value: str, longest: int, check: Callable[[str], str] = check_line) -> str:
    spoken = name.replace("_", " ")
    try:
        line = check(value)
    except UnfitLine as error:
        raise Unfit(f"The {spoken} is not fit for a chat: {error}.") from error
    if len(line) > longest:
        raise Unfit(f"The {spoken} has {longest} characters at most.")
    return line


async def set_lines(agency: UUID, lines: Lines) -> Lines:
    """Write the lines that are given and leave the others; answers with what is there now."""
    row = await connection().fetchrow(
        "UPDATE agency SET emergency_number = coalesce($2, emergency_number),"
        " crisis_line = coalesce($3, crisis_line), crisis_text = coalesce($4, crisis_text),"
        " duty_phone = coalesce($5, duty_phone), version = version + 1 WHERE id = $1"
        " RETURNING emergency_number, crisis_line, crisis_text, duty_phone",
        agency,
        *asdict(check_lines(lines)).values(),
    )
    return Lines(**row)
