"""The application: the only module that knows every controller."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.config.response_cache import ResponseCacheConfig
from litestar.exceptions import HTTPException

from backend import reference
from backend.accounts.routes import ColleagueController
from backend.agencies.routes import DutyController
from backend.alerts.routes import TaskController
from backend.amnesty.routes import AmnestyController
from backend.appointments.routes import AppointmentController
from backend.audit.routes import AccessController, OfficerController
from backend.calendars.routes import CalendarController
from backend.circles.routes import CircleController
from backend.clubs.routes import ClubController
from backend.complaints.routes import ComplaintController
from backend.consents.routes import ConsentController
from backend.contacts.routes import ContactController
from backend.courts.routes import CourtController
from backend.doors import admit
from backend.envelope import Enveloped
from backend.erasure.routes import ErasureController
from backend.evidence.routes import EvidenceController
from backend.family.routes import RelativeController
from backend.feeds.routes import FeedController, read_feed
from backend.flows.routes import FlowController
from backend.goals.routes import GoalController
from backend.handovers.routes import HandoverController
from backend.health import live, ready
from backend.incidents.routes import IncidentController
from backend.meetings.routes import MeetingController
from backend.mentors.routes import MentorController
from backend.messages.routes import LinkController
from backend.needs.routes import NeedsController
from backend.pages.door import front
from backend.pages.own_file import own_file
from backend.pages.refusals import of_http
from backend.pages.routes import desk
from backend.papers.routes import PaperController
from backend.passkeys.routes import (
    PasskeyController,
    PasskeyProofController,
    PasskeySignInController,
)
from backend.plans.routes import MilestoneController, PlanController
from backend.problems import HANDLERS
from backend.safety.routes import SafetyController
from backend.second.routes import ReviewController
from backend.staff.routes import AccountController, SignInController
from backend.summaries.routes import PullController, SummaryController, SummaryDueController
from backend.support.routes import SupportController
from backend.templates.routes import PlanTemplateController, TemplateController
from backend.walls.routes import GlassController, WallController
from backend.welcomes.routes import WelcomeController

LARGEST_BODY = 256 * 1024

# The reviewed list of what the anonymous may call; a guard test holds it.
PUBLIC_OPERATIONS = frozenset(
    {
        "signIn",
        "refreshSession",
        "acceptInvitation",
        "askPasskey",
        "signInWithPasskey",
        "courtToken",
        "healthLive",
        "healthReady",
        "readFeed",
    }
)
# And of the pages that a stranger may open.
PUBLIC_PAGES = frozenset(
    {"/", "/desk/sign-in", "/desk/join", "/desk/style.css"}
    | {"/desk/sign-in/passkey", "/desk/sign-in/passkey/show", "/desk/passkey.js"}
    | {"/file/enter", "/file/enter/{code:str}", "/file/style.css"}
)
# And of the API document, which settings can turn off; the last one only answers 404.
PUBLIC_DOCUMENTS = frozenset({"/docs", "/docs/openapi.json", "/docs/{path:str}"})


def create_app(*, docs: bool = True, extra: Sequence[Any] = ()) -> Litestar:
    """The API and the pages. `docs` serves the API document at /docs."""
    return Enveloped(
        route_handlers=[
            SignInController,
            AccountController,
            PasskeySignInController,
            PasskeyProofController,
            PasskeyController,
            ColleagueController,
            PlanController,
            MilestoneController,
            PlanTemplateController,
            TemplateController,
            EvidenceController,
            PaperController,
            AppointmentController,
            ContactController,
            TaskController,
            CircleController,
            HandoverController,
            MeetingController,
            RelativeController,
            MentorController,
            ClubController,
            WelcomeController,
            SupportController,
            ConsentController,
            LinkController,
            DutyController,
            CalendarController,
            AccessController,
            WallController,
            GlassController,
            ErasureController,
            SafetyController,
            GoalController,
            NeedsController,
            FeedController,
            read_feed,
            FlowController,
            IncidentController,
            AmnestyController,
            ComplaintController,
            OfficerController,
            ReviewController,
            CourtController,
            SummaryController,
            SummaryDueController,
            PullController,
            front,
            desk,
            own_file,
            live,
            ready,
            *extra,
        ],
        guards=[admit],
        exception_handlers={**HANDLERS, HTTPException: of_http},
        request_max_body_size=LARGEST_BODY,
        multipart_form_part_limit=10,
        logging_config=None,
        openapi_config=reference.config() if docs else None,
        response_cache_config=ResponseCacheConfig(default_expiration=None),
    )
