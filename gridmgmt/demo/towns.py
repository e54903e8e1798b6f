"""What is fixed in the demo whatever the seed: the twelve towns, their rough layout, sizes and modes.

Names, codes and the size of each area are public; the shapes are drawn by hand on a coarse lattice.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

DISTRICT_CODE, DISTRICT_NAME = "310113", "宝山区"
CENTRE_LON, CENTRE_LAT = 121.400, 31.400
COUNTED_ON = date(2014, 12, 31)
"""The day of the towns' residents; all of them are made up."""
ELDERLY_SHARE = 0.30
"""Share of residents aged 60 and more."""

Mode = Literal["basic_management_unit", "sector", "direct"]
Zone = Literal["dense", "suburban", "rural"]

LAYOUT: tuple[str, ...] = (
    "....JJJJJJ..................",
    "...JJJJJJJJJ................",
    "..JJJJJJJJJJJ...............",
    "..JJJJJJJJJJJJ..............",
    "..JJJJJJJJJJJPPP............",
    "..JJJJJJJJJJJPPPPP..........",
    "..JJJJJJJJJJJPPPPPPP........",
    "..JJJJJJJJJJJPPPPPPPPP......",
    "...JJJJJJJJJLPPPPPPPPPP.....",
    "...LLLLLLLLLLPPPPPPPPPPP....",
    "...LLLLLLLLLLLPPPPPPPPPP....",
    "...LLLLLLLLLLLPPPPPPPPPFF...",
    "...LLLLLLLLLLLPPPPPPPPPFFF..",
    "....LLLLLLLLLLPPPPPPPPFFFF..",
    "....LLLLLLLLLLPPPPPYYYFFFFF.",
    "....LLLLLLLLLYYYYYYYYYFFFFF.",
    "....LLLLLLLLLYYYYYYYYYYFFWW.",
    ".....LLLLGGGGYYYYYYYYYYWWWW.",
    ".....GGGGGGGGYYYYYYYYYYWWWW.",
    ".....GGGGGGGGGYYYYYYYYYWWWW.",
    ".....GGGGGGGGGYYYYYYYYYWW...",
    ".....GGGGGGGGGGYYYYYYYYSSS..",
    ".....GGGGGGGGGGYYYYYZZSSSS..",
    "......GGGGGGGGGGMMZZZZSSSS..",
    ".......GGGGGGGGGMMZZZSSSSS..",
    "........GGGGGGDDMMZSSSSSSS..",
    ".........GGGGGDDMMMSSSSKKK..",
    "..........GGDDDDMMMKKKKKKK..",
    "..........DDDDDDDDDKKKKK....",
    "..........DDDDDDDDD.........",
    "...........DDDDDDDDD........",
    "...........DDDDDDDDD........",
    "............DDDDDDDD........",
    ".............DDDD...........",
)
"""The district from north to south, one letter a superblock of about half a square kilometre."""


@dataclass(frozen=True)
class Town:
    """One town-level area.

    ``area_km2`` is the published size that the layout follows roughly; ``core_m`` is the radius of its built-up
    core around the middle, ``core`` and ``rest`` the zones inside and outside it. ``points`` is how many service
    points are open, and ``spread`` how well they are spread out: of so many candidates for each, the one farthest
    from the others is taken.
    """

    letter: str
    code: str
    name: str
    area_km2: float
    quarters: int
    residents: int
    core_m: float
    core: Zone
    rest: Zone
    points: int
    spread: int
    mode: Mode | None = None

    @property
    def kind(self) -> Literal["subdistrict", "town"]:
        """Return what sort of town-level area it is; subdistricts have codes below 100."""
        return "subdistrict" if int(self.code[-3:]) < 100 else "town"


TOWNS: tuple[Town, ...] = (
    Town("F", "310113003", "友谊路街道", 10.45, 41, 160_000, 2500, "dense", "suburban", 16, 8),
    Town("W", "310113007", "吴淞街道", 7.52, 28, 100_000, 2200, "dense", "suburban", 7, 2),
    Town("Z", "310113008", "张庙街道", 5.19, 40, 125_000, 5000, "dense", "dense", 9, 8),
    Town("L", "310113101", "罗店镇", 44.2, 74, 205_000, 2300, "suburban", "rural", 14, 2, "basic_management_unit"),
    Town("D", "310113102", "大场镇", 27.22, 93, 370_000, 5000, "dense", "dense", 30, 6, "basic_management_unit"),
    Town("Y", "310113103", "杨行镇", 37.9, 40, 240_000, 2400, "dense", "suburban", 26, 3, "sector"),
    Town("P", "310113104", "月浦镇", 45.3, 44, 140_000, 2000, "suburban", "rural", 9, 1, "direct"),
    Town("J", "310113106", "罗泾镇", 48.2, 33, 65_000, 1200, "suburban", "rural", 6, 1, "direct"),
    Town("G", "310113109", "顾村镇", 41.66, 89, 350_000, 3000, "dense", "suburban", 34, 4, "basic_management_unit"),
    Town("K", "310113111", "高境镇", 7.1, 33, 140_000, 5000, "dense", "dense", 11, 6, "direct"),
    Town("M", "310113112", "庙行镇", 5.96, 19, 110_000, 5000, "dense", "dense", 6, 4, "direct"),
    Town("S", "310113113", "淞南镇", 13.65, 26, 140_000, 5000, "dense", "suburban", 9, 2, "direct"),
)


@dataclass(frozen=True)
class Unit:
    """One basic management unit: so many quarters of a town around a place, ``east`` and ``north`` of its middle.

    The two are shares (-1 to 1) of half the town's width and height.
    """

    town: str
    code: str
    name: str
    stem: str
    quarters: int
    east: float
    north: float


UNITS: tuple[Unit, ...] = (
    Unit("D", "310113102-U1", "大华社区", "大华", 22, 0.5, -0.6),
    Unit("G", "310113109-U1", "菊泉社区", "菊泉", 18, -0.5, 0.6),
    Unit("G", "310113109-U2", "共泰社区", "共泰", 16, 0.5, -0.4),
    Unit("L", "310113101-U1", "罗家园社区", "罗家园", 12, 0.3, -0.3),
)

HOUSING: dict[str, tuple[tuple[float, float], ...]] = {
    "old_estate": ((0.0, 0.0),),
    "commercial": ((0.6, -0.6), (-0.6, 0.5)),
    "resettlement": ((0.6, 0.6),),
    "mixed": ((-0.6, -0.6),),
}
"""Housing type of a sector → where in the town it lies (as in `Unit`): a quarter joins the nearest place's sector."""

ZHANGMIAO, PLANNED_POINTS = "310113008", 15
