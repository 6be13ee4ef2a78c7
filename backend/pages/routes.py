"""The pages of the desk, as one router: its own way in, its own refusals."""

from litestar import Router

from backend.doors import PAGE
from backend.pages.account import AccountPageController
from backend.pages.agency import AgencyPageController
from backend.pages.amnesty import AmnestyPageController
from backend.pages.calendars import CalendarPageController
from backend.pages.caseload import CaseloadController
from backend.pages.circle import CirclePageController
from backend.pages.clubs import ClubPageController
from backend.pages.colleagues import ColleaguePageController
from backend.pages.complaints import ComplaintPageController, NewComplaintController
from backend.pages.contacts import ContactPageController
from backend.pages.dates import DatesController
from backend.pages.door import DESK, DoorController, prove, sign_out
from backend.pages.erasure import ErasurePageController
from backend.pages.family import FamilyPageController
from backend.pages.flows import FlowPageController
from backend.pages.goals import GoalPageController
from backend.pages.handovers import HandoverPageController
from backend.pages.incidents import IncidentPageController
from backend.pages.incoming import IncomingController
from backend.pages.joining import JoinController
from backend.pages.meetings import MeetingPageController
from backend.pages.mentors import MentorPageController
from backend.pages.needs import NeedsPageController
from backend.pages.officer import OfficerPageController
from backend.pages.papers import PaperPageController
from backend.pages.passes import CorrectionPageController, PassPageController
from backend.pages.passkeys import (
    PasskeyDoorController,
    PasskeyPageController,
    PasskeyProofPageController,
)
from backend.pages.plan import PlanPageController
from backend.pages.refusals import REFUSALS
from backend.pages.reviews import ReviewPageController
from backend.pages.rows import RowController
from backend.pages.safety import SafetyPageController
from backend.pages.shape import ShapePageController
from backend.pages.short_review import ShortReviewPageController
from backend.pages.support import SupportPageController
from backend.pages.tasks import TaskPageController
from backend.pages.templates import TemplatePageController
from backend.pages.verify import VerifyController
from backend.pages.visit import VisitController
from backend.pages.walls import GlassPageController, WallPageController
from backend.pages.welcomes import WelcomePageController

desk = Router(
    DESK,
    route_handlers=[
        DoorController,
        PasskeyDoorController,
        sign_out,
        CaseloadController,
        PlanPageController,
        VisitController,
        ContactPageController,
        CirclePageController,
        HandoverPageController,
        MeetingPageController,
        FamilyPageController,
        MentorPageController,
        ClubPageController,
        WelcomePageController,
        SupportPageController,
        WallPageController,
        GlassPageController,
        ErasurePageController,
        SafetyPageController,
        GoalPageController,
        NeedsPageController,
        ShortReviewPageController,
        FlowPageController,
        CalendarPageController,
        TemplatePageController,
        ShapePageController,
        PassPageController,
        CorrectionPageController,
        IncidentPageController,
        ComplaintPageController,
        NewComplaintController,
        OfficerPageController,
        ReviewPageController,
        AmnestyPageController,
        DatesController,
        PaperPageController,
        RowController,
        TaskPageController,
        VerifyController,
        IncomingController,
        AccountPageController,
        PasskeyProofPageController,
        PasskeyPageController,
        AgencyPageController,
        ColleaguePageController,
        JoinController,
    ],
    opt={PAGE: True},
    before_request=prove,
    exception_handlers=REFUSALS,
    include_in_schema=False,
)
