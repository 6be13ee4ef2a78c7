from uuid import UUID

import msgspec
from litestar import Controller, Response, get, put
from litestar.params import FromPath, JSONBody

from backend.doors import NO_STORE, HttpRequest, WrittenReply, actor_of, plain, write
from backend.errors import KeyMissing, KeyReused, NotFound, NotYourRole, Unfit
from backend.problems import documented
from backend.support import actions


class SetSupport(msgspec.Struct, forbid_unknown_fields=True):
    """`human` is a colleague of the agency, by the id of their account; null for nobody."""

    human: UUID | None


class CareView(msgspec.Struct, omit_defaults=True):
    """How many people somebody carries, and whom they may call. Mentors have no role here."""

    id: UUID
    alias: str
    people: int
    role: str | None = None
    human: UUID | None = None


class SupportView(msgspec.Struct):
    """To the coordinators of the agency, by name: nobody is compared."""

    staff: list[CareView]
    mentors: list[CareView]

    @classmethod
    def of(cls, found: actions.Care) -> "SupportView":
        return cls(*([_view(one) for one in some] for some in (found.staff, found.mentors)))


def _view(one: dict[str, object]) -> CareView:
    names = CareView.__struct_fields__
    return msgspec.convert({name: one[name] for name in names if name in one}, CareView)


class OwnSupportView(msgspec.Struct):
    """The alias of whom one may call when it is too much."""

    human: str | None


class SupportController(Controller):
    tags = ["agency"]  # noqa: RUF012 - Litestar declares it so

    @get("/support", operation_id="listSupport", responses=documented(NotYourRole))
    async def list_support(self, request: HttpRequest) -> Response[SupportView]:
        """How many people each colleague and mentor carries, and whom each of them may call."""
        found = await actions.list_support(actor_of(request))
        return Response(SupportView.of(found), headers=NO_STORE)

    @put(
        "/support/{who:uuid}",
        operation_id="setSupport",
        responses=documented(KeyMissing, KeyReused, NotYourRole, NotFound, Unfit),
    )
    async def set_support(
        self, request: HttpRequest, who: FromPath[UUID], data: JSONBody[SetSupport]
    ) -> WrittenReply:
        """Say whom a mentor or a colleague may call."""
        return plain(
            await write(
                request,
                "setSupport",
                lambda actor: actions.set_support(actor, who, data.human),
            )
        )

    @get("/account/support", operation_id="getSupport", responses=documented(NotYourRole))
    async def own(self, request: HttpRequest) -> Response[OwnSupportView]:
        """Whom you may call when it is too much."""
        human = await actions.own_support(actor_of(request))
        return Response(OwnSupportView(human), headers=NO_STORE)
