"""Pages for people: the console, the interface's documentation, what each problem means."""

import re
from html import escape
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from api.access import open_to_all
from api.language import Lang, language_of
from api.problems import STATUS
from gridmgmt.errors import NotFoundError
from gridmgmt.settings import PROJECT_DIR
from gridmgmt.texts import LANGUAGES, Language, catalogue, text

CONSOLE_DIR = PROJECT_DIR / "maps" / "console" / "dist"
OPENAPI_PATH = "/api/v1/openapi.json"

_HASHED = re.compile(r".+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
"""Vite puts a hash of the content into the names of assets, so those never change."""

_DOCS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>gridmgmt API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/swagger/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/assets/swagger/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_DOCS_SCRIPT = f"""window.ui = SwaggerUIBundle({{
  url: "{OPENAPI_PATH}", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
}});
"""
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1f2933}"
    "h1{font-size:1.4rem}h2{font-size:1rem;margin-top:1.5rem}code{background:#eef2f6;padding:.1rem .3rem}"
    "a{color:#0b63a5}"
)

router = APIRouter(include_in_schema=False, dependencies=[open_to_all])


@router.get("/docs")
def read_docs() -> HTMLResponse:
    """Show the interface's documentation, with nothing from outside."""
    return HTMLResponse(_DOCS_PAGE)


@router.get("/docs/start.js")
def read_docs_script() -> Response:
    """Start the documentation page; apart from it, since inline scripts are forbidden."""
    return Response(_DOCS_SCRIPT, media_type="text/javascript")


@router.get("/problems/{code}")
def read_problem(lang: Lang, code: Annotated[str, PathParameter(max_length=100)]) -> HTMLResponse:
    """Explain a problem: what its detail says, and what to do."""
    key = f"error.{code}"
    if key not in catalogue():
        raise NotFoundError("problem_unknown", value=code)
    words = "".join(f"<p>{escape(catalogue()[key][language])}</p>" for language in LANGUAGES)
    remedies = "".join(
        f"<li>{escape(text(f'title.{status}', lang))} ({status}): {escape(text(f'remedy.{status}', lang))}</li>"
        for status in sorted({int(status) for status in STATUS.values()})
    )
    body = (
        f"<h1><code>{escape(code)}</code></h1><p>{escape(text('page.problem_intro', lang))}</p>"
        f"<h2>{escape(text('page.problem_words', lang))}</h2>{words}"
        f"<h2>{escape(text('page.problem_remedy', lang))}</h2><ul>{remedies}</ul>"
    )
    return HTMLResponse(_page(code, body, lang))


@router.get("/{path:path}")
def read_console(request: Request, path: str) -> Response:
    """Serve the console: its files, and its one page for every address that it draws itself."""
    if path.split("/", maxsplit=1)[0] in {"api", "tiles", "health"}:
        raise HTTPException(404)
    index = CONSOLE_DIR / "index.html"
    if not index.is_file():
        return HTMLResponse(_not_built(language_of(request)), 503)
    file = _console_file(path)
    if file is None and "." in path.rpartition("/")[2]:
        raise HTTPException(404)
    never_changes = file is not None and _HASHED.fullmatch(file.name) is not None
    cache = "public, max-age=31536000, immutable" if never_changes else "no-cache"
    return FileResponse(file or index, headers={"Cache-Control": cache})


def _console_file(path: str) -> Path | None:
    """Return the built file of a path; None where there is none, or where the path leads out of the folder."""
    try:
        file = (CONSOLE_DIR / path).resolve()
        return file if file.is_relative_to(CONSOLE_DIR.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # no file can have such a name: too long, or with a NUL in it
        return None


def _not_built(lang: Language) -> str:
    title = text("page.not_built_title", lang)
    body = f'<h1>{escape(title)}</h1><p>{escape(text("page.not_built", lang))} <a href="/docs">/docs</a></p>'
    return _page(title, body, lang)


def _page(title: str, body: str, lang: Language) -> str:
    head = (
        f'<meta charset="utf-8"><title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style>'
    )
    return f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{body}</body></html>'
