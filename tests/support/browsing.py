"""The console in a real Chromium, as the tests of all its pages drive it."""

from typing import Protocol

from playwright.sync_api import Page, Route, expect

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
PATIENCE_MS = 60_000
"""Two busy cores draw the first frame by software."""


class Served(Protocol):
    base_url: str


class Console:
    """One page of the console with all that went wrong on it."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.route(lambda url: not url.startswith((base_url, "data:", "blob:")), self._refuse)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _refuse(self, route: Route) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def open(self, address: str = "/") -> Page:
        self.page.goto(self.base_url + address)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def drawn(self) -> None:
        """Wait until the map has drawn all it asked for."""
        self.page.wait_for_selector("[data-testid=map][data-idle=true]", state="attached")

    def click_map_centre(self) -> None:
        box = self.page.get_by_test_id("map").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def close(self) -> None:
        self.page.close()
