"""The parameters of Open311's lists, as text: what they may be is told in Open311's own errors."""

from typing import Annotated

from fastapi import Depends, Query


class _Which:
    """Which requests are meant."""

    def __init__(
        self,
        service_request_id: Annotated[
            str | None, Query(description="Ids, comma delimited: overrides all else.")
        ] = None,
        service_code: Annotated[str | None, Query(description="Codes of services, comma delimited.")] = None,
        status: Annotated[str | None, Query(description="`open`, `closed` or both, comma delimited.")] = None,
        detailed_status: Annotated[
            str | None, Query(description="`RECEIVED`, `IN_PROCESS`, `PROCESSED`, `REJECTED`, comma delimited.")
        ] = None,
    ) -> None:
        self.given = {
            "service_request_id": service_request_id,
            "service_code": service_code,
            "status": status,
            "detailed_status": detailed_status,
        }


class _When:
    """Of which time."""

    def __init__(
        self,
        start_date: Annotated[
            str | None,
            Query(description="Reported then or later: a time with its offset from UTC, or a day of the district."),
        ] = None,
        end_date: Annotated[str | None, Query(description="Reported then or before.")] = None,
        updated_after: Annotated[
            str | None, Query(description="Changed later than this; without dates, whenever it was reported.")
        ] = None,
    ) -> None:
        self.given = {"start_date": start_date, "end_date": end_date, "updated_after": updated_after}


def _without_pages(which: Annotated[_Which, Depends()], when: Annotated[_When, Depends()]) -> dict[str, str | None]:
    return {**which.given, **when.given}


def _in_pages(
    given: Annotated[dict[str, str | None], Depends(_without_pages)],
    page: Annotated[str | None, Query(description="From 1.")] = None,
    page_size: Annotated[str | None, Query(description="At most 1000, which it is without this.")] = None,
) -> dict[str, str | None]:
    return {**given, "page": page, "page_size": page_size}


AllGiven = Annotated[dict[str, str | None], Depends(_without_pages)]
PageGiven = Annotated[dict[str, str | None], Depends(_in_pages)]
