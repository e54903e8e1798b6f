"""What the interface asks and says about webhooks."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.event_schemas import CaseEventOut
from api.schemas import Asked, Shape
from gridmgmt.feed.models import Webhook, WebhookDelivery
from gridmgmt.feed.queries import Undelivered
from gridmgmt.feed.rules import DeliveryProblem, EventKind, PauseReason
from gridmgmt.feed.sending import LONGEST_URL
from gridmgmt.feed.service import LONGEST_NAME, WebhookAsk

_ID = Annotated[int, Field(description="Its number.")]


class WebhookIn(Asked):
    """An address to be told of cases."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Its name.", examples=["城运平台"])]
    url: Annotated[
        str,
        Field(
            max_length=LONGEST_URL,
            description="`https`; plain `http`, and addresses that are not public, only in the networks of the setting "
            "`webhook_networks`.",
            examples=["https://hub.example.org/cases"],
        ),
    ]
    kinds: Annotated[
        list[EventKind], Field(default_factory=list, max_length=4, description="Only these events; all without any.")
    ]
    area: Annotated[str | None, Field(max_length=64, description="Only cases in the area or cell of this code.")] = None
    department: Annotated[
        str | None, Field(max_length=64, description="Only cases that this department handles or has handled.")
    ] = None

    def ask(self) -> WebhookAsk:
        """Return it as the services take it."""
        return WebhookAsk(self.name, self.url, self.kinds, self.area, self.department)


class WebhookChange(Asked):
    """Whether a webhook is told."""

    paused: bool = Field(description="What happens while it is paused is kept for it.")


class WebhookOut(Shape):
    """A webhook without its secret."""

    webhook_id: _ID
    name: str
    url: str
    kinds: list[EventKind] = Field(description="None means all.")
    area: str | None
    department: str | None
    created_by: str
    created_at: datetime
    paused_at: datetime | None
    paused_because: PauseReason | None
    delivered: int = Field(description="Events that it has taken.")
    last_delivered_at: datetime | None
    waiting: int = Field(description="Events that it has not taken yet.")
    failed: int = Field(description="Events that were given up.")
    problem: DeliveryProblem | None = Field(description="Why it did not take what waits; null where none was tried.")

    @classmethod
    def of(cls, webhook: Webhook, undelivered: Undelivered) -> "WebhookOut":
        """Return what may be shown of a webhook, with what it has not taken."""
        names = ("webhook_id", "name", "url", "created_by", "created_at", "paused_at", "last_delivered_at")
        return cls(
            **{name: getattr(webhook, name) for name in names},
            kinds=[EventKind(kind) for kind in webhook.kinds],
            area=webhook.area_code,
            department=webhook.department_code,
            paused_because=None if webhook.paused_because is None else PauseReason(webhook.paused_because),
            delivered=webhook.delivered_count,
            waiting=undelivered.waiting,
            failed=undelivered.failed,
            problem=None if undelivered.problem is None else DeliveryProblem(undelivered.problem),
        )


class Webhooks(Shape):
    """All webhooks by name."""

    items: list[WebhookOut]


class NewWebhook(WebhookOut):
    """A webhook with its secret, this once."""

    secret: str = Field(description="Signs what is sent; nobody can show it again.", examples=["whsec_…"])


class FailedDelivery(Shape):
    """An event that a webhook has not taken, and that is sent no more unless it is asked for."""

    delivery_id: _ID
    event: EventKind
    case_no: str
    told: CaseEventOut = Field(description="What was sent.")
    attempts: int
    last_status: int | None = Field(description="HTTP status of the last answer; null without one.")
    last_error: DeliveryProblem | None
    created_at: datetime
    failed_at: datetime

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "FailedDelivery":
        """Return a delivery that was given up."""
        names = ("delivery_id", "event", "case_no", "attempts", "last_status", "last_error", "created_at", "failed_at")
        values = {name: getattr(delivery, name) for name in names}
        return cls(**values, told=CaseEventOut.model_validate_json(delivery.body))


class Redelivered(Shape):
    """How many deliveries are tried once more."""

    count: int
