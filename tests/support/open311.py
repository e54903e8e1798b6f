"""A served folder for Open311: the town of `paper_grids`, the built-in catalogue, some addresses, and keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.editions.service import open_draft
from gridmgmt.settings import Settings
from tests.support import gazetteer, paper_grids
from tests.support.actors import TESTER, add_account, add_key
from tests.support.division import block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import add_areas, described
from tests.support.serving import served

NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
"""12:00 in the district."""
BASE = "/open311/v2"
SECOND = "310114"


@dataclass(frozen=True)
class Folder:
    """What tests ask: a client without a key, keys, and the database behind."""

    client: httpx.Client
    sessions: sessionmaker[Session]
    key: str
    """Of somebody who may report."""
    reader: str
    """Of the same, for reading alone."""

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Ask for a resource below the endpoint."""
        return self.client.get(f"{BASE}/{path}", params=params)

    def post(self, format_: str = "json", headers: dict[str, str] | None = None, **form: Any) -> httpx.Response:
        """Make a request with the key, in the middle of the first cell unless the form says otherwise."""
        lon, lat = spot(0.5, 0.5)
        values = {"api_key": self.key, "service_code": "0101", "lat": lat, "long": lon, **form}
        given = {name: value for name, value in values.items() if value is not None}
        return self.client.post(f"{BASE}/requests.{format_}", data=given, headers=headers)

    def made(self, **form: Any) -> str:
        """Make a request and return its id."""
        answer = self.post(**form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0]["service_request_id"])


@contextmanager
def open311_folder(url: str, folder: Path, *, districts: int = 1) -> Iterator[Folder]:
    """Serve the folder, open to every reader; with two districts the second lies east of the town."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        paper_grids.halves(session)
        load_builtin(session, TESTER, today=NOW.date())
        gazetteer.take(session, _addresses(folder), synthetic=True)
    if districts == 2:
        with transaction(sessions) as session:
            _add_district(session)
    add_account(sessions, "clerk", Role.INSPECTOR)
    key, reader = add_key(sessions, "clerk"), add_key(sessions, "clerk", [Permission.READ])
    with served(create_app(Settings(reading="open"), url, clock=lambda: NOW)) as client:
        client.headers["Accept-Language"] = "en"
        yield Folder(client, sessions, key, reader)
    engine.dispose()


def _add_district(session: Session) -> None:
    draft = open_draft(session, described("2025", NOW.date().replace(year=2025)))
    add_areas(session, draft, AreaLevel.DISTRICT, {SECOND: ("嘉定区", block(6, 0, 8, 2))})
    take_into_force(session, "2025")


def _addresses(folder: Path) -> Path:
    """Write doors of two roads in the town; one name is that of two compounds 500 m apart."""
    rows = [
        ("door", "", "长江西路1号", 0.5, 0.5), ("door", "", "长江西路3号", 1.5, 0.5),
        ("compound", "和平小区", "", 0.5, 1.5), ("compound", "和平小区", "", 5.5, 1.5),
    ]  # fmt: skip
    lines = ["kind,name,address,lon,lat"]
    for kind, name, address, column, row in rows:
        lon, lat = spot(column, row)
        lines.append(f"{kind},{name},{address},{lon},{lat}")
    path = folder / "addresses.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
