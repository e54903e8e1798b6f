"""Compile the kernels ahead of their first use: ``python -m gridmgmt.analysis.warm``."""

import numpy as np

from gridmgmt.analysis.coverage import nearest_service
from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.snapping import EdgeIndex


def warm() -> None:
    """Run every kernel once on a street of one edge; the machine code stays in the compiler's cache on disk."""
    street = build_graph(2, [0], [1], [100.0])
    snap = EdgeIndex.build([[0.0, 0.0], [100.0, 0.0]], [0, 2]).nearest(np.array([[50.0, 5.0]]), 100.0)
    nearest_service(street, points=snap, places=snap, speed_m_per_s=1.0, limit_s=1200.0)


if __name__ == "__main__":
    warm()
