import shutil
import tempfile
from pathlib import Path

import pytest

from backend.processes import process, reach
from backend.psql import ProgramError, Psql
from backend.settings import SettingsError, read


def test_the_postgres_that_comes_along_stays_until_its_last_process_has_gone() -> None:
    place = Path(tempfile.mkdtemp(prefix="throughcare-tests-"))
    place.chmod(0o755)  # as root the server runs under an account of its own and must get in
    configured = read({"THROUGHCARE_DATA": str(place)})
    try:
        with reach(configured) as first:
            with reach(configured) as second:
                assert second == first
            assert _answers(first.admin)
        assert not _answers(first.admin)
    finally:
        shutil.rmtree(place)


def _answers(url: str | None) -> bool:
    try:
        with Psql(url or "") as psql:
            return psql.ask("SELECT 1") == ["1"]
    except ProgramError:
        return False


async def test_a_process_without_its_address_says_which_setting_is_missing() -> None:
    configured = read({"DATABASE_URL": "postgresql://owner@db/one"})
    with pytest.raises(SettingsError, match=r"^APP_DATABASE_URL is missing$"):
        async with process("app", configured):
            pass
    only_app = read({"APP_DATABASE_URL": "postgresql://app@db/one"})
    with reach(only_app) as found, pytest.raises(SettingsError, match=r"^DATABASE_URL is missing"):
        found.url("owner")
