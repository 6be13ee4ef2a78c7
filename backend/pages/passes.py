"""Papers with which the person, a lawyer or a guardian opens the file, and what they call wrong."""

from uuid import UUID

import msgspec
import segno
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.corrections import actions as corrections
from backend.corrections.actions import NewCorrection
from backend.corrections.rules import ANSWERS
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.matrix import MATTERS
from backend.once import Written
from backend.pages.account import submit_proved
from backend.pages.door import DESK
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of
from backend.passes import actions as passes
from backend.passes.rules import HOLDERS, PATH
from backend.settings import settings
from backend.staff import proof
from backend.words import Note


class CreatePass(msgspec.Struct):
    mandate: UUID


class WriteCorrection(msgspec.Struct):
    """What the person said or wrote on paper, in their words."""

    part: str
    text: Note


class AnswerCorrection(msgspec.Struct):
    answer: str
    reason: Note


class PassPageController(Controller):
    path = "/plans/{plan_id:uuid}/passes"

    @get("/")
    async def passes(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _passes(request, plan_id, saved=saved)

    @post("/")
    async def create(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The paper and the PIN stand on this one answer, and on no page that opens later.

        The same form sent again within minutes shows them again, where they may still be shown.
        """

        async def act(actor: Actor, form: Form) -> Written:
            new = passes.NewPass(form.read(CreatePass).mandate)
            return await passes.create_pass(actor, plan_id, new)

        async def again(tried: Attempt) -> Page:
            return await _passes(request, plan_id, tried)

        async def still(actor: Actor, made: Written) -> None:
            await passes.check_shown(actor, plan_id, made.id)

        def shown(made: Written) -> Page:
            return _paper(request, plan_id, made.id)

        return await submit_proved(request, "createEntryPass", act, shown, again, still=still)

    @post("/{pass_id:uuid}/end")
    async def end(
        self, request: HttpRequest, plan_id: FromPath[UUID], pass_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await passes.end_pass(actor, pass_id, form.seen)

        return await submit(
            request,
            "endEntryPass",
            act,
            lambda _: go(f"{DESK}/plans/{plan_id}/passes?saved=endEntryPass"),
            lambda tried: _passes(request, plan_id, tried),
        )


def _paper(request: HttpRequest, plan_id: UUID, id_: UUID) -> Page:
    made = passes.paper_of(id_)
    address = settings().api_url + PATH
    drawn = segno.make_qr(f"{address}/{made.code}").svg_inline(omitsize=True, light="#fff")
    return show(request, "paper.html", made=made, address=address, drawn=drawn, plan_id=plan_id)


async def _passes(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        found = await passes.list_passes(actor, plan_id)
        sheet = await sheet_of(actor, plan_id)
    holders = {one.mandate: one for one in sheet.view.circle or () if one.role in HOLDERS}
    return show(
        request,
        "passes.html",
        tried=tried,
        **sheet.values(),
        passes=found,
        holders=holders,
        asks=await proof.proof_asked(actor),
        saved=saved,
    )


class CorrectionPageController(Controller):
    path = "/plans/{plan_id:uuid}/corrections"

    @get("/")
    async def corrections(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _corrections(request, plan_id, saved=saved)

    @post("/")
    async def ask(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(WriteCorrection)
            new = NewCorrection(given.part, given.text)
            return await corrections.ask_correction(actor, new, plan_id)

        return await self._save(request, plan_id, "askCorrection", act)

    @post("/{correction_id:uuid}/answer")
    async def answer(
        self, request: HttpRequest, plan_id: FromPath[UUID], correction_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(AnswerCorrection)
            return await corrections.answer_correction(
                actor, correction_id, form.seen, given.answer, given.reason
            )

        return await self._save(request, plan_id, "answerCorrection", act)

    async def _save(self, request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
        return await submit(
            request,
            operation,
            act,
            lambda _: go(f"{DESK}/plans/{plan_id}/corrections?saved={operation}"),
            lambda tried: _corrections(request, plan_id, tried),
        )


async def _corrections(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        found = await corrections.list_corrections(actor, plan_id)
        office = await office_of(actor)
    return show(
        request,
        "corrections.html",
        tried=tried,
        plan_id=plan_id,
        corrections=found,
        parts=MATTERS,
        answers=sorted(ANSWERS),
        zone=office.zone,
        saved=saved,
    )
