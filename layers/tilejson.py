"""TileJSON 3: what a map needs to know of a layer before it asks for the first tile."""

from collections.abc import Mapping
from html import escape

from layers.specs import Layer
from layers.store import LayerExtent
from layers.tiles import MAX_ZOOM


def tilejson(layer: Layer, tiles_url: str, extent: LayerExtent) -> Mapping[str, object]:
    """Return the TileJSON document of a layer.

    Parameters
    ----------
    tiles_url
        Absolute address of the tiles with ``{z}``, ``{x}`` and ``{y}`` in it.
    extent
        Where the data lie; without data, and for a live layer, which may have more in a moment, the bounds are left
        out, which means the whole world.
    """
    document: dict[str, object] = {
        "tilejson": "3.0.0",
        "name": layer.name,
        "scheme": "xyz",
        "tiles": [tiles_url],
        "minzoom": layer.min_zoom,
        "maxzoom": MAX_ZOOM,
        # Maps show the attribution as HTML, and a source is what somebody typed at an import.
        "attribution": " · ".join(escape(source) for source in extent.sources),
        "synthetic": extent.synthetic,
        "vector_layers": [
            {
                "id": layer.name,
                "fields": dict(layer.fields),
                "minzoom": layer.min_zoom,
                "maxzoom": MAX_ZOOM,
            }
        ],
    }
    if extent.bounds is not None and layer.revised_as is not None:
        document["bounds"] = list(extent.bounds)
    return document
