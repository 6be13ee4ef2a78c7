"""Which tables exist and where the migrations are."""

from piccolo.conf.apps import AppConfig

from backend.accounts.tables import AccountInvitation
from backend.actors.tables import ActorRecord, Mandate, SubjectKey
from backend.agencies.tables import Agency, Bot, DutyShift
from backend.alerts.tables import Task
from backend.appointments.tables import Appointment, AppointmentMove
from backend.audit.tables import (
    Audit,
    AuditAnchor,
    AuditHead,
    AuditSeal,
    Denial,
    Heartbeat,
    JobRound,
    MonthCount,
    Once,
    RecentAct,
)
from backend.calendars.tables import Calendar
from backend.circles.tables import Member
from backend.clubs.tables import Club
from backend.columns import APP
from backend.complaints.tables import Complaint
from backend.consents.tables import ChannelConsent, Disclosure, LawfulBasis, Participation
from backend.contacts.tables import Contact
from backend.corrections.tables import Correction
from backend.courts.tables import (
    CourtAssertion,
    CourtCanary,
    CourtClient,
    CourtDay,
    CourtFile,
    CourtToken,
)
from backend.erasure.tables import ErasureWish, LegalHold
from backend.evidence.tables import Evidence
from backend.family.tables import Relative
from backend.feeds.tables import DateFeed
from backend.flows.tables import DataFlow
from backend.goals.tables import Goal
from backend.handovers.tables import Handover
from backend.incidents.tables import Incident
from backend.meetings.tables import (
    Meeting,
    MeetingDecision,
    MeetingItem,
    MeetingMember,
    MeetingNote,
    MeetingShare,
)
from backend.mentors.tables import Mentor
from backend.messages.tables import Claim, Incoming, Link, Message, Update, ZoneDay
from backend.needs.tables import NeedsArea, NeedsReview
from backend.passes.tables import EntryKey, EntryPass
from backend.passkeys.tables import Passkey, PasskeyChallenge
from backend.people.tables import Person, PersonWord
from backend.plans.tables import (
    Change,
    CustodyReturn,
    Milestone,
    MilestoneEvent,
    Plan,
    ReleaseMove,
    SummaryDue,
)
from backend.safety.tables import ProtectedAddress, SafetyFlag
from backend.second.tables import OutsideReview
from backend.settings import ROOT
from backend.staff.tables import (
    AccountNotice,
    Device,
    Factor,
    RecoveryCode,
    RefreshToken,
    Session,
    SignInFailure,
    Staff,
)
from backend.summaries.tables import Reading, Summary
from backend.support.tables import Support
from backend.templates.tables import TemplateVersion
from backend.walls.tables import BreakGlass, Wall
from backend.welcomes.tables import Welcome

APP_CONFIG = AppConfig(
    app_name=APP,
    migrations_folder_path=str(ROOT / "migrations"),
    table_classes=[
        AccountInvitation,
        AccountNotice,
        ActorRecord,
        Agency,
        Appointment,
        AppointmentMove,
        Audit,
        AuditAnchor,
        AuditHead,
        AuditSeal,
        Bot,
        BreakGlass,
        Calendar,
        Change,
        ChannelConsent,
        Claim,
        Club,
        Complaint,
        Contact,
        Correction,
        CourtAssertion,
        CourtCanary,
        CourtClient,
        CourtDay,
        CourtFile,
        CourtToken,
        CustodyReturn,
        DataFlow,
        DateFeed,
        Denial,
        Device,
        Disclosure,
        DutyShift,
        EntryKey,
        EntryPass,
        ErasureWish,
        Evidence,
        Factor,
        Goal,
        Handover,
        Heartbeat,
        Incident,
        Incoming,
        JobRound,
        LawfulBasis,
        LegalHold,
        Link,
        Mandate,
        Member,
        Meeting,
        MeetingDecision,
        MeetingItem,
        MeetingMember,
        MeetingNote,
        MeetingShare,
        Mentor,
        Message,
        Milestone,
        MilestoneEvent,
        MonthCount,
        NeedsArea,
        NeedsReview,
        Once,
        OutsideReview,
        Participation,
        Passkey,
        PasskeyChallenge,
        Person,
        PersonWord,
        Plan,
        ProtectedAddress,
        Reading,
        RecentAct,
        RecoveryCode,
        RefreshToken,
        Relative,
        ReleaseMove,
        SafetyFlag,
        Session,
        SignInFailure,
        Staff,
        SubjectKey,
        Summary,
        SummaryDue,
        Support,
        Task,
        TemplateVersion,
        Update,
        Wall,
        Welcome,
        ZoneDay,
    ],
)
