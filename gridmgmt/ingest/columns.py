"""Which column holds what, and which rows a filter keeps.

A column is found by its name; an explicit name always wins. Candidates stand in order of preference: the
official full name of an area (``admin_name``) before its short one (``name``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridmgmt.crs import Datum
from gridmgmt.errors import InputError
from gridmgmt.ingest.intake import Mask, Objects
from gridmgmt.ingest.values import texts
from gridmgmt.units import AGE_BANDS

_ROLES: Mapping[str, Sequence[str]] = {
    "code": (
        "code", "area_code", "admin_code", "adcode", "gb_code", "行政区划代码", "区划代码", "统计代码", "代码", "编码",
        "osm_id", "osm_relation_id",
    ),
    "name": ("admin_name", "official_name", "full_name", "name", "name:zh", "名称", "全称", "区划名称"),
    "official_code": ("code", "区划代码", "统计用区划代码", "行政区划代码", "统计代码", "代码", "编码"),
    "official_name": ("name", "名称", "区划名称", "单位名称"),
    "official_parent": (
        "parent_code", "上级代码", "上级区划代码", "streetcode", "street_code", "街道代码", "街镇代码",
        "areacode", "area_code", "citycode", "city_code", "provincecode", "province_code",
    ),
    "point_code": ("code", "point_code", "编码", "编号"),
    "point_name": ("name", "名称", "机构名称", "站点名称"),
    "gate_code": ("code", "gate_code", "编码", "编号", "出入口编码"),
    "gate_name": ("name", "gate_name", "名称", "出入口名称"),
    "gate_access": ("access", "gate_access", "通行", "通行方式", "开放对象"),
    "gate_hours": ("hours", "opening_hours", "开放时间", "时间"),
    "levels": ("building:levels", "levels", "floors", "num_floors", "层数", "楼层数", "地上层数"),
    "value": ("value", "figure", "数值", "值"),
    "type": ("type", "类型", "类别", "机构类型"),
    "status": ("status", "opening_status", "状态", "运营状态"),
    "capacity": ("capacity", "beds", "床位数", "容量"),
    "area_code": ("area_code", "所属区划代码", "区划代码", "街镇代码"),
    "parent_code": ("parent_code", "上级代码", "上级中心代码"),
    "valid_from": ("valid_from", "生效日期", "启用日期"),
    "address": ("address", "地址", "详细地址"),
    "cell_code": ("cell_code", "网格代码", "单元网格代码", "单元网格编码"),
    "grid_kind": ("kind", "grid_kind", "网格类型", "类型"),
    "grid_code": ("grid_code", "责任网格代码", "责任网格编码"),
    "grid_name": ("grid_name", "责任网格名称", "责任网格"),
    "post_code": ("post_code", "code", "岗位代码", "岗位编码"),
    "backup_code": ("backup_code", "backup_post", "备岗代码", "备岗"),
    "post_name": ("post_name", "name", "岗位名称", "岗位"),
    "body": ("body", "单位", "所属单位"),
    "hours": ("hours", "值守时间", "工作时间"),
    "case_no": ("case_no", "case_enquiry_id", "案件编号", "案件号", "任务号"),
    "case_type": ("case_type", "type", "subcategory", "案件小类", "小类", "类型"),
    "kind": ("kind", "案件类型", "案件属性"),
    "case_status": ("case_status", "status", "案件状态", "状态"),
    "reported_at": ("reported_at", "open_dt", "opened_at", "上报时间", "发现时间"),
    "due_at": ("due_at", "target_dt", "截止时间", "处置截止时间"),
    "closed_at": ("closed_at", "closed_dt", "结案时间"),
    "source": ("source", "case_source", "案件来源", "来源"),
    "department_code": ("department_code", "处置部门代码", "部门代码"),
    "description": ("description", "问题描述", "案件描述", "描述"),
    "reason": ("closure_reason", "结案意见", "处置结果"),
    "residents_60_plus": ("residents_60_plus", "pop_60_plus", "60_plus", "60+", "60岁以上", "60岁及以上"),
}  # fmt: skip
_LON = re.compile(r"(?:lon|lng|long|longitude|x|经度)(?:_(wgs84|cgcs2000|gcj02|bd09))?", re.IGNORECASE)
_LAT = re.compile(r"(?:lat|latitude|y|纬度)(?:_(wgs84|cgcs2000|gcj02|bd09))?", re.IGNORECASE)
_CONDITION = re.compile(r"(?P<column>[^=!~]+)(?P<operator>!=|!~|=|~)(?P<text>.*)", re.DOTALL)


def band_candidates(band: str) -> Sequence[str]:
    """Return the names under which an age band's residents are looked for.

    >>> band_candidates("80_plus")
    ('residents_80_plus', 'pop_80_plus', '80_plus', '80+', '80+岁', '80岁以上')
    """
    shown = band.replace("_plus", "+").replace("_", "-")
    above = (f"{band.removesuffix('_plus')}岁以上",) if band.endswith("_plus") else ()
    return (f"residents_{band}", f"pop_{band}", band, shown, f"{shown}岁", *above)


def find_column(columns: Iterable[str], role: str, given: str | None = None) -> str | None:
    """Return the column of a role: the given one, else the first candidate that is there, else None.

    Raises
    ------
    InputError
        ``column_unknown`` when the given column is not there.
    """
    names = list(columns)
    if given is not None:
        if given not in names:
            raise InputError("column_unknown", field=role, column=given, found=", ".join(names))
        return given
    folded = {name.casefold(): name for name in reversed(names)}
    return next((folded[candidate] for candidate in _candidates(role) if candidate in folded), None)


def require_column(columns: Iterable[str], role: str, given: str | None = None) -> str:
    """Return the column of a role, or refuse the file and say which columns it has.

    Raises
    ------
    InputError
        ``column_missing``, ``column_unknown``.
    """
    names = list(columns)
    column = find_column(names, role, given)
    if column is None:
        raise InputError("column_missing", field=role, known=", ".join(_candidates(role)), found=", ".join(names))
    return column


def coordinate_columns(
    columns: Iterable[str], lon: str | None, lat: str | None, datum: Datum | None
) -> tuple[str, str]:
    """Return the columns of longitude and latitude.

    A found column whose name ends in a datum (``lon_gcj02``) must agree with the declared one; naming the columns
    explicitly overrides what their names say.

    Raises
    ------
    InputError
        ``column_missing``, ``column_unknown``, ``datum_contradicted``.
    """
    names = list(columns)
    found: list[str] = []
    for role, pattern, given in (("lon", _LON, lon), ("lat", _LAT, lat)):
        if given is not None:
            found.append(find_column(names, role, given) or given)
            continue
        matches = [match for name in names if (match := pattern.fullmatch(name))]
        if not matches:
            known = pattern.pattern[3:].partition(")")[0].replace("|", ", ")
            raise InputError("column_missing", field=role, known=known, found=", ".join(names))
        named = matches[0].group(1)
        if named and not _agrees(Datum(named.lower()), datum):
            raise InputError("datum_contradicted", column=matches[0].string, named=named.lower(), datum=datum or "—")
        found.append(matches[0].string)
    return found[0], found[1]


@dataclass(frozen=True)
class Condition:
    """A filter on one column: equal (``=``), containing (``~``), or not (``!=``, ``!~``)."""

    column: str
    operator: str
    text: str

    @classmethod
    def parse(cls, source: str) -> "Condition":
        """Return the condition of a text such as ``type!~动物医疗``.

        Raises
        ------
        InputError
            ``filter_malformed``.
        """
        match = _CONDITION.fullmatch(source)
        if not match:
            raise InputError("filter_malformed", value=source)
        return cls(match["column"].strip(), match["operator"], match["text"].strip())

    def holds(self, values: Objects) -> Mask:
        """Tell for each cell whether the condition holds; a blank cell is an empty text."""
        cells = ["" if value is None else str(value) for value in texts(values)]
        contained = self.operator.endswith("~")
        hits = np.array([self.text in cell if contained else cell == self.text for cell in cells], dtype=bool)
        return ~hits if self.operator.startswith("!") else hits


def keep_where(columns: Mapping[str, Objects], filters: Sequence[str], count: int) -> Mask:
    """Tell which rows all filters keep.

    Raises
    ------
    InputError
        ``filter_malformed``, ``column_unknown``.
    """
    kept: Mask = np.ones(count, dtype=bool)
    for condition in map(Condition.parse, filters):
        if condition.column not in columns:
            raise InputError("column_unknown", field="where", column=condition.column, found=", ".join(columns))
        kept &= condition.holds(columns[condition.column])
    return kept


def _agrees(named: Datum, declared: Datum | None) -> bool:
    """Tell whether a column's datum needs no declaration, or is the declared one."""
    plain = (Datum.WGS84, Datum.CGCS2000)
    return named == declared or (named in plain and (declared is None or declared in plain))


def _candidates(role: str) -> Sequence[str]:
    """Return the candidate names of a role, folded for comparison."""
    band = role.removeprefix("residents_")
    return band_candidates(band) if band in AGE_BANDS else _ROLES.get(role, ())
