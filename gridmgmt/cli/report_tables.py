"""Tables of reports on the terminal."""

from gridmgmt.cli.context import print_table
from gridmgmt.reports.tables import Table, cell_text


def print_report_table(table: Table, *, left: int) -> None:
    """Print a table of a report, the first ``left`` columns flush left."""
    kinds = [column.kind for column in table.columns]
    rows = ([cell_text(k, cell, modelled=False) for k, cell in zip(kinds, row, strict=True)] for row in table.rows)
    print_table([column.label for column in table.columns], rows, left=left)
