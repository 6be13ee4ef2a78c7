from datetime import date
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from backend.consents import actions
from backend.doors import HttpRequest, WrittenReply, plain, write
from backend.errors import KeyMissing, KeyReused, NotFound, NotFromThisState, NotYourRole, Unfit
from backend.problems import documented
from backend.words import Language, Purpose

WRITE = (KeyMissing, KeyReused, NotYourRole, NotFound, Unfit)


class RecordConsent(msgspec.Struct, forbid_unknown_fields=True):
    """An answer is for a `pathway` or one `milestone`; `again_on` is when to ask after `later`.

    `explained_by` is who of the circle explained it, the writer where nobody is named.
    `person_asks`: the person wants again what they declined less than sixty days ago.
    """

    kind: str
    language: Language
    pathway: str | None = None
    answer: str | None = None
    subject: UUID | None = None
    channel: str | None = None
    milestone: UUID | None = None
    explained_by: UUID | None = None
    again_on: date | None = None
    person_asks: bool = False
    id: UUID | None = None


class Disclose(msgspec.Struct, forbid_unknown_fields=True):
    recipient: UUID
    fact: str
    purpose: Purpose
    until: date
    id: UUID | None = None


class ConsentController(Controller):
    tags = ["consents"]  # noqa: RUF012 - Litestar declares it so

    @post(
        "/plans/{plan_id:uuid}/consents",
        operation_id="recordConsent",
        responses=documented(*WRITE, NotFromThisState),
    )
    async def record(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[RecordConsent]
    ) -> WrittenReply:
        """Record a participation answer of the person, or a recipient's yes to messages.

        A no to a row or a pathway declines what of it was offered or under way, with what hangs
        on that. To an offer that slept an answer wakes it; `later` does not.
        """
        values = {**msgspec.structs.asdict(data), "id": data.id or uuid4()}
        new = actions.NewConsent(**values)
        return plain(
            await write(
                request, "recordConsent", lambda actor: actions.record_consent(actor, plan_id, new)
            )
        )

    @post(
        "/plans/{plan_id:uuid}/disclosures",
        operation_id="discloseTo",
        responses=documented(*WRITE),
    )
    async def disclose(
        self, request: HttpRequest, plan_id: FromPath[UUID], data: JSONBody[Disclose]
    ) -> WrittenReply:
        """Record that the person lets one fact be told to one recipient, until a day."""
        values = {**msgspec.structs.asdict(data), "id": data.id or uuid4()}
        new = actions.NewDisclosure(**values)
        return plain(
            await write(
                request, "discloseTo", lambda actor: actions.disclose_to(actor, plan_id, new)
            )
        )

    @post(
        "/consents/{consent_id:uuid}/withdraw",
        operation_id="withdrawConsent",
        responses=documented(*WRITE, NotFromThisState),
    )
    async def withdraw(self, request: HttpRequest, consent_id: FromPath[UUID]) -> WrittenReply:
        """Take back a yes to messages or a disclosure; what hangs on it is cancelled at once."""
        return plain(
            await write(
                request, "withdrawConsent", lambda actor: actions.withdraw(actor, consent_id)
            )
        )
