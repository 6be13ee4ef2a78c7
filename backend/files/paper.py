"""The file on paper."""

from pathlib import Path

from backend.files.telling import Section
from backend.files.wording import Words
from backend.typesetting import typeset

SOURCE = Path(__file__).with_name("paper.typ")


async def print_file(title: str, as_of: str, sections: list[Section], words: Words) -> bytes:
    return await typeset(
        SOURCE,
        {
            "title": title,
            "as_of": as_of,
            "lang": words.language,
            "nothing": words["nothing"],
            "sections": sections,
        },
    )
