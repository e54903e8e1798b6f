"""Lists in pages: an opaque cursor that names the last row by its key, so that no row is missed or repeated."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import Field

from api.schemas import Shape
from gridmgmt.errors import InputError

MAX_LIMIT = 1000
Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(Shape, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="Address of the next page, null on the last.")


class Paging:
    """The page that a request asks for."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items of a page at most.")] = 100,
        cursor: Annotated[
            str | None, Query(max_length=400, description="Where the page begins; given by `next` of the page before.")
        ] = None,
    ) -> None:
        self._request = request
        self._cursor = cursor
        self.limit = limit

    def after(self, *types: Callable[[Any], Any]) -> tuple[Any, ...] | None:
        """Return the key of the last row of the page before, None on the first page.

        Raises
        ------
        InputError
            When the cursor is not one of ours.
        """
        if self._cursor is None:
            return None
        try:
            padded = self._cursor + "=" * (-len(self._cursor) % 4)
            key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
            after = tuple(convert(part) for convert, part in zip(types, key, strict=True))
            "".join(map(str, after)).encode()  # a lone surrogate is no text
        except (ValueError, TypeError, OverflowError, binascii.Error) as error:
            raise InputError("cursor_invalid", field="cursor", value=self._cursor) from error
        return after

    def page(
        self, rows: Sequence[Row], item: Callable[[Row], Item], key: Callable[[Row], Sequence[object]]
    ) -> Page[Item]:
        """Return the page for up to ``limit`` + 1 rows: one more than fits tells that another page follows."""
        shown = rows[: self.limit]
        following = self._address(key(shown[-1])) if len(rows) > self.limit else None
        return Page(items=[item(row) for row in shown], next=following)

    def _address(self, key: Sequence[object]) -> str:
        packed = json.dumps(list(key), default=str, separators=(",", ":")).encode()
        cursor = base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")
        url = self._request.url.include_query_params(cursor=cursor)
        return f"{url.path}?{url.query}"


Pages = Annotated[Paging, Depends()]
