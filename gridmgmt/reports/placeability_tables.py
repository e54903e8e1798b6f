"""The card of a spot, and ranked candidates, as tables and words; HTML, XLSX, CSV and the terminal share them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from gridmgmt.placeability.batch import Ranked
from gridmgmt.placeability.card import CheckResult, NormUsed, PlaceabilityCard, Reason, Scalar
from gridmgmt.placeability.rules import NormItem, PlaceVerdict
from gridmgmt.reports.formatting import UNDEFINED, WITHHELD, count_text, label, minutes_text, ratio_text
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.texts import Language, catalogue, text

_ENUMERATED = {"tenure": "tenure", "candidate_status": "candidate_status", "gate_access": "gate_access"}


def verdict_text(card: PlaceabilityCard, lang: Language) -> str:
    """Return what the card says on the whole, and how many checks end in which verdict."""
    ended = Counter(check.verdict for check in card.checks)
    counts = ", ".join(f"{text(f'verdict.{each}', lang)} {ended[each]}" for each in PlaceVerdict if ended[each])
    return text("place.overall", lang, verdict=text(f"verdict.{card.verdict}", lang), counts=counts)


def check_table(card: PlaceabilityCard, lang: Language) -> Table:
    """Return the twelve checks with their reasons, what they lack, and their evidence."""
    rows = tuple(
        (text(f"place_check.{check.check}", lang), text(f"verdict.{check.verdict}", lang), why(check, lang))
        for check in card.checks
    )
    columns = tuple(Column(text(f"place.{name}", lang)) for name in ("check", "verdict", "reasons"))
    return Table("checks", text("place.checks", lang), columns, rows)


def why(check: CheckResult, lang: Language) -> str:
    """Return why a check says what it says: reasons, what is lacking, evidence."""
    parts = [reason_text(reason, lang) for reason in check.reasons]
    if check.needs:
        needs = [text(f"place_need.{need}", lang) for need in check.needs]
        parts.append(text("place.needs", lang, needs=_joined(needs, lang)))
    evidence = [evidence_text(name, value, lang) for name, value in check.evidence.items() if value is not None]
    return _joined([*parts, *evidence], lang)


def _joined(parts: Sequence[str], lang: Language) -> str:
    return ("；" if lang == "zh" else "; ").join(parts)


def reason_text(reason: Reason, lang: Language) -> str:
    """Return a reason in words."""
    fields: dict[str, str] = {name: _field_text(name, value, lang) for name, value in reason.fields.items()}
    if (norm := reason.norm) is not None:
        fields |= _norm_fields(norm, reason.fields, lang)
    return text(f"place_reason.{reason.code}", lang, **fields)


def _norm_fields(norm: NormUsed, fields: Mapping[str, Scalar], lang: Language) -> dict[str, str]:
    write = _writer(norm.item, lang)
    value = fields.get("value")
    return {
        "item": text(f"norm_item.{norm.item}", lang),
        "norm": f"{norm.norm_set} {norm.edition} [{norm.evidence}]",
        "value": write(value) if isinstance(value, int | float) else UNDEFINED,
        "least": UNDEFINED if norm.least is None else write(norm.least),
        "most": UNDEFINED if norm.most is None else write(norm.most),
    }


def _field_text(name: str, value: Scalar, lang: Language) -> str:
    if name == "level":
        return label("level", str(value), lang)
    if name == "share" and isinstance(value, int | float):
        return ratio_text(float(value))
    return UNDEFINED if value is None else str(value)


def _writer(item: str, lang: Language) -> Callable[[float], str]:
    """Return how values of an item are written for people."""
    if item.endswith("_s"):
        return lambda value: text("place.minutes", lang, value=minutes_text(value))
    if item.endswith("_ratio"):
        return ratio_text
    if item in (NormItem.NEW_RESIDENTS, "in_reach", "load", "slow", "gate_closed"):
        return count_text
    return lambda value: f"{value:.3g}" if abs(value) < 1 else f"{value:,.1f}".removesuffix(".0")


def evidence_text(name: str, value: Scalar, lang: Language) -> str:
    """Return one piece of evidence as its name and its value."""
    if name.startswith("band_"):
        minutes = minutes_text(float(name.removeprefix("band_").removesuffix("_s")))
        return f"{text('place_evidence.band', lang, minutes=minutes)} {count_text(_number(value))}"
    for key in (f"norm_item.{name}", f"place_evidence.{name}", f"level.{name}"):
        if key in catalogue():
            return f"{text(key, lang)} {_value_text(name, value, lang)}"
    return f"{name} {_value_text(name, value, lang)}"


def _number(value: Scalar) -> float | None:
    return value if isinstance(value, int | float) else None


def _value_text(name: str, value: Scalar, lang: Language) -> str:
    if isinstance(value, bool):
        return text("report.yes" if value else "place.no", lang)
    if name in _ENUMERATED:
        return label(_ENUMERATED[name], str(value), lang)
    if name == NormItem.DAYLIGHT:
        return text("report.yes" if value else "place.no", lang)
    if name.startswith(("least_", "gini_")) and isinstance(value, int | float):
        return f"{value:.3f}"
    return _writer(name, lang)(value) if isinstance(value, int | float) else str(value)


def card_tables(card: PlaceabilityCard, lang: Language) -> tuple[Table, ...]:
    """Return all tables of a card that have rows."""
    tables = (
        check_table(card, lang), _gain_table(card, lang), _nearest_table(card, lang), _area_table(card, lang),
        _place_table(card, lang), _taken_table(card, lang), _norm_table(card, lang),
    )  # fmt: skip
    return tuple(table for table in tables if table.rows)


def _table(key: str, columns: Sequence[tuple[str, Kind]], rows: Sequence[tuple[Cell, ...]], lang: Language) -> Table:
    named = tuple(Column(text(f"place.{name}", lang), kind) for name, kind in columns)
    return Table(key, text(f"place.{key}", lang), named, tuple(rows))


def _gain_table(card: PlaceabilityCard, lang: Language) -> Table:
    """Return the newly covered residents by band, and by age where it is known."""
    gain = card.facts.gain
    bands = () if gain is None else gain.bands
    ages = tuple(bands[0].ages) if bands else ()
    columns = (
        Column(text("place.within", lang), "minutes"),
        Column(text("place.residents", lang), "count"),
        *(Column(label("age_band", age, lang), "count") for age in ages),
    )
    rows = tuple((band.limit_s, _shown(band.residents), *(_shown(band.ages[age]) for age in ages)) for band in bands)
    return Table("gain", text("place.gain", lang), columns, rows)


def _shown(count: float | None) -> Cell:
    return WITHHELD if count is None else count


def _nearest_table(card: PlaceabilityCard, lang: Language) -> Table:
    rows = [
        (point.code, point.name, label("point_type", point.type, lang), point.walk_time_s)
        for point in card.facts.nearest
    ]
    return _table("nearest", [("code", "text"), ("name", "text"), ("type", "text"), ("walk", "minutes")], rows, lang)


def _area_table(card: PlaceabilityCard, lang: Language) -> Table:
    columns: list[tuple[str, Kind]] = [
        ("code", "text"), ("name", "text"), ("residents", "count"), ("ratio_before", "ratio"), ("ratio_after", "ratio"),
    ]  # fmt: skip
    areas = () if card.facts.gain is None else card.facts.gain.areas
    rows = [(area.code, area.name, area.residents, area.ratio_before, area.ratio_after) for area in areas]
    return _table("areas", columns, rows, lang)


def _place_table(card: PlaceabilityCard, lang: Language) -> Table:
    columns: list[tuple[str, Kind]] = [
        ("place_no", "text"), ("lon", "degrees"), ("lat", "degrees"), ("residents", "count"),
        ("before", "minutes"), ("after", "minutes"),
    ]  # fmt: skip
    places = () if card.facts.gain is None else card.facts.gain.places
    rows = [
        (str(each.place_no), each.lon, each.lat, each.residents, each.walk_time_before_s, each.walk_time_s)
        for each in places
    ]
    return _table("places", columns, rows, lang)


def _taken_table(card: PlaceabilityCard, lang: Language) -> Table:
    columns: list[tuple[str, Kind]] = [
        ("code", "text"), ("name", "text"), ("residents", "count"), ("load_before", "count"), ("load_after", "count"),
        ("capacity", "count"),
    ]  # fmt: skip
    points = () if card.facts.load is None else card.facts.load.taken
    rows = [
        (point.code, point.name, point.residents, point.load_before, point.load_after, point.capacity)
        for point in points
    ]
    return _table("taken", columns, rows, lang)


def _norm_table(card: PlaceabilityCard, lang: Language) -> Table:
    rows = [(each.title, each.name, each.edition, each.valid_from.isoformat()) for each in card.norm_sets]
    columns: list[tuple[str, Kind]] = [("norms", "text"), ("name", "text"), ("edition", "text"), ("valid_from", "text")]
    return _table("norms", columns, rows, lang)


def terms_text(card: PlaceabilityCard, lang: Language) -> str:
    """Return by what the card was judged, in one line."""
    terms = card.terms
    return text(
        "place.terms", lang, on=terms.on, profile=label("profile", terms.profile, lang), edition=terms.profile_edition,
        speed=f"{terms.speed_m_per_s:g}", at=terms.at, trip=text(f"place_trip.{terms.trip}", lang),
        minutes=minutes_text(terms.limit_s),
    )  # fmt: skip


def ranked_table(ranking: Sequence[Ranked], lang: Language) -> Table:
    """Return candidates in their order with the verdict of every check."""
    checks = [check.check for check in ranking[0].card.checks] if ranking else []
    columns: list[tuple[str, Kind]] = [
        ("rank", "text"), ("name", "text"), ("lon", "degrees"), ("lat", "degrees"), ("verdict", "text"),
        ("residents", "count"), ("fails", "text"), ("warns", "text"), ("unassessed", "text"),
    ]  # fmt: skip
    named = (
        *(Column(text(f"place.{name}", lang), kind) for name, kind in columns),
        *(Column(text(f"place_check.{check}", lang)) for check in checks),
    )
    rows = tuple(_ranked_row(each, lang) for each in ranking)
    return Table("candidates", text("place.candidates", lang), named, rows)


def _ranked_row(each: Ranked, lang: Language) -> tuple[Cell, ...]:
    card = each.card
    gain = None if card.facts.gain is None else card.facts.gain.residents
    counted = (
        str(each.count(verdict)) for verdict in (PlaceVerdict.FAIL, PlaceVerdict.WARN, PlaceVerdict.NOT_ASSESSED)
    )
    verdicts = (text(f"verdict.{check.verdict}", lang) for check in card.checks)
    overall = text(f"verdict.{card.verdict}", lang)
    place = card.candidate
    return (str(each.rank), place.name or "", place.lon, place.lat, overall, gain, *counted, *verdicts)
