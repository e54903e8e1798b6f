"""What the interface asks and says about files that are given to be imported."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Box, JobError, Links
from gridmgmt.jobs.models import JobState

Options = Annotated[
    dict[str, Any],
    Field(description="What is said of the file, as `/imports/kinds` lists it for its kind; dates as 2026-01-31."),
]


class FileOptionOut(Answer):
    """One thing that may be said of a file."""

    name: str
    type: str = Field(description="`text`, `choice`, `flag`, `day`, `pairs` (of texts) or `texts`.")
    required: bool
    choices: list[str] = Field(description="All values that it may have; empty where any text will do.")
    default: str | bool | None


class FileKindOut(Answer):
    """One kind of file with what may be said of it."""

    kind: str = Field(examples=["service-points"])
    suffixes: list[str] = Field(description="Endings of its formats; texts also with `.gz`.", examples=[[".csv"]])
    options: list[FileOptionOut]


class FileKindList(Answer):
    """All kinds of files."""

    items: list[FileKindOut]
    limit_bytes: int = Field(description="How large a file may be.")


class AgainAsk(Asked):
    """The same file once more, with the options given here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"options": {"level": "town"}, "dry_run": False}]})
    options: Options
    synthetic: bool = Field(default=False, description="The data are made up.")
    dry_run: bool = Field(default=False, description="Only look what would come of it.")


class ColumnsFound(Answer):
    """What reading a file has found."""

    columns: list[str] = Field(description="The columns of the file; none where its format has none.")
    extent: Box | None
    read: int = Field(description="Rows judged.")


class ImportOutcome(Answer):
    """What came of the rows, or in a preview would come of them were the bad ones left out."""

    subject: str
    edition: str | None
    read: int
    taken: int
    refused: int
    new: bool = Field(description="False when the very same content was already there.")


class ImportSummary(Answer):
    """One asking to take a file, or to look what would come of it."""

    upload_id: int
    job_id: int
    kind: str
    file: str = Field(description="Its name.", examples=["社区食堂.csv"])
    bytes: int
    dry_run: bool
    asked_by: str
    asked_at: datetime
    state: JobState
    outcome: ImportOutcome | None
    problem_count: int = Field(description="How many problems its rows have.")


class ImportOut(ImportSummary):
    """The same with how far it is, or how it ended."""

    options: dict[str, Any]
    synthetic: bool
    sha256: str
    stage: str | None = Field(description="What is being done, in words.")
    progress: float = Field(ge=0, le=1, description="Ratio done, 0–1.")
    found: ColumnsFound | None
    warnings: list[str]
    details: list[str] = Field(description="What else is to be said of the file.")
    error: JobError | None = Field(description="Why it was refused.")
    kept: bool = Field(description="The file is still here and can be taken again with other options.")
    draft_id: int | None = Field(description="The boundary edition, to be checked, that areas were taken into.")
    links: Links


class RowProblem(Answer):
    """One thing wrong with one row."""

    row: int | None = Field(description="As people count: the line of a table, the number of a feature from 1.")
    field: str | None = Field(description="The column.")
    value: str | None = Field(description="What stands there.")
    code: str
    detail: str = Field(description="The reason, and what would be right.")
