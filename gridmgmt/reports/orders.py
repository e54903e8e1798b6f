"""A standing order as values of JSON, errors in words."""

from dataclasses import asdict
from typing import Any

from gridmgmt.coverage.orders import OrderReport
from gridmgmt.errors import GridMgmtError
from gridmgmt.texts import Language


def order_values(order: OrderReport, lang: Language) -> dict[str, Any]:
    """Return an order with its runs; what failed says why in words."""
    values = asdict(order)
    for part in (values, *values["runs"]):
        if part["error"] is not None:
            said = GridMgmtError(part["error"]["code"], **part["error"]["fields"]).message(lang)
            part["error"] = {"code": part["error"]["code"], "detail": said}
    return values
