"""Grid cells (单元网格): an outline is divided along streets, walls, water and rails into cells of about 10,000 m²."""

from gridmgmt.analysis.cells.drawing import cells_of
from gridmgmt.analysis.cells.naive import naive_cells
from gridmgmt.analysis.cells.numbering import numbering
from gridmgmt.analysis.cells.options import VERGE_M, CellOptions
from gridmgmt.analysis.cells.quality import CellQuality, measure
from gridmgmt.analysis.cells.quarters import of_quarters

__all__ = ["VERGE_M", "CellOptions", "CellQuality", "cells_of", "measure", "naive_cells", "numbering", "of_quarters"]
