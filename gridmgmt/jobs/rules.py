"""What holds for jobs without looking at a database: the claim of a worker, how an ended job is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gridmgmt.errors import ConflictError, GridMgmtError


class Lane(StrEnum):
    """Which jobs a worker performs, where each has its own: what somebody waits for does not stand behind the rest."""

    PROMPT = "prompt"
    PATIENT = "patient"


class JobCancelledError(ConflictError):
    """Somebody asked for this job to be cancelled; nothing of it may be written."""


class JobFailedError(ConflictError):
    """A job has ended without a result; ``code`` and fields are those of the error that ended it."""


@dataclass(frozen=True)
class Claim:
    """The right of one worker to perform one job, until its lease ends or another attempt begins.

    ``attempt`` is the fencing token: writes under it are refused as soon as the job carries a later one.
    """

    job_id: int
    attempt: int
    kind: str
    arguments: Mapping[str, Any]


def error_record(error: GridMgmtError) -> dict[str, Any]:
    """Return an error as it is stored with a job: its code and its fields, as JSON can hold them.

    >>> error_record(ConflictError("some_code", field="minutes", value=20, choices=("a", "b")))
    {'code': 'some_code', 'fields': {'field': 'minutes', 'value': 20, 'choices': "('a', 'b')"}}
    """
    fields = {
        name: value if value is None or isinstance(value, str | int | float | bool) else str(value)
        for name, value in error.fields.items()
    }
    return {"code": error.code, "fields": fields}
