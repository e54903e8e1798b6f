"""The statements behind tiles: one per layer, prepared once on each connection, parameters bound.

The box of the tile is brought to the SRID of the stored geometry, never the column to the box, so the GiST index
answers. A statement returns the layer's stamp from the very snapshot that it draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources

from psycopg import sql
from psycopg.types.numeric import Float8, Int4, Int8
from sqlalchemy import DateTime, bindparam

from gridmgmt.analysis.status import LIMIT_TOLERANCE_S
from gridmgmt.cases.queries import select_drawn
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.coverage.document import STATUSES
from gridmgmt.frames import compiled_text
from layers.case_filter import ALL_CASES
from layers.selection import Selection
from layers.specs import Layer
from layers.tiles import BUFFER_UNITS, EXTENT_UNITS, Tile

_CELL_UNITS = 64
"""Features of one kind that share a cell of this size are one where a layer merges: eight pixels of a 512-pixel tile.

The grid is aligned with the tiles and the buffer is one cell wide, so a cell is whole in every tile that shows it.
"""

_CASE_CELL_UNITS = 512
"""Cases that share a cell of this size are one: 64 pixels, so that their numbers can be read beside each other."""

_CELL = sql.SQL("floor(ST_X(geom) / (%(unit_m)s * {size})), floor(ST_Y(geom) / (%(unit_m)s * {size}))").format(
    size=sql.Literal(_CELL_UNITS)
)
_CENTRE = sql.SQL(
    "ST_SetSRID(ST_MakePoint((min(ST_X(geom)) + max(ST_X(geom))) / 2, (min(ST_Y(geom)) + max(ST_Y(geom))) / 2), 3857)"
)
_COUNTED_ONCE = sql.SQL("AND (%(single)s OR c.state <> 'duplicate')")
"""Where neither a state nor a number is asked for, cases that are linked to another are not counted beside it."""

_NOW = bindparam("now", None, type_=DateTime(timezone=True))
"""The moment at which cases are drawn; the value is that of the request."""

_NAMED = sql.SQL("SELECT edition_id FROM editions WHERE subject = 'areas' AND part = '' AND name = %(edition)s::text")
_ON = sql.SQL("%(on)s::date")
_DAY = sql.SQL(
    "SELECT coalesce(valid_from, planned_from, {on}) FROM (SELECT) AS one LEFT JOIN editions ON edition_id = ({named})"
).format(on=_ON, named=_NAMED)
"""The day whose areas are drawn: the first one of the edition that is asked for, else the day itself."""

_COUNTING = sql.SQL(
    "SELECT edition_id FROM editions WHERE subject = 'areas'"
    " AND ((state = 'in_force' AND valid_from <= ({day})) OR edition_id = ({named}))"
).format(day=_DAY, named=_NAMED)
"""The boundary editions that count on that day, a draft that is asked for with them."""

_EDITION = sql.SQL(
    "SELECT coalesce(({named}), (SELECT edition_id FROM editions WHERE subject = 'areas' AND state = 'in_force'"
    " AND valid_from <= {on} ORDER BY valid_from DESC, edition_id DESC LIMIT 1))"
).format(on=_ON, named=_NAMED)
"""The one boundary edition that is asked for, else the last one in force."""

_KNOWN = sql.SQL("(%(edition)s::text IS NULL OR EXISTS ({named}))").format(named=_NAMED)
_STAMP = sql.SQL(
    "coalesce((SELECT revision || '.' || (extract(epoch FROM changed_at) * 1000000)::bigint "
    "FROM layer_revisions WHERE layer = {revised_as}), '0')"
)
_TILE = sql.SQL("""
WITH features AS ({features}),
drawn AS (
    SELECT
        id,
        {fields},
        ST_AsMVTGeom(geom, ST_TileEnvelope(%(z)s, %(x)s, %(y)s), {extent}, {buffer}, true) AS geom
    FROM features
)
SELECT
    {stamp} AS stamp,
    {known} AS known,
    (SELECT ST_AsMVT(drawn, {name}, {extent}, 'geom', 'id' ORDER BY id) FROM drawn WHERE geom IS NOT NULL) AS tile
""")
_STATE = sql.SQL("""
SELECT
    {stamp} AS stamp,
    {known} AS known,
    (SELECT bool_or(synthetic) FROM editions) AS synthetic,
    run.run_id,
    run.bands_s
FROM (SELECT) AS one
LEFT JOIN LATERAL (
    SELECT r.run_id, ARRAY(SELECT jsonb_array_elements_text(r.parameters -> 'bands_s')::float8) AS bands_s
    FROM coverage_runs AS r
    WHERE r.finished_at IS NOT NULL AND (%(run)s::bigint IS NULL OR r.run_id = %(run)s::bigint)
    ORDER BY r.finished_at DESC, r.run_id DESC
    LIMIT 1
) AS run ON {has_runs}
""")
_EXTENT = sql.SQL("""
SELECT
    array[ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)] AS bounds,
    sources,
    synthetic
FROM (
    SELECT
        ST_Extent(extent) AS box,
        array_agg(DISTINCT source ORDER BY source) AS sources,
        bool_or(synthetic) AS synthetic
    FROM editions
    WHERE
        subject = {subject}
        AND (
            (valid_from <= ({day}) AND (valid_to IS NULL OR valid_to > ({day})))
            OR edition_id = ({named})
        )
) AS e
WHERE box IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class DrawnRun:
    """The coverage run that a tile draws, with the ends of its walking bands in seconds."""

    run_id: int
    bands_s: tuple[float, ...]


@lru_cache(maxsize=256)
def tile_statement(layer: Layer, cases: CaseFilter = ALL_CASES) -> str:
    """Return the statement of a layer, for a layer of cases of those that meet a filter.

    What a filter does not ask for is not in the statement, so that it hides no index from the planner. Its one row is
    (stamp, whether the edition that is asked for is known, tile), the tile NULL or empty when nothing is drawn.

    Raises
    ------
    InputError
        ``counted_incomplete`` where the filter has a measure without its period, or a period without a measure.
    """
    text = resources.files("layers").joinpath("sql", f"{layer.name}.sql").read_text(encoding="utf-8")
    features = sql.SQL(text).format(
        cell=_CELL,
        cell_units=sql.Literal(_CASE_CELL_UNITS),
        cells=sql.Literal(EXTENT_UNITS // _CASE_CELL_UNITS),
        centre=_CENTRE,
        counting=_COUNTING,
        day=_DAY,
        edition=_EDITION,
        cases=sql.SQL(_cases(cases)[0] if layer.of_cases else ""),
        counted=_COUNTED_ONCE if _is_counted_once(cases) else sql.SQL(""),
    )
    return _TILE.format(
        features=features,
        fields=sql.SQL(", ").join(map(sql.Identifier, layer.fields)),
        extent=sql.Literal(EXTENT_UNITS),
        buffer=sql.Literal(BUFFER_UNITS),
        name=sql.Literal(layer.name),
        stamp=_stamp(layer),
        known=_KNOWN,
    ).as_string()


def case_parameters(selection: Selection, now: datetime) -> Mapping[str, object]:
    """Return the values that the filter of cases is bound to; deadlines after ``now`` are not due yet."""
    return {**_cases(selection.cases)[1], _NOW.key: now}


@lru_cache(maxsize=256)
def _cases(wanted: CaseFilter) -> tuple[str, Mapping[str, object]]:
    return compiled_text(select_drawn(wanted, _NOW))


def _is_counted_once(wanted: CaseFilter) -> bool:
    return wanted.is_open is None and not wanted.states and wanted.measure is None


def tile_parameters(layer: Layer, tile: Tile, selection: Selection, run: DrawnRun | None) -> Mapping[str, object]:
    """Return the values that a layer's statement is bound to; integers have one type each, so it is prepared once."""
    west, south, east, north = tile.bounds(BUFFER_UNITS)
    bands_s = sorted(run.bands_s, reverse=True) if run else []
    return {
        "z": Int4(tile.z),
        "x": Int4(tile.x),
        "y": Int4(tile.y),
        "west": Float8(west),
        "south": Float8(south),
        "east": Float8(east),
        "north": Float8(north),
        "unit_m": Float8(tile.unit_m),
        "single": tile.z >= layer.single_from_zoom,
        "classes": [selection.level] if selection.level else layer.classes_at(tile.z),
        "on": selection.on,
        "edition": selection.edition,
        "kind": selection.kind,
        "run": run and Int8(run.run_id),
        "bands_s": bands_s,
        "band_thresholds_s": [-(end_s + LIMIT_TOLERANCE_S) for end_s in bands_s],
        "statuses": list(STATUSES),
    }


@cache
def state_statement(layer: Layer) -> str:
    """Return the statement that tells a layer's state.

    Its one row is (stamp, whether the edition that is asked for is known, whether data are synthetic, run, bands).
    """
    has_runs = sql.Literal("run" in layer.parameters)
    return _STATE.format(stamp=_stamp(layer), known=_KNOWN, has_runs=has_runs).as_string()


def state_parameters(selection: Selection) -> Mapping[str, object]:
    """Return the values that the statement of a layer's state is bound to."""
    return {"run": selection.run, "edition": selection.edition}


@cache
def extent_statement(layer: Layer) -> str:
    """Return the statement of a layer's bounds, sources and whether any is synthetic; no row when there are none."""
    return _EXTENT.format(subject=sql.Literal(layer.subject.value), day=_DAY, named=_NAMED).as_string()


def extent_parameters(selection: Selection) -> Mapping[str, object]:
    """Return the values that the statement of a layer's bounds is bound to."""
    return {"on": selection.on, "edition": selection.edition}


def _stamp(layer: Layer) -> sql.Composable:
    if layer.revised_as is None:
        return sql.SQL("'live'")
    return _STAMP.format(revised_as=sql.Literal(layer.revised_as))
