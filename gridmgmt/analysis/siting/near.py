"""Which candidates are in conflict with which."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Candidates in conflict with candidate ``j``: ``at[j]:at[j + 1]`` of ``other``."""

    at: NDArray[np.int64]
    other: NDArray[np.int32]

    @classmethod
    def of(cls, conflicts: NDArray[np.int32], m: int) -> "Near":
        """Return them from pairs."""
        both = np.concatenate([conflicts, conflicts[:, ::-1]]).astype(np.int32)
        order = np.lexsort((both[:, 1], both[:, 0]))
        counts = np.bincount(both[:, 0], minlength=m)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), both[order, 1].copy())
