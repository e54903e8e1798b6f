"""What Open311's routes answer with: requests as text, and as a table of many."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from api.context import ApiContext
from api.language import language_of
from api.open311_writing import MEDIA_TYPES, Format, requests_document, status_notes, told_moment
from gridmgmt.cases.rules import CaseState
from gridmgmt.db import Session
from gridmgmt.open311.queries import REQUESTS, RequestRow, every_request, request_values
from gridmgmt.open311.rules import DETAILED, Asked, Status, asked, jurisdiction, status_of
from gridmgmt.open311.service import Names, check_services, names_at
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

KEPT = timedelta(seconds=10)
"""How long a list may take names of services, agencies and districts for what they were."""
LIST_PARAMETERS = frozenset(
    {
        "service_request_id", "service_code", "status", "detailed_status", "start_date", "end_date", "updated_after",
        "page", "page_size", "jurisdiction_id", "extensions",
    }
)  # fmt: skip
"""What a list may be asked by."""
BULK_COLUMNS = (
    "service_request_id", "requested_datetime", "updated_datetime", "closed_date", "status_description",
    "status_notes", "source", "service_name", "service_subtype", "description", "agency_responsible", "address", "lat",
    "long",
)  # fmt: skip
"""Of the GeoReport Bulk Data Specification, in its order."""


class KeptNames:
    """The names that lists need, read again after :data:`KEPT`."""

    def __init__(self) -> None:
        self._kept: tuple[Names, datetime] | None = None

    async def at(self, context: ApiContext) -> Names:
        """Return the present names."""
        now = context.clock()
        if self._kept is None or not timedelta() <= now - self._kept[1] < KEPT:
            self._kept = await context.in_transaction(lambda session: names_at(session, now)), now
        return self._kept[0]


async def listed(
    request: Request, context: ApiContext, kept: KeptNames, format_: Format, given: Mapping[str, str | None]
) -> Response:
    """Return the list of requests that the parameters of an address ask for, in one step of the database.

    Parameters
    ----------
    given
        :data:`LIST_PARAMETERS` by name; what is missing is not given.

    Raises
    ------
    ExceptionGroup
        As :func:`gridmgmt.open311.rules.asked`.
    NotFoundError, InputError
        As :func:`gridmgmt.open311.rules.jurisdiction` and :func:`gridmgmt.open311.service.check_services`.
    """
    wanted = asked(given, context.clock())
    names = await kept.at(context)
    district = jurisdiction(given.get("jurisdiction_id"), names.districts)
    if names.catalogue is None or not names.catalogue.types.keys() >= set(wanted.service_codes):
        await context.in_transaction(lambda session: check_services(session, wanted, names))
    found = await context.reader.rows(REQUESTS, request_values(wanted, district), prepared=False)
    rows = list(map(RequestRow._make, found))
    extended = given.get("extensions") == "true"
    body = requests_document(format_, rows, names, language_of(request), base_url(request), extended=extended)
    return Response(body, media_type=MEDIA_TYPES[format_])


def base_url(request: Request) -> str:
    """Return the address of this server, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def write_bulk(
    session: Session, path: Path, asked: Asked, given_jurisdiction: str | None, *, now: datetime, lang: Language
) -> None:
    """Write all requests that are asked for as CSV (RFC 4180, UTF-8), however many there are; no contact data.

    Raises as :func:`answer_list`.
    """
    names = names_at(session, now)
    district = jurisdiction(given_jurisdiction, names.districts)
    check_services(session, asked, names)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(BULK_COLUMNS)
        for row in every_request(session, asked, district):
            writer.writerow(["" if cell is None else harmless(cell) for cell in _bulk_cells(row, names, lang)])


def _bulk_cells(row: RequestRow, names: Names, lang: Language) -> Iterator[object]:
    state = CaseState(row.state)
    yield row.case_no
    yield told_moment(row.requested_at)
    yield told_moment(row.updated_at)
    yield told_moment(row.updated_at) if status_of(state) is Status.CLOSED else None
    yield DETAILED[state]
    yield status_notes(row, lang)
    yield text(f"case_source.{row.source}", lang)
    yield names.service(row.type, lang)
    yield None  # a service has no parts
    yield row.description
    yield row.department_code and names.agency(row.department_code, lang)
    yield row.address
    yield row.lat
    yield row.lon
