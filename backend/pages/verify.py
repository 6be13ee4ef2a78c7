"""What was said and waits for a worker: one tap says what they know of it, or "not yet"."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromQuery

from backend import cursors
from backend.database import transaction
from backend.doors import HttpRequest, actor_of
from backend.evidence.actions import list_claims
from backend.pages.html import Page, show
from backend.pages.just_saved import undo_of
from backend.pages.reading import office_of

SIZE = 25


class VerifyController(Controller):
    @get("/verify")
    async def verify(
        self, request: HttpRequest, cursor: FromQuery[str | None] = None, saved: FromQuery[str] = ""
    ) -> Page:
        """Oldest first. Each is answered by the form of its row, which leads back here."""
        actor = actor_of(request)
        after = cursors.read(cursor, datetime, UUID) if cursor else None
        async with transaction(actor.id):
            office = await office_of(actor)
            claims = await list_claims(actor, after=after, limit=SIZE)
            undo = await undo_of(actor, saved)
        last = claims[-1] if len(claims) == SIZE else None
        return show(
            request,
            "verify.html",
            claims=claims,
            more=cursors.write(last.since, last.row["id"]) if last else None,
            zone=office.zone,
            saved=saved,
            undo=undo,
        )
