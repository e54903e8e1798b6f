"""folium maps that need nothing from outside: Leaflet is inlined, ids are counted, a policy forbids every request.

folium links its libraries from public hosts by lists that all maps of a process share. A class of our own with its own
empty lists leaves those untouched.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from gridmgmt.errors import UnavailableError

_VENDOR = Path(__file__).parent / "static" / "vendor" / "leaflet"

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


class OfflineMap(folium.Map):
    """A map without a basemap whose page holds all it needs."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 -- declared so by folium
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 -- declared so by folium

    def __init__(self, **options: Any) -> None:  # Any: what Leaflet's map takes
        super().__init__(tiles=None, **options)

    def page(self, *, title: str, lang: str, styles: str, body: str, script: str) -> str:
        """Return the whole page; ``script`` runs when the map and all its layers are there."""
        figure = cast("Figure", self.get_root())
        figure.title = title
        figure.header.add_child(_Verbatim(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'))
        figure.header.add_child(_Verbatim('<meta name="viewport" content="width=device-width, initial-scale=1">'))
        figure.header.add_child(_Verbatim(f"<style>{leaflet_css()}\n{styles}</style>"))
        figure.header.add_child(_Verbatim(f"<script>{leaflet_js()}</script>"))
        figure.html.add_child(_Verbatim(body), name="page_body")
        _count_ids(self)
        self.add_child(_LastScript(f"const MAP = {self.get_name()};\n{script}"))
        page: str = figure.render()
        return page.replace("<html>", f'<html lang="{lang}">', 1)


class _Verbatim(Element):
    """Content that is not read as a template."""

    def __init__(self, content: str) -> None:
        super().__init__("{{ this.content }}")
        self.content = content


class _LastScript(MacroElement):
    """A script that runs after those of the elements added before it."""

    _template = Template("{% macro script(this, kwargs) %}{{ this.script }}{% endmacro %}")

    def __init__(self, script: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca declares no types here
        self._name = "LastScript"
        self.script = script


@cache
def leaflet_js() -> str:
    """Return Leaflet's script.

    Raises
    ------
    UnavailableError
        When the set-up has not put it there.
    """
    return re.sub(r"//# sourceMappingURL=\S+", "", _vendored("leaflet.js"))


@cache
def leaflet_css() -> str:
    """Return Leaflet's style sheet without its images, which belong to controls that are not used."""
    return re.sub(r"url\([^)]*\)", "none", _vendored("leaflet.css"))


def _vendored(name: str) -> str:
    try:
        return (_VENDOR / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UnavailableError("map_assets_missing", file=name) from error


def _count_ids(element: Any, start: int = 0) -> int:  # Any: branca has no types
    """Give an element and all below it counted ids in place of random ones, so that equal pages have equal bytes."""
    element._id = str(start)  # noqa: SLF001 -- branca has no other way to set it
    for child in element._children.values():  # noqa: SLF001 -- nor to walk the tree
        start = _count_ids(child, start + 1)
    return start
