"""Cells of tables that people open in a spreadsheet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> object:
    """Return a cell of a CSV; a text that a spreadsheet would take for a formula gets an apostrophe before it.

    Names come from anybody's files, and a formula may send what stands beside it elsewhere (CWE-1236).

    >>> harmless("=HYPERLINK(A1)"), harmless("长江西路"), harmless("-5.5"), harmless("-"), harmless(-5.5)
    ("'=HYPERLINK(A1)", '长江西路', '-5.5', '-', -5.5)
    """
    if not isinstance(cell, str) or len(cell) == 1 or not cell.startswith(_FORMULA) or _is_number(cell):
        return cell
    return f"'{cell}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
