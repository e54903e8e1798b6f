"""``python -m api.openapi`` writes the OpenAPI document from which the console's types are made."""

import json
from pathlib import Path

from api.app import create_app
from gridmgmt.settings import PROJECT_DIR, Settings

FILE = PROJECT_DIR / "maps" / "console" / "openapi.json"


def openapi_text() -> str:
    """Return the document as text, the same for every server of this version."""
    app = create_app(Settings(data=Path(), database_url=None), "postgresql:///unused")
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(openapi_text(), encoding="utf-8")
