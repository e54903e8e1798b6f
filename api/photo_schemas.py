"""Photos of cases, and how to reach whoever reported one, as the interface takes and answers them."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Links
from gridmgmt.casework.photo_models import PhotoKind
from gridmgmt.casework.reporters import Reporter

Sha256 = Annotated[
    str,
    Field(pattern="^[0-9a-f]{64}$", description="What `POST /photos` answered: the SHA-256 of what is kept."),
]


class PhotoOut(Answer):
    """A photo as it is kept."""

    photo: str = Field(description="SHA-256 of what is kept, by which it is named.")
    width_px: int = Field(description="Upright, whatever the camera said.")
    height_px: int
    bytes: int
    links: Links


class CasePhotoAsk(Asked):
    """A photo that was given before, and what it shows."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"photo": "9f86d081884c7d65" * 4, "kind": "near"}]})

    photo: Sha256
    kind: PhotoKind = Field(description="near, far, before or after handling.")


class CasePhotoOut(PhotoOut):
    """A photo of a case."""

    kind: PhotoKind
    at: datetime
    actor: str = Field(description="The account that added it.")


class CasePhotoList(Answer):
    """The photos of a case in the order in which they were added."""

    items: list[CasePhotoOut]


class ReporterAsk(Asked):
    """How to reach whoever reports a case; all empty to leave it out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "王女士", "phone": "021-56100000", "consent": True}]}
    )

    name: str | None = Field(default=None, max_length=400)
    phone: str | None = Field(default=None, max_length=400)
    email: str | None = Field(default=None, max_length=400)
    consent: bool = Field(default=False, description="They agree that this is kept until some time after the end.")
    wants_notice: bool = Field(default=True, description="They want to hear of the outcome.")

    def given(self) -> Reporter:
        """Return it as the domain takes it."""
        return Reporter(**self.model_dump())


class ReporterOut(Answer):
    """How to reach whoever reported a case."""

    name: str | None
    phone: str | None
    email: str | None
    wants_notice: bool
    consented_at: datetime
    told_with: str | None = Field(description="The case this one was linked to: its outcome is what they are told.")
    also_told: list[str] = Field(description="Cases linked to this one whose reporters want to hear of it too.")


class ReporterKept(Answer):
    """Which parts of how to reach somebody are kept; not what they say."""

    given: list[str] = Field(examples=[["name", "phone"]])
