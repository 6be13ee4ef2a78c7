"""What can be refused, as sentences. No HTTP and no database here.

`kind` is the stable name of a refusal: a client may rely on it, and it never changes.
"""

from typing import ClassVar


class DomainError(Exception):
    """A refusal that the caller can understand. `status` is the HTTP status it maps to."""

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, detail: str | None = None, **extra: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra


class NotFound(DomainError):
    """It does not exist, or it is not yours: nobody can tell which."""

    status = 404
    kind = "not-found"
    title = "There is nothing here for you"


class MoreToLookAt(Exception):
    """One statement is not enough for this; nothing was kept. No caller outside gets to see it."""


class NotSignedIn(DomainError):
    status = 401
    kind = "not-signed-in"
    title = "Sign in first"


class WrongCredentials(DomainError):
    """Which of them it was is not said."""

    status = 401
    kind = "wrong-credentials"
    title = "The login, the password or the code is wrong"


class TooManyTries(DomainError):
    status = 429
    kind = "too-many-tries"
    title = "Too many tries; wait a while"


class TooMuch(TooManyTries):
    """More of something than an hour allows one account. `retry_after`: in seconds."""

    kind = "too-much-in-an-hour"
    title = "This is more than an hour allows; go on a little later"


class QuotaSpent(DomainError):
    """`retry_after`: seconds until the next day begins."""

    status = 429
    kind = "quota-spent"
    title = "You have asked for more than this day allows"


class NotYourRole(DomainError):
    status = 403
    kind = "not-your-role"
    title = "This belongs to another role"


class ProveAgain(DomainError):
    """For what would hurt most in a thief's hands: `prove` comes first, then the same once more."""

    status = 403
    kind = "prove-again"
    title = "Show once more who you are"


class BadInput(DomainError):
    status = 400
    kind = "bad-input"
    title = "The request cannot be read"


class NotJson(DomainError):
    status = 415
    kind = "unsupported-media-type"
    title = "Send application/json"


class Unfit(DomainError):
    """Well-formed, but against a rule."""

    status = 422
    kind = "unfit"
    title = "A value is against a rule"


class KeyMissing(DomainError):
    status = 400
    kind = "idempotency-key-missing"
    title = "Every write needs an Idempotency-Key of 8 to 64 letters, digits, - or _"


class KeyReused(DomainError):
    status = 422
    kind = "idempotency-key-reused"
    title = "This Idempotency-Key came with another request before"


class VersionMissing(DomainError):
    status = 428
    kind = "version-missing"
    title = "Every change needs If-Match with the version that you saw"


class VersionStale(DomainError):
    status = 412
    kind = "version-stale"
    title = "It was changed since you read it"


class Taken(DomainError):
    status = 409
    kind = "id-taken"
    title = "This id is in use"


class PlanAlreadyOpen(DomainError):
    status = 409
    kind = "plan-already-open"
    title = "This person has an open plan"


class NotFromThisState(DomainError):
    status = 409
    kind = "not-from-this-state"
    title = "This change is not possible from the present state"


class UnderLegalHold(DomainError):
    status = 409
    kind = "under-legal-hold"
    title = "A legal hold stands: nothing of this person is erased"


class SummaryNotReadToPerson(DomainError):
    status = 409
    kind = "summary-not-read-to-person"
    title = "The summary was neither read to the person nor tried on three days"


class SummaryNotChecked(DomainError):
    status = 409
    kind = "summary-not-checked"
    title = "Nobody but the issuing officer has looked at this draft"


class TooLarge(DomainError):
    status = 413
    kind = "too-large"
    title = "The request is too large"


class DatabaseBusy(DomainError):
    status = 503
    kind = "try-again"
    title = "The service is busy; try again in a few seconds"
