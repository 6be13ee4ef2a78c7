"""`./run breaks`: each named rule is taken away in a copy, and something has to notice."""

import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import click

from tests.breaks.listed import RULES, Break, breaks_of
from tests.breaks.workshop import NOTICED, CannotTellError, Tried, check_whole, try_break, whole


@click.command(
    help="Break each named rule in a copy of the tree, one at a time: its tests must notice.\n\n"
    "Exits with 1 where one is not noticed, or where a break breaks more than its rule.\n\n"
    f"RULES: {', '.join(RULES)}; all of them where none is named."
)
@click.argument("rules", nargs=-1, type=click.Choice(RULES), metavar="[RULES]...")
@click.option("--story", is_flag=True, help="Say also at which step the story alone notices.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="At once.")
def command(*, rules: tuple[str, ...], story: bool, jobs: int) -> None:
    breaks = [one for rule in RULES if rule in (rules or RULES) for one in breaks_of(rule)]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="throughcare-breaks-") as folder:
        place = Path(folder)
        tree = whole(place)
        try:
            tests = check_whole(tree, breaks, story=story)
        except CannotTellError as error:
            click.echo(f"breaks: nothing is broken yet, and this does not pass:\n{error}", err=True)
            sys.exit(1)
        click.echo(f"{'nothing broken':<32}{time.monotonic() - started:6.1f} s  {tests} tests pass")
        tried = _all(tree, breaks, story=story, jobs=jobs)
    _end(breaks, tried, time.monotonic() - started, story=story)


def _all(tree: Path, breaks: Sequence[Break], *, story: bool, jobs: int) -> list[Tried]:
    """Try them, some at once, and tell of each in its turn."""
    work = partial(_one, tree, story=story)
    tried = []
    pool = ThreadPoolExecutor(jobs)
    try:
        for one, came in zip(breaks, pool.map(work, count(), breaks), strict=True):
            click.echo(_line(one, came))
            tried.append(came)
    finally:
        pool.shutdown(cancel_futures=True)
    return tried


def _one(tree: Path, number: int, one: Break, *, story: bool) -> Tried:
    return try_break(tree, tree.parent / str(number), one, story=story)


def _line(one: Break, came: Tried) -> str:
    seen = "" if came.story is None else f"{came.story or 'no step':<18}"
    by = "by" if came.verdict == NOTICED else "see"
    start = f"{one.rule:<16}{came.verdict:<16}{came.seconds:6.1f} s  {seen}"
    return f"{start}{one.what}  ({by} {came.why})"


def _end(breaks: Sequence[Break], tried: Sequence[Tried], seconds: float, *, story: bool) -> None:
    noticed = sum(came.verdict == NOTICED for came in tried)
    rules = {one.rule for one in breaks}
    click.echo(f"{noticed} of {len(breaks)} breaks of {len(rules)} rules noticed, {seconds:.0f} s")
    if story:
        alone = {one.rule for one, came in zip(breaks, tried, strict=True) if came.story}
        named = ", ".join(rule for rule in RULES if rule in alone) or "none"
        click.echo(f"rules of which the story alone notices a break: {named}")
    sys.exit(0 if noticed == len(breaks) else 1)
