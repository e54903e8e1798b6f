"""The entity tag of what a layer draws: it changes whenever the bytes could."""

from functools import lru_cache
from hashlib import blake2b

from gridmgmt import __version__
from layers.mvt import DrawnRun, tile_statement
from layers.selection import Selection
from layers.specs import Layer


def entity_tag(layer: Layer, selection: Selection, run: DrawnRun | None, stamp: str) -> str:
    """Return the tag of any tile of a layer: the stamp of its tables, and a digest of all else that decides its look.

    The tag is weak: the same tile goes out compressed and not, and both mean the same to a map.
    """
    return f'W/"{stamp}-{_digest(layer, selection, run)}"'


def content_tag(body: bytes) -> str:
    """Return the tag of a tile of a live layer: it is the same exactly when the tile is."""
    return f'W/"{blake2b(body, digest_size=12).hexdigest()}"'


@lru_cache(maxsize=1024)
def _digest(layer: Layer, selection: Selection, run: DrawnRun | None) -> str:
    parts = (__version__, tile_statement(layer), selection.on, selection.level, selection.edition, selection.kind, run)
    return blake2b(repr(parts).encode(), digest_size=6).hexdigest()
