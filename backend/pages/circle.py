"""Who takes part, how they are reached, and to what they and the person said yes."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from backend.access import Actor
from backend.circles.actions import NewMember, add_member, end_mandate
from backend.circles.endings import announce_ending
from backend.circles.routes import AddMember, AnnounceEnding
from backend.consents import actions as consents
from backend.consents.routes import Disclose, RecordConsent
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.errors import NotFound
from backend.family.actions import list_relatives
from backend.family.rules import is_parted
from backend.mentors.actions import list_mentors
from backend.messages import links
from backend.messages.routes import CreateInvitation
from backend.once import Written
from backend.pages.forms import Act, Attempt, Form, submit
from backend.pages.html import Page, go, show
from backend.pages.plan import sheet_of
from backend.pages.reading import office_of, yeses
from backend.plans.actions.offering import parts_again_from
from backend.templates.actions import template_of_plan
from backend.templates.rules import PATHWAYS

CHANNEL = "telegram"
OUTSIDE = frozenset({"ME", "FA", "PE", "LR"})


class CirclePageController(Controller):
    path = "/plans/{plan_id:uuid}"

    @get("/circle")
    async def circle(
        self, request: HttpRequest, plan_id: FromPath[UUID], saved: FromQuery[str] = ""
    ) -> Page:
        return await _circle(request, plan_id, saved=saved)

    @post("/circle")
    async def add(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(AddMember, matters=form.all("matters"))
            new = NewMember(
                given.role,
                given.name,
                given.login,
                given.language,
                alias=given.alias,
                gate=given.gate,
                standing=given.standing,
                matters=given.matters,
                mentor=given.mentor,
                relative=given.relative,
                relation=given.relation,
            )
            return await add_member(actor, plan_id, new)

        return await _save(request, plan_id, "addCircleMember", act)

    @post("/mandates/{mandate_id:uuid}/end")
    async def end(
        self, request: HttpRequest, plan_id: FromPath[UUID], mandate_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await end_mandate(actor, mandate_id, form.seen)

        return await _save(request, plan_id, "endMandate", act)

    @post("/mandates/{mandate_id:uuid}/ending")
    async def announce(
        self, request: HttpRequest, plan_id: FromPath[UUID], mandate_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            on = form.read(AnnounceEnding).on
            return await announce_ending(actor, mandate_id, form.seen, on)

        return await _save(request, plan_id, "announceEnding", act)

    @post("/invitations")
    async def invite(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        """The code and the PIN stand on this one answer, and on no page that opens later."""
        office = await office_of(actor_of(request))

        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(CreateInvitation, plan=plan_id)
            new = links.NewInvitation(plan_id, given.subject, given.level)
            return await links.create_invitation(actor, new)

        async def again(tried: Attempt) -> Page:
            return await _circle(request, plan_id, tried)

        def shown(written: Written) -> Page:
            made = links.invitation_of(written.id)
            return show(request, "invitation.html", made=made, bot=office.bot, plan_id=plan_id)

        async def still(actor: Actor, written: Written) -> None:
            await links.check_shown(actor, written.id)

        return await submit(request, "createInvitation", act, shown, again, still=still)

    @post("/links/{link_id:uuid}/confirm")
    async def confirm(
        self, request: HttpRequest, plan_id: FromPath[UUID], link_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await links.confirm_link(actor, link_id, form.seen)

        return await _save(request, plan_id, "confirmLink", act)

    @post("/links/{link_id:uuid}/cut")
    async def cut(
        self, request: HttpRequest, plan_id: FromPath[UUID], link_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            return await links.cut_link(actor, link_id, form.seen)

        return await _save(request, plan_id, "cutLink", act)

    @post("/consents")
    async def consent(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(RecordConsent)
            new = consents.NewConsent(
                given.kind,
                given.language,
                given.pathway,
                given.answer,
                given.subject,
                CHANNEL if given.kind == "channel" else None,
                given.milestone,
                given.explained_by,
                given.again_on,
                person_asks=given.person_asks,
            )
            return await consents.record_consent(actor, plan_id, new)

        return await _save(request, plan_id, "recordConsent", act)

    @post("/disclosures")
    async def disclose(self, request: HttpRequest, plan_id: FromPath[UUID]) -> Page:
        async def act(actor: Actor, form: Form) -> Written:
            given = form.read(Disclose)
            new = consents.NewDisclosure(given.recipient, given.fact, given.purpose, given.until)
            return await consents.disclose_to(actor, plan_id, new)

        return await _save(request, plan_id, "discloseTo", act)

    @post("/consents/{consent_id:uuid}/withdraw")
    async def withdraw(
        self, request: HttpRequest, plan_id: FromPath[UUID], consent_id: FromPath[UUID]
    ) -> Page:
        async def act(actor: Actor, _: Form) -> Written:
            return await consents.withdraw(actor, consent_id)

        return await _save(request, plan_id, "withdrawConsent", act)


async def _save(request: HttpRequest, plan_id: UUID, operation: str, act: Act) -> Page:
    return await submit(
        request,
        operation,
        act,
        lambda _: go(f"/desk/plans/{plan_id}/circle?saved={operation}"),
        lambda tried: _circle(request, plan_id, tried),
    )


async def _circle(
    request: HttpRequest, plan_id: UUID, tried: Attempt | None = None, *, saved: str = ""
) -> Page:
    actor = actor_of(request)
    async with transaction(actor.id):
        sheet = await sheet_of(actor, plan_id)
        if sheet.read.circle is None:
            raise NotFound
        yes = await yeses(actor, plan_id)
        again = await parts_again_from(sheet.read.row)
        office = await office_of(actor)
        own = (await template_of_plan(plan_id)).pathways
        ours = sheet.read.groups is None  # mentors and the map are the plan's own agency's
        mentors = await list_mentors(actor) if ours else []
        relatives = await list_relatives(actor, plan_id) if ours else []
    return show(
        request,
        "circle.html",
        tried=tried,
        **sheet.values(),
        saved=saved,
        members=[m for m in sheet.view.circle or () if m.role in OUTSIDE],
        staff=[m for m in sheet.view.circle or () if m.role not in OUTSIDE],
        yes=yes,
        again=again,
        pathways=sorted((*PATHWAYS, *own)),
        own=own,
        facts=sorted(consents.FACTS),
        mentors=[(one["id"], one["name"]) for one in mentors if one["free"]],
        relatives=[
            (one["id"], one["name"])
            for one in relatives
            if not one["in_circle"] and not is_parted(one)
        ],
        office=office,
    )
