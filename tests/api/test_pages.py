"""The console's files as the server gives them; a drawn-up build stands in for the real one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api import pages
from api.app import create_app
from api.inline import inline_policy
from gridmgmt.settings import Settings
from tests.support.serving import served


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the console's build, with a file beside it that nobody may read."""
    folder = tmp_path / "dist"
    monkeypatch.setattr(pages, "CONSOLE_DIR", folder)
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
def client(database_url: str, build: Path) -> Iterator[httpx.Client]:
    with served(create_app(Settings(), database_url)) as client:
        yield client


def test_the_console_and_its_files(client: httpx.Client, build: Path) -> None:
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<p>console</p>", encoding="utf-8")
    (build / "assets" / "index-VKTVSOkl.js").write_text("1", encoding="utf-8")
    (build / "assets" / "plain.css").write_text("p{}", encoding="utf-8")
    for address in ("/", "/areas", "/cases/C-1"):
        page = client.get(address)
        assert (page.text, page.headers["cache-control"]) == ("<p>console</p>", "no-cache")
    hashed, plain = client.get("/assets/index-VKTVSOkl.js"), client.get("/assets/plain.css")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-type"].startswith("text/javascript")
    assert plain.headers["cache-control"] == "no-cache"
    assert client.get("/assets/gone-VKTVSOkl.js").status_code == 404


TOO_LONG = f"/{'x' * 5000}.txt"


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%00.txt", TOO_LONG]
)
def test_nothing_outside_the_build_is_read(client: httpx.Client, build: Path, path: str) -> None:
    build.mkdir()
    (build / "index.html").write_text("<p>console</p>", encoding="utf-8")
    answer = client.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.json()["title"]


def test_an_address_too_long_for_a_file_is_a_page_of_the_console(client: httpx.Client, build: Path) -> None:
    build.mkdir()
    (build / "index.html").write_text("<p>console</p>", encoding="utf-8")
    assert client.get(f"/{'x' * 5000}").text == "<p>console</p>"


def test_without_a_build_a_page_says_what_to_do(client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept-Language": "en"})
    assert page.status_code == 503
    assert "scripts/setup" in page.text


def test_the_documentation_needs_nothing_from_outside(client: httpx.Client) -> None:
    for address in ("/docs", "/docs/start.js"):
        text = client.get(address).text
        assert "http:" not in text
        assert "https:" not in text


def test_a_policy_allows_exactly_the_scripts_of_its_page() -> None:
    policy = inline_policy(
        '<script>let a = 1;</script><p><script type="module">\nlet b;\n</script><script src="x"></script>'
    )
    # Computed with `printf 'let a = 1;' | openssl dgst -sha256 -binary | base64`, and likewise with the line ends.
    digests = (
        "sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck=",
        "sha256-YSRsXaa2QhHwxOcNgVQcsCor5IEevw/u3bewYDa6RG4=",
    )
    assert f"script-src '{digests[0]}' '{digests[1]}';" in policy
    assert "script-src 'none'" in inline_policy("<p>nothing</p>")
