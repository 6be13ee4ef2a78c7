"""Modules of the product that are imported with another text than their file's."""

import importlib.abc
import importlib.machinery
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.mutation.mutants import ROOT


class Imports(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):  # type: ignore[misc]
    """Gives out what `text` has for a module's file, and leaves all others to Python."""

    def text(self, file: str) -> bytes | None:
        raise NotImplementedError

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        file = _file_of(fullname)
        if file is None or self.text(file) is None:
            return None
        return importlib.util.spec_from_file_location(fullname, ROOT / file, loader=self)

    def get_filename(self, fullname: str) -> str:
        return str(ROOT / (_file_of(fullname) or ""))

    def get_data(self, path: str) -> bytes:
        return self.text(str(Path(path).relative_to(ROOT))) or b""

    def path_stats(self, _path: str) -> Any:
        raise OSError("what was compiled before is not this, and this is not kept")


def _file_of(fullname: str) -> str | None:
    base = fullname.replace(".", "/")
    found = (file for file in (f"{base}.py", f"{base}/__init__.py") if (ROOT / file).exists())
    return next(found, None)
