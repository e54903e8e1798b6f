"""All settings in one frozen class, read once at an entry point and passed on."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parents[1]
"""The source tree: migrations, scripts and the built console lie in it."""

ResultForm = Literal["exact", "public"]


class Settings(BaseSettings):
    """What can be set, from the environment (prefix ``GRIDMGMT_``) or by a command's option.

    Each field is described in ``docs/settings.md``; a test holds the two together.
    """

    model_config = SettingsConfigDict(env_prefix="GRIDMGMT_", frozen=True, extra="forbid", populate_by_name=True)

    data: Path = Field(
        default=PROJECT_DIR / ".data", description="The data folder: the embedded database, its log, locks."
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="A named PostGIS to use instead of the embedded one (postgresql://…).",
    )
    lang: Literal["zh", "en"] = Field(default="zh", description="Language of the command line's messages and reports.")
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=8000, description="Port the server listens on.")
    reading: Literal["auto", "open", "accounts"] = Field(
        default="auto",
        description="Who may read from this server: open (everybody), accounts (with an account or a key only), or "
        "auto: open until the folder holds real data.",
    )
    results: ResultForm | Literal["auto"] = Field(
        default="auto",
        description="The form of small-place numbers this server gives: exact to all its readers, public (area level, "
        "small counts suppressed) to all, or auto: exact for the synthetic demo and to accounts that may see exact "
        "results, else public.",
    )
    suppression_threshold: Annotated[int, Field(ge=1)] = Field(
        default=10,
        description="Counts of residents above zero and below this are suppressed in the public form.",
    )
    place_questions_per_day: Annotated[int, Field(ge=0)] = Field(
        default=200,
        description="How many spots each account without exact results may ask about a day, and all callers without "
        "an account together.",
    )
    metric_crs: str | None = Field(
        default=None,
        description="Metric CRS of a new data folder (EPSG:… or PROJ text); without it, one is chosen for the data.",
    )
    topology_least_m2: Annotated[float, Field(gt=0)] = Field(
        default=0.001,
        description="Gaps, overlaps and land outside a parent below this are rounding and no finding, in m².",
    )
    topology_error_from_m2: Annotated[float, Field(gt=0)] = Field(
        default=10.0,
        description="Gaps, overlaps and land outside a parent from this on are errors, smaller ones warnings, in m².",
    )
    topology_narrow_m: Annotated[float, Field(gt=0)] = Field(
        default=2.0,
        description="A gap narrower than this is a narrow gap, in metres.",
    )
    topology_slit_from_m2: Annotated[float, Field(gt=0)] = Field(
        default=1.0,
        description="Slits in the outer border of a level without parents are found from this many m².",
    )
    topology_unmatched_from_m2: Annotated[float, Field(gt=0)] = Field(
        default=1.0,
        description="A common border that lacks vertices on one side is found where a plane opens this much, in m².",
    )
    upload_limit_bytes: Annotated[int, Field(ge=1)] = Field(
        default=512_000_000, description="How large a file may be that is given over HTTP to be imported, in bytes."
    )
    upload_keep_days: Annotated[float, Field(gt=0)] = Field(
        default=7.0, description="How long such a file is kept that was not taken, and the list of its refused rows."
    )
    photo_limit_bytes: Annotated[int, Field(ge=1)] = Field(
        default=12_000_000, description="How large a photo of a case may be as it is given, in bytes."
    )
    photo_limit_pixels: Annotated[int, Field(ge=1)] = Field(
        default=50_000_000, description="How many pixels a photo may have; its header is asked before it is decoded."
    )
    photo_keep_hours: Annotated[float, Field(gt=0)] = Field(
        default=24.0, description="How long a photo is kept that was given and belongs to no case."
    )
    reporter_keep_days: Annotated[float, Field(gt=0)] = Field(
        default=90.0, description="How long after the end of a case it is kept how to reach whoever reported it."
    )
    export_extent_m2: Annotated[float, Field(gt=0)] = Field(
        default=25_000_000.0,
        description="An export that holds a continuous piece of land above this is warned of, in m².",
    )
    job_lease_s: Annotated[float, Field(gt=0)] = Field(
        default=15.0,
        description="How long a worker may be silent before another takes its job over, in seconds.",
    )
    walk_state_bytes: Annotated[int, Field(ge=1)] = Field(
        default=1_000_000_000,
        description="Up to how many bytes of networks with places and walking times a process keeps warm.",
    )
    event_readers: Annotated[int, Field(ge=0)] = Field(
        default=1_000, description="How many readers each web process tells of cases live at a time."
    )
    webhook_networks: str = Field(
        default="",
        description="Networks that webhooks may be in beside the public internet, and there also without TLS: "
        "10.1.0.0/16, separated by commas.",
    )
    pool_size: Annotated[int, Field(ge=1)] = Field(
        default=5, description="Database connections of the API per process; twice as many when it is busy."
    )

    @property
    def base_url(self) -> str:
        """The address under which this machine reaches the server.

        >>> Settings(host="0.0.0.0", port=8000).base_url, Settings(host="::1", port=80).base_url
        ('http://127.0.0.1:8000', 'http://[::1]:80')
        """
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 -- compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
