"""All tables in one place, for migrations and checks; importing this fills the metadata."""

from gridmgmt.access.models import AccessSession, Account, ApiKey, Change, GrantRow, RoleRow, SetupToken
from gridmgmt.addresses.models import Address, AddressName, AddressOtherName
from gridmgmt.areas.models import Area, AreaEnding, AreaLineage, TownModeDecision
from gridmgmt.assessment.models import (
    AssessmentEntry,
    AssessmentEvent,
    AssessmentItemRow,
    AssessmentRound,
    AssessmentScheme,
)
from gridmgmt.bodies.models import (
    AreaFact,
    Body,
    BodyAgreement,
    BodyPost,
    FactKind,
    PostLink,
    PurchasedService,
    PurchasedServiceArea,
)
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.calendars.models import CalendarDayRow, CalendarRevision, CalendarYear, WorkHoursRow
from gridmgmt.cases.models import Case
from gridmgmt.casework.intake_models import CaseNoRule, IdempotencyKey
from gridmgmt.casework.models import CaseMove, CaseTask
from gridmgmt.casework.photo_models import CasePhoto, CaseReporter, Photo
from gridmgmt.catalogue.models import CatalogueEdition, MattersEdition
from gridmgmt.cells.models import CellCodeScheme, CellGeneration
from gridmgmt.components.models import Component, ComponentCodeScheme
from gridmgmt.coverage.models import (
    CoverageAreaResult,
    CoverageOrder,
    CoverageOrderRun,
    CoveragePlaceResult,
    CoverageRun,
)
from gridmgmt.db import Base
from gridmgmt.desks.models import Desk, DeskVisits
from gridmgmt.editions.models import DataFolder, Edition, EditionStep
from gridmgmt.exchange.models import (
    ExchangeDelivery,
    ExchangeFeedback,
    ExchangeOrder,
    ExchangePartner,
    ExchangeReconciliation,
)
from gridmgmt.feed.models import FeedEpoch, Webhook, WebhookDelivery
from gridmgmt.gate_counts.models import (
    CountingGate,
    GateBin,
    GateCensus,
    GateCommunity,
    GateDay,
    GateHour,
    GateRelease,
    ReleasedBand,
    ReleasedCount,
)
from gridmgmt.governance.models import (
    AreaOrgan,
    AreaTag,
    Centre,
    JointCentre,
    ModeRule,
    Staffing,
)
from gridmgmt.indicators.models import COUNTED, TALLIES, UNTALLIED
from gridmgmt.jobs.models import Job
from gridmgmt.land.models import LandFeature
from gridmgmt.meetings.models import (
    Meeting,
    MeetingMember,
    PartnerAgreement,
    QuorumRule,
    SelfProject,
    Sitting,
    Topic,
    TopicDecision,
    TopicHearing,
    TopicObjection,
    TopicOption,
    TopicRule,
    TopicStep,
    TopicTask,
)
from gridmgmt.merging.models import DepartmentGrid, GridMerge, MergeConflict
from gridmgmt.network.models import Gate, NetworkEdge, NetworkNode, WalkingProfile
from gridmgmt.official_codes.models import OfficialCode
from gridmgmt.open311.models import RequestMedia
from gridmgmt.placeability.models import NormRow, NormSet, PlaceQuestions
from gridmgmt.population.models import PopulationPlace
from gridmgmt.premises.models import (
    Premises,
    PremisesAppeal,
    PremisesInspection,
    PremisesPublication,
    PremisesPublished,
    PremisesRubric,
)
from gridmgmt.responsibility.models import GridKind, GridMember, OfficerPost, ResponsibilityGrid
from gridmgmt.revisions.models import LayerRevision
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.plan_models import Plan, PlanMilestone, PlanRerun, PlanTarget
from gridmgmt.statistics.models import AreaFigure
from gridmgmt.targets.models import Budget, BudgetPartRow, RenewalProject, Target, TargetItem, TargetMilestone
from gridmgmt.uploads.models import Upload, UploadProblem
from gridmgmt.walking.models import Scenario, ScenarioVersion

MODELS: tuple[type[Base], ...] = (
    Edition,
    DataFolder,
    LayerRevision,
    RoleRow,
    Account,
    GrantRow,
    AccessSession,
    ApiKey,
    SetupToken,
    Change,
    Job,
    EditionStep,
    Area,
    AreaEnding,
    AreaLineage,
    TopologyFinding,
    CellCodeScheme,
    CellGeneration,
    PopulationPlace,
    NetworkNode,
    NetworkEdge,
    WalkingProfile,
    Gate,
    ServicePoint,
    LandFeature,
    AddressName,
    Address,
    AddressOtherName,
    CalendarDayRow,
    CalendarYear,
    WorkHoursRow,
    CalendarRevision,
    Case,
    CaseMove,
    CaseTask,
    CatalogueEdition,
    MattersEdition,
    Photo,
    CasePhoto,
    CaseReporter,
    RequestMedia,
    FeedEpoch,
    Webhook,
    WebhookDelivery,
    ExchangePartner,
    ExchangeOrder,
    ExchangeFeedback,
    ExchangeDelivery,
    ExchangeReconciliation,
    CaseNoRule,
    IdempotencyKey,
    Component,
    ComponentCodeScheme,
    PremisesRubric,
    PremisesInspection,
    Premises,
    PremisesAppeal,
    PremisesPublication,
    PremisesPublished,
    Desk,
    DeskVisits,
    CoverageRun,
    CoverageAreaResult,
    CoveragePlaceResult,
    CoverageOrder,
    CoverageOrderRun,
    SitingRun,
    AreaFigure,
    ModeRule,
    TownModeDecision,
    AreaTag,
    AreaOrgan,
    Staffing,
    JointCentre,
    Centre,
    Body,
    BodyPost,
    PostLink,
    PurchasedService,
    PurchasedServiceArea,
    BodyAgreement,
    FactKind,
    AreaFact,
    GridKind,
    OfficerPost,
    ResponsibilityGrid,
    GridMember,
    Upload,
    UploadProblem,
    DepartmentGrid,
    GridMerge,
    MergeConflict,
    OfficialCode,
    NormSet,
    NormRow,
    PlaceQuestions,
    Scenario,
    ScenarioVersion,
    Plan,
    PlanTarget,
    PlanMilestone,
    PlanRerun,
    AssessmentScheme,
    AssessmentItemRow,
    AssessmentRound,
    AssessmentEntry,
    AssessmentEvent,
    QuorumRule,
    TopicRule,
    Meeting,
    MeetingMember,
    Sitting,
    Topic,
    TopicStep,
    TopicOption,
    TopicObjection,
    TopicHearing,
    TopicDecision,
    TopicTask,
    PartnerAgreement,
    SelfProject,
    Target,
    TargetItem,
    TargetMilestone,
    RenewalProject,
    Budget,
    BudgetPartRow,
    GateCommunity,
    CountingGate,
    GateBin,
    GateHour,
    GateDay,
    GateCensus,
    GateRelease,
    ReleasedCount,
    ReleasedBand,
)

TABLES = (UNTALLIED, COUNTED, TALLIES)
"""Those without a class of their own."""
