"""Which day will it be? A week of buttons, then the day is noted as what the mentor said."""

from datetime import date, timedelta

from bots.texts.catalogue import Button, day

DAYS = 7
PREFIX = "day-"


def day_buttons(asked_on: date, language: str) -> list[Button]:
    """The week that follows the day of the question."""
    days = [asked_on + timedelta(days=n) for n in range(1, DAYS + 1)]
    return [Button(f"{PREFIX}{n}", day(one, language)) for n, one in enumerate(days, 1)]


def chosen_day(action: str, asked_on: date) -> date | None:
    """The day behind a button of `day_buttons`, or None for another button."""
    # letter for letter as it was offered: there are many ways to write a number
    offered = {f"{PREFIX}{n}": n for n in range(1, DAYS + 1)}
    return asked_on + timedelta(days=offered[action]) if action in offered else None
