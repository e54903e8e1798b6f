"""The console in a real Chromium, as the tests of all its pages drive it."""

from typing import Any, Protocol

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
    # The browser itself refuses the outside: to ask the test for each request costs a second of a page's five.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip
PATIENCE_MS = 60_000
"""Two busy cores draw the first frame by software."""
SCALE = 0.5
"""Pixels of a length on the page: software draws a quarter of them, and nothing is laid out differently."""


def new_context(browser: Browser, *, width: int = 1440, height: int = 900, **options: Any) -> BrowserContext:
    """Make a reader's browser with nothing from before, of a Chinese reader unless told otherwise."""
    chosen = {"locale": "zh-CN", "reduced_motion": "reduce", "device_scale_factor": SCALE, **options}
    return browser.new_context(viewport={"width": width, "height": height}, **chosen)  # Playwright's own options


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
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.base_url, "data:", "blob:")):
            self.outside.append(request.url)

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
