"""Takes the pictures of docs/screens from a running demo: .venv/bin/python scripts/screens.py URL [NAME…].

Its month of cases must be there, which is some minutes after the first start.
"""

import sys
from pathlib import Path
from shutil import which

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screens"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
SIZE = {"width": 1280, "height": 800}
PATIENCE_MS = 90_000
SETTLED_MS = 2_500
"""For what is drawn after its data have come."""
PAGES = {
    "coverage": "/",
    "governance": "/governance",
    "cases": "/cases",
    "catalogue": "/catalogue",
    "editions": "/areas/editions",
    "area": "/areas/310113",
    **{
        part: f"/systems?part={part}"
        for part in ("bodies", "desks", "meetings", "premises", "assessment", "targets", "gates", "exchange")
    },
}
ROLE = "demo-duty-chief"
"""May see the most."""


def take(page: Page, url: str, name: str) -> None:
    """Take the picture of one page once it is quiet."""
    page.goto(url + PAGES[name], wait_until="networkidle", timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=70)


def main() -> None:
    """Take all pictures, or those named."""
    url, *names = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=FLAGS)
        page = browser.new_page(viewport=SIZE, locale="zh-CN")
        page.set_default_timeout(PATIENCE_MS)
        signed_in = page.request.post(f"{url}/api/v1/session", data={"demo": ROLE}, headers={"Origin": url})
        assert signed_in.ok, signed_in.text()
        for name in names or PAGES:
            take(page, url, name)
        browser.close()


if __name__ == "__main__":
    main()
