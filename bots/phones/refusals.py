"""The answers of the Bot API that are not ok, in the words of the real service."""


class Refusal(Exception):
    """An answer with this `status`; `parameters` holds what to obey (retry_after and its kin)."""

    def __init__(self, status: int, text: str, **parameters: int) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.parameters = parameters


def bad(text: str) -> Refusal:
    return Refusal(400, f"Bad Request: {text}")


def forbidden(text: str) -> Refusal:
    return Refusal(403, f"Forbidden: {text}")


def conflict(text: str) -> Refusal:
    return Refusal(409, f"Conflict: {text}")


def too_many(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized")


def not_found() -> Refusal:
    return Refusal(404, "Not Found")
