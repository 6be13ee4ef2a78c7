"""Paper: a PDF with its own letters, made without a network and without a clock."""

import asyncio
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import typst

_at_once = asyncio.Semaphore(1)  # it takes a core for a tenth of a second


@cache
def fonts() -> typst.Fonts:
    """Latin, Greek and Cyrillic letters, and Arabic ones: none is taken from the machine.

    Looked for once: that takes longer than to set a page with them.
    """
    return typst.Fonts(
        include_system_fonts=False,
        font_paths=[
            str(files(name).joinpath("files"))
            for name in ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic")
        ],
    )


async def typeset(source: Path, told: object) -> bytes:
    """The PDF that a template of ours makes of what is told: equal things are equal bytes."""
    inputs = {"told": msgspec.json.encode(told).decode()}

    def work() -> bytes:
        made: bytes = typst.compile(
            str(source),
            format="pdf",
            font_paths=fonts(),
            sys_inputs=inputs,
        )
        return made

    async with _at_once:
        return await asyncio.to_thread(work)
