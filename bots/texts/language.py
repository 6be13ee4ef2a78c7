"""One language as its Fluent file gives it, with its days and hours as people say them."""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time

from babel import Locale
from babel.dates import format_date, format_time
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.resolver import Pattern
from fluent.syntax.ast import BaseNode, Message, VariableReference
from fluent.syntax.visitor import Visitor


class Language:
    """Texts that Fluent can read; broken ones are as good as absent, which a test looks for."""

    def __init__(self, code: str, source: str) -> None:
        self.locale = Locale.parse(code)
        self.mirrored = self.locale.text_direction == "rtl"
        resource = FluentResource(source)
        self._bundle = FluentBundle([code], use_isolating=self.mirrored)
        self._bundle.add_resource(resource)
        self._messages = {m.id.name: m for m in resource.body if isinstance(m, Message) and m.value}

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._messages)

    def needs(self, key: str) -> frozenset[str]:
        """The variables that a text speaks of; KeyError where it lacks."""
        found = _Variables()
        found.visit(self._messages[key])
        return frozenset(found.names)

    def labels(self, key: str) -> dict[str, str]:
        attributes = self._bundle.get_message(key).attributes
        return {name: self._format(pattern, {}) for name, pattern in attributes.items()}

    def say(self, key: str, values: Mapping[str, str | int]) -> str:
        return self._format(self._bundle.get_message(key).value, values)

    def weekday(self, value: date) -> str:
        return format_date(value, "EEEE", locale=self.locale)

    def day_month(self, value: date) -> str:
        month = format_date(value, "MMMM", locale=self.locale)
        return self.say("day-month", {"day": value.day, "month": month})

    def day(self, value: date) -> str:
        return self.say("day", self._parts(value))

    def time(self, value: time) -> str:
        return format_time(value, "HH:mm", locale=self.locale)

    def moment(self, value: datetime) -> str:
        return self.say("moment", {**self._parts(value), "time": self.time(value.time())})

    def isolated(self, value: str) -> str:
        """A value so marked that it cannot turn the text round, where it reads the other way.

        In a mirrored language Fluent itself marks every value.
        """
        against = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in value)
        return f"\u2068{value}\u2069" if against and not self.mirrored else value

    def _parts(self, value: date) -> dict[str, str]:
        return {"weekday": self.weekday(value), "date": self.day_month(value)}

    def _format(self, pattern: Pattern | None, values: Mapping[str, str | int]) -> str:
        if pattern is None:
            raise LookupError("a text without a body")
        said, errors = self._bundle.format_pattern(pattern, dict(values))
        if errors:
            raise errors[0]
        return str(said)


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: BaseNode) -> None:  # noqa: N802 - the name is Fluent's
        if isinstance(node, VariableReference):
            self.names.add(node.id.name)
