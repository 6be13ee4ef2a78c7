import pytest


@pytest.fixture(autouse=True)
def _spans_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the library warns as it raises RetryAfter, and here a warning is an error."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
