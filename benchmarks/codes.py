"""A country's 620,573 official codes: our import, checked and whole, beside plain ways to put the file into a table.

Ours reads, checks every row (digits, length, province, parent, repetition), opens an edition with a fingerprint of the
content, and writes; the peers read and write, and check nothing. One is Python's csv module and COPY, the other pandas
and its own way into a database.
"""

import csv
import gzip
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from itertools import count
from pathlib import Path

import pandas as pd
import psycopg
from harness import compare, require, shared_data
from sqlalchemy import text

from gridmgmt.access.rules import local_actor
from gridmgmt.cluster import Cluster
from gridmgmt.db import make_engine, make_sessions, migrate, transaction
from gridmgmt.imports import Labels, import_codes
from gridmgmt.ingest.codes import read_codes

ROWS = 620_573
ROUNDS = 3
BAR_S = 30.0
PANDAS_BAR = 1.0
DAY = date(2026, 1, 1)
TABLE = """
CREATE TABLE {name} (code text PRIMARY KEY, name text NOT NULL, parent_code text);
CREATE INDEX ON {name} (parent_code)
"""


def measure(url: str, file: Path) -> None:
    """Compare, and publish the figures; ends when one of our imports misses its bar."""
    engine = make_engine(url)
    sessions, actor, numbers = make_sessions(engine), local_actor("benchmark"), count(1)

    def fresh(name: str) -> psycopg.Connection[tuple[object, ...]]:
        database = psycopg.connect(url)
        database.execute(f"DROP TABLE IF EXISTS {name}".encode())
        database.execute(TABLE.format(name=name).encode())
        return database

    def own() -> int:
        began = time.perf_counter()
        with transaction(sessions) as session:
            session.execute(text("TRUNCATE official_codes"))
            # Another name each time: the very same edition would be found again and left alone.
            labels = Labels(f"run {next(numbers)}", "benchmark", DAY, synthetic=True)
            taken = import_codes(session, actor, read_codes(file), labels).taken
        require(time.perf_counter() - began <= BAR_S, f"an import takes more than {BAR_S} s")
        return taken

    def csv_and_copy() -> int:
        with fresh("by_csv") as database, gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            rows = 0
            with database.cursor().copy("COPY by_csv FROM STDIN") as copy:
                for row in csv.DictReader(stream):
                    copy.write_row((row["code"], row["name"], row["streetCode"]))
                    rows += 1
            return rows

    def pandas_to_sql() -> int:
        fresh("by_pandas").commit()
        frame = pd.read_csv(file, dtype=str, usecols=["code", "name", "streetCode"])
        frame = frame.rename(columns={"streetCode": "parent_code"})
        frame.to_sql("by_pandas", engine, if_exists="append", index=False, method="multi", chunksize=10_000)
        return len(frame)

    def agree(ours: int, peer: str, theirs: int) -> Mapping[str, object]:
        require(ours == theirs == ROWS, f"{peer}: {theirs} rows, ours {ours}")
        return {"rows": theirs}

    compare(
        "codes",
        own=own,
        peers={"csv and COPY": csv_and_copy, "pandas to_sql": pandas_to_sql},
        agree=agree,
        bars={"pandas to_sql": PANDAS_BAR},
        rounds=ROUNDS,
        facts={"rows": ROWS, "bar_s": BAR_S},
    )


def main() -> None:
    """Measure, print and keep the result."""
    file = shared_data("admin_codes/china_villages.csv.gz")
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)).using() as url:
        migrate(url)
        measure(url, file)


if __name__ == "__main__":
    main()
