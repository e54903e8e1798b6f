"""What the pages with a map and tables are put together from: styles, scripts, templates, data in a script."""

import json
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from gridmgmt.texts import Language, text
from maps.offline import OfflineMap


def table_map() -> OfflineMap:
    """Return the map of a page; the page's script brings it to its place."""
    return OfflineMap(
        location=[0.0, 0.0], zoom_start=10, prefer_canvas=True, attribution_control=False,
        max_zoom=19, zoom_snap=0.25,
    )  # fmt: skip


def whole_page(page_map: OfflineMap, name: str, *, title: str, lang: Language, body: str, data: Any) -> str:
    """Return a page of its own style sheet and script, ``name``, and those that all pages share.

    Parameters
    ----------
    data
        What JSON can hold; the script finds it as ``PAGE``.
    """
    return page_map.page(
        title=title,
        lang=lang,
        styles=_static("page.css") + _static(f"{name}.css"),
        body=body,
        script=f"const PAGE = {_script_json(data)};\n{_static('page.js')};\n{_static(f'{name}.js')}",
    )


@cache
def environment() -> Environment:
    """Return the environment of the pages' templates, which use those of reports, too."""
    loader = ChoiceLoader([PackageLoader("maps"), PackageLoader("gridmgmt.reports")])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["text"] = text
    return environment


def _script_json(value: Any) -> str:
    """Return JSON that may stand in a script element."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _static(name: str) -> str:
    return resources.files("maps").joinpath("static", name).read_text(encoding="utf-8")
