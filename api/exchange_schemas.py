"""What the interface takes from the 12345 hotline and tells of the exchange with it."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.photo_schemas import ReporterAsk
from api.schemas import Answer, Asked, Latitude, Longitude, Moment, Shape
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.cases.rules import CaseState
from gridmgmt.exchange import comparisons, queries
from gridmgmt.exchange.models import ExchangePartner, ExchangeReconciliation
from gridmgmt.exchange.orders import Correction, Feedback
from gridmgmt.exchange.rules import (
    MOST_ITEMS,
    DifferenceKind,
    FeedbackKind,
    HotlineState,
    ListedOrder,
    OrderAsk,
)
from gridmgmt.feed.rules import DeliveryProblem
from gridmgmt.feed.sending import LONGEST_URL

NUMBER = r"^[0-9A-Za-z_-]{1,64}$"
_No = Annotated[
    str, Field(pattern=NUMBER, description="The order's number at the hotline.", examples=["SH2026112300017"])
]
_Words = Annotated[str | None, Field(max_length=20_000, description="Plain text; at most 4,000 characters as kept.")]
_Address = Annotated[str | None, Field(max_length=2_000, description="At most 200 characters as kept.")]


class HotlineOrderIn(Asked):
    """A work order of the hotline: coordinates, or an address that tells the place for sure."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_no": "SH2026112300017", "type": "0101", "reported_at": "2026-11-23T08:12:00+08:00",
                    "lon": 121.4427, "lat": 31.3406, "description": "井盖缺失",
                    "reporter": {"phone": "021-56100000", "consent": True},
                }
            ]
        }
    )  # fmt: skip

    order_no: _No
    type: str = Field(max_length=64, description="Code of the catalogue.", examples=["0101"])
    reported_at: Moment = Field(description="When the hotline took the call; at most 30 days ago.")
    lon: Longitude | None = None
    lat: Latitude | None = None
    address: _Address = None
    description: _Words = None
    fields: dict[str, Any] = Field(default_factory=dict, description="The further fields of the type, by their codes.")
    reporter: ReporterAsk | None = Field(
        default=None, description="Whoever called; only with their consent, kept apart, no part of what is compared."
    )

    def asked(self) -> OrderAsk:
        """Return the order as the domain takes it."""
        return OrderAsk(**self.model_dump(exclude={"reporter"}))


class HotlineOrderOut(Answer):
    """An order, its case, and how far the hotline has been told of it."""

    order_no: str
    holder: str | None = Field(
        description="Account that delivered it or that it was handed to; null also where it is nobody's to know."
    )
    case_no: str
    type: str
    day: date = Field(description="On which the hotline took the call.")
    state: HotlineState
    case_state: CaseState = Field(description="The case's own state, which is finer.")
    sequence: int = Field(description="Of its last correction; 0 without any.")
    received_at: datetime
    told_state: HotlineState = Field(description="What the hotline has last taken.")
    told_at: datetime | None
    waiting: int = Field(description="Events that are still to be taken.")
    failed: int = Field(description="Events that were given up.")

    @classmethod
    def of(cls, order: queries.OrderSummary, actor: Actor) -> "HotlineOrderOut":
        """Return an order as an actor may see it: accounts are named to those alone who work here, or are meant."""
        told = actor.name == order.holder or actor.works_on_cases or actor.may(Permission.WEBHOOKS_MANAGE)
        return cls.model_validate(order if told else replace(order, holder=None))


class ExchangeHolderIn(Asked):
    """Who is to go on with an order."""

    account: str = Field(max_length=64, description="Account with the role partner.", examples=["hotline-12345"])


class ExchangeHoldersIn(ExchangeHolderIn):
    """Who is to go on with all orders of another account."""

    holder: str | None = Field(max_length=64, description="Account that holds them now; null for those none holds.")


class ExchangeHandedOver(Shape):
    """How many orders another account goes on with."""

    count: int


class HotlineCorrectionIn(Asked):
    """Other words of an order; what is not given stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"order_no": "SH2026112300017", "sequence": 1, "description": "井盖破损"}]}
    )

    order_no: _No
    sequence: int = Field(ge=1, le=1_000_000, description="Counts the order's corrections from 1.")
    description: _Words = None
    address: _Address = None

    def asked(self) -> Correction:
        """Return it as the domain takes it."""
        return Correction(**self.model_dump())


class HotlineFeedbackIn(Asked):
    """What the hotline says of an order afterwards."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"order_no": "SH2026112300017", "feedback_no": "HF-1", "kind": "dissatisfied", "reason": "仍有积水"}
            ]
        }
    )

    order_no: _No
    feedback_no: Annotated[str, Field(pattern=NUMBER, description="The hotline's own number of this.")]
    kind: FeedbackKind
    reason: _Words = None

    def asked(self) -> Feedback:
        """Return it as the domain takes it."""
        return Feedback(**self.model_dump())


class HotlineFeedbackOut(HotlineOrderOut):
    """The order as it is after feedback."""

    reopened: bool = Field(description="Whether the case was opened again.")


class ListedOrderIn(Asked):
    """An order in the hotline's list of a day."""

    order_no: _No
    state: HotlineState


class ReconciliationIn(Asked):
    """The hotline's list of the orders of a day."""

    day: date
    items: list[ListedOrderIn] = Field(max_length=MOST_ITEMS)

    def listed(self) -> list[ListedOrder]:
        """Return the list as the domain takes it."""
        return [ListedOrder(each.order_no, each.state) for each in self.items]


class DifferenceOut(Answer):
    """One order in which the lists differ."""

    kind: DifferenceKind
    order_no: str
    case_no: str | None = Field(description="Null where the order is missing here.")
    state_there: HotlineState | None
    state_here: HotlineState | None


class ReconciliationSummary(Answer):
    """How the hotline's list of a day compared with the orders here, in numbers."""

    reconciliation_id: int
    day: date
    at: datetime
    listed: int = Field(description="Orders in the hotline's list.")
    held: int = Field(description="Orders of the day here.")
    counts: dict[DifferenceKind, int]


class ReconciliationOut(ReconciliationSummary):
    """The same with every difference."""

    differences: list[DifferenceOut]

    @classmethod
    def of(cls, row: ExchangeReconciliation) -> "ReconciliationOut":
        """Return a whole comparison."""
        names = ("reconciliation_id", "day", "at", "listed", "held")
        numbers = {name: getattr(row, name) for name in names}
        counts = comparisons.counts_by_kind(row)
        return cls(**numbers, counts=counts, differences=[DifferenceOut(**each) for each in row.differences])


class ExchangeDeliveryOut(Answer):
    """Something that the hotline has not taken."""

    delivery_id: int
    order_no: str
    case_no: str
    event_id: str
    event: str = Field(examples=["dispatched", "extended"])
    attempts: int
    next_attempt_at: datetime
    last_status: int | None = Field(description="HTTP status of the last answer; null without one.")
    last_error: DeliveryProblem | None
    created_at: datetime
    failed_at: datetime | None = Field(description="When it was given up; null while it waits.")


class ExchangeRetried(Shape):
    """How many deliveries are tried once more."""

    count: int


class ExchangeOut(Shape):
    """How the exchange with the hotline stands."""

    set_up: bool = Field(description="Whether the hotline has a secret.")
    url: str | None = Field(description="Where it is told; null for who may not manage webhooks.")
    is_told: bool = Field(description="Whether it has an address.")
    renewed_at: datetime | None
    old_secret_until: datetime | None = Field(description="Until when what is signed with the secret before is taken.")
    orders: int
    waiting: int
    failed: int
    last_delivered_at: datetime | None
    last_reconciliation: ReconciliationSummary | None

    @classmethod
    def of(
        cls,
        partner: ExchangePartner | None,
        totals: queries.Totals,
        last: comparisons.ReconciliationCounts | None,
        *,
        with_url: bool,
    ) -> "ExchangeOut":
        """Return how the exchange stands."""
        return cls(
            set_up=partner is not None,
            url=partner.url if partner and with_url else None,
            is_told=partner is not None and partner.url is not None,
            renewed_at=partner and partner.renewed_at,
            old_secret_until=partner and partner.previous_until,
            **vars(totals),
            last_reconciliation=None if last is None else ReconciliationSummary.model_validate(last),
        )


class ExchangeAddressIn(Asked):
    """Where the hotline is told of states."""

    url: str | None = Field(
        max_length=LONGEST_URL,
        description="As of a webhook; null to tell it nothing.",
        examples=["https://hotline.example.org/gridmgmt"],
    )


class NewExchangeSecret(Shape):
    """The secret that signs both ways, this once."""

    secret: str = Field(description="Nobody can show it again.", examples=["whsec_…"])
