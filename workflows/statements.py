"""Several selections as one statement: one round trip, however many rules there are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A selection and the values of its own parameters, which follow the shared ones."""

    sql: str
    values: Sequence[object] = field(default=())


def together(shared: int, *parts: Part) -> Part:
    """All rows of all parts; $1 to $`shared` stay what they are, the others are counted on."""
    texts: list[str] = []
    values: list[object] = []
    for part in parts:
        texts.append(_counted_on(part.sql, shared, len(values)))
        values += part.values
    return Part(" UNION ALL ".join(f"({text})" for text in texts), tuple(values))


def _counted_on(sql: str, shared: int, by: int) -> str:
    def number(found: re.Match[str]) -> str:
        own = int(found[1])
        return f"${own if own <= shared else own + by}"

    return re.sub(r"\$(\d+)", number, sql)
