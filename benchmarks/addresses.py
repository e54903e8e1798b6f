"""The address search among a million addresses over HTTP, beside ILIKE on the whole text with a trigram index.

The million is made up from a seed: some ten thousand roads with lanes and doors, compounds, institutions; the small
gazetteer of the tests lies among it. The questions are both quality sets of the tests, the one that the search was
written by and the blind one, in a seeded order. ``ILIKE`` knows no pinyin, mistakes or former names: it is asked for
the very same texts and judged by the same answers. A fixed statement in the same rounds tells how busy the machine was.
"""

import argparse
import csv
import http.client
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psycopg
from harness import Stages, publish, require
from tiles_cold import cold_server

sys.path.insert(0, str(Path(__file__).parents[1]))  # the quality set is the tests'

from gridmgmt.access.rules import local_actor
from gridmgmt.cluster import open_database
from gridmgmt.crs import Datum
from gridmgmt.db import migrated_sessions, transaction
from gridmgmt.file_kinds import AddressesFile
from gridmgmt.settings import Settings
from tests.support.address_queries import GAZETTEER, Query, blind_set, quality_set

COUNT = 1_000_000
SEED = 2015
ROUNDS = 3
ILIKE_QUESTIONS = 20
"""Where the index gives ILIKE nothing it reads the whole table: more questions would only take longer."""
FIXED = "SELECT sum(n * n) FROM generate_series(1, 20000) n"
BAR_P99_MS = 30.0
BEGINS, DAY = date(2015, 1, 1), date(2026, 1, 1)
ROADS, COMPOUNDS, INSTITUTIONS = 12_000, 25_000, 60_000
_SYLLABLES = (
    "安宝昌春德福光国海和恒虹华嘉建江金锦康兰乐龙明宁平启青庆荣瑞盛泰天文新兴秀永裕云泽正长大东西南北中上高罗月顾杨"
    "庙淞吴张泗通呼共富祁乾真沪蕴逸友谊水石陈潘菊绿景翠丽阳河湖山林松柏梅竹桂莲桥浜泾塘湾宅"
)
_TOWNS = ("张庙街道", "友谊路街道", "吴淞街道", "大场镇", "顾村镇", "杨行镇", "月浦镇", "罗店镇", "淞南镇", "高境镇")
_OF_INSTITUTIONS = (
    "小学",
    "幼儿园",
    "卫生服务站",
    "居委会",
    "图书馆",
    "超市有限公司",
    "派出所",
    "文化中心",
    "银行支行",
)

Ask = Callable[[str], list[str | None]]


class Made:
    """Makes up addresses from one seed."""

    def __init__(self) -> None:
        self.chance = random.Random(SEED)
        ends = ("路", "路", "路", "街", "支路", "西路", "东路", "公路")
        self.roads = self.names(ROADS, ends, (2, 2, 2, 3))
        self.places = {
            road: (self.chance.uniform(121.2, 121.8), self.chance.uniform(31.0, 31.5)) for road in self.roads
        }
        self.number = 0

    def names(self, how_many: int, ends: Sequence[str], lengths: Sequence[int]) -> list[str]:
        """Return so many different names."""
        found: dict[str, None] = {}
        while len(found) < how_many:
            stem = "".join(self.chance.choice(_SYLLABLES) for _ in range(self.chance.choice(lengths)))
            found[stem + self.chance.choice(ends)] = None
        return list(found)

    def row(self, kind: str, name: str, address: str, road: str) -> list[object]:
        """Return one row of the file."""
        self.number += 1
        lon, lat = self.places[road]
        lon, lat = lon + self.number % 97 * 1e-5, lat + self.number % 89 * 1e-5
        return [f"X{self.number:07d}", kind, name, address, f"{lon:.7f}", f"{lat:.7f}"]

    def doors(self, count: int) -> Iterator[list[object]]:
        """Yield doors along roads and lanes until there are so many rows in all."""
        while self.number < count:
            road, town = self.chance.choice(self.roads), self.chance.choice(_TOWNS)
            lane = f"{self.chance.randrange(1, 3000)}弄" if self.chance.random() < 0.7 else ""
            for door in range(1, min(self.chance.randrange(2, 40), count - self.number + 1)):
                yield self.row("door", "", f"上海市宝山区{town}{road}{lane}{door}号", road)


def rows(count: int) -> Iterator[list[object]]:
    """Yield the made-up addresses: the roads, then what has a name of its own, then doors."""
    made = Made()
    ends = ("小区", "苑", "花园", "新村", "一村", "二村", "三村", "公寓", "家园")
    compounds = made.names(COMPOUNDS, ends, (2, 2, 3, 4))
    institutions = made.names(INSTITUTIONS, _OF_INSTITUTIONS, (2, 3, 4))
    for road in made.roads:
        yield made.row("road", road, "", road)
    for kind, unit, named in (("compound", "弄", compounds), ("institution", "号", institutions)):
        for name in named:
            road, town = made.chance.choice(made.roads), made.chance.choice(_TOWNS)
            yield made.row(kind, name, f"上海市宝山区{town}{road}{made.chance.randrange(1, 3000)}{unit}", road)
    yield from made.doors(count)


def write_million(path: Path, count: int) -> None:
    """Write the made-up addresses as a file to import."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["code", "kind", "name", "address", "lon", "lat"])
        writer.writerows(rows(count))


def take(url: str, file: Path, stages: Stages) -> None:
    """Import a file of addresses as the command does."""
    kind = AddressesFile(valid_from=BEGINS, datum=Datum.WGS84)
    with migrated_sessions(url) as factory:
        with stages(f"read {file.stem}"):
            intake = kind.read(file, None)
        with stages(f"store {file.stem}"), transaction(factory) as session:
            labels = kind.labels(file, today=BEGINS)
            kind.store(session, local_actor("benchmark"), intake, labels)


def over_http(port: int) -> Ask:
    """Return what asks our server for the codes that it finds, over one connection, which idle seconds would close."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(text: str) -> list[str | None]:
        connection.request("GET", f"/api/v1/addresses?q={quote(text)}&on={DAY}")
        answer = connection.getresponse()
        body = answer.read()
        require(answer.status == 200, f"{text}: {answer.status} {body[:200]!r}")
        return [item["code"] for item in json.loads(body)["items"]]

    return ask


def by_ilike(connection: psycopg.Connection[tuple[object, ...]]) -> Ask:
    """Return what asks the database for the first ten addresses that hold a text, through a trigram index."""

    def ask(text: str) -> list[str | None]:
        statement = "SELECT code FROM plain_addresses WHERE whole ILIKE %s LIMIT 10"
        return [str(code) for (code,) in connection.execute(statement, [f"%{text}%"], prepare=True).fetchall()]

    return ask


def prepare_ilike(url: str) -> None:
    """Make the table that ILIKE is asked of."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS plain_addresses AS"
            " SELECT code, concat_ws(' ', name, address) AS whole FROM addresses"
        )
        connection.execute(
            "CREATE INDEX IF NOT EXISTS plain_addresses_whole ON plain_addresses USING gin (whole gin_trgm_ops)"
        )
        connection.execute("ANALYZE plain_addresses")


def spent_ms(ask: Ask, questions: Sequence[Query]) -> list[float]:
    """Return how long each question took."""
    found = []
    for question in questions:
        began = time.perf_counter()
        ask(question.text)
        found.append(1000 * (time.perf_counter() - began))
    return found


def hits(ask: Ask, questions: Sequence[Query]) -> dict[str, dict[str, float]]:
    """Return the share of questions with a right answer first and among the first five, by what they try and of all."""
    right: dict[str, dict[str, list[bool]]] = {"at_1": {}, "at_5": {}}
    for question in questions:
        answers = ask(question.text)
        for at, first in (("at_1", answers[:1]), ("at_5", answers[:5])):
            good = bool(question.expected & set(first)) if question.expected else not answers
            for what in (question.what, "all"):
                right[at].setdefault(what, []).append(good)
    return {at: {what: round(statistics.mean(each), 4) for what, each in of.items()} for at, of in right.items()}


def percentiles(times_ms: Sequence[float]) -> dict[str, float]:
    """Return median and 99th percentile; the best of each question tells how busy the machine was."""
    return {"p50_ms": statistics.median(times_ms), "p99_ms": statistics.quantiles(times_ms, n=100)[98]}


def by_statement(connection: psycopg.Connection[tuple[object, ...]]) -> Ask:
    """Return what asks the database the same whatever the text."""

    def ask(_text: str) -> list[str | None]:
        connection.execute(FIXED, prepare=True).fetchall()
        return []

    return ask


def measure(url: str, stages: Stages, count: int) -> dict[str, object]:
    """Ask all in turns and return the figures."""
    sets = {"tuned": quality_set(), "blind": blind_set()}
    questions = [question for each in sets.values() for question in each]
    shuffled = random.Random(SEED).sample(questions, len(questions))
    few = random.Random(SEED).sample(sets["tuned"], ILIKE_QUESTIONS)
    options = "-c jit=off"
    with cold_server(url) as port, psycopg.connect(url, autocommit=True, options=options) as database:
        ours, theirs, fixed = over_http(port), by_ilike(database), by_statement(database)
        with stages("first question"):
            ours("长江西路")
        asked = [("own", ours, sets["tuned"]), ("own, blind", ours, sets["blind"]), ("ilike", theirs, few)]
        quality = {who: hits(ask, those) for who, ask, those in asked}
        spent: dict[str, list[float]] = {"own": [], "ilike": [], "fixed statement": []}
        for _ in range(ROUNDS):
            spent["own"] += spent_ms(over_http(port), shuffled)
            spent["fixed statement"] += spent_ms(fixed, shuffled)
            spent["ilike"] += spent_ms(theirs, few)
    times = {side: percentiles(each) for side, each in spent.items()}
    rounds = [spent["own"][i :: len(shuffled)] for i in range(len(shuffled))]
    times["own, the best of each question"] = percentiles([min(each) for each in rounds])
    return {
        "addresses": count,
        "questions": len(sets["tuned"]),
        "questions_blind": len(sets["blind"]),
        "questions_to_ilike": len(few),
        "rounds": ROUNDS,
        "hit_rate": quality,
        "times": times,
        "own_over_ilike_p50": times["own"]["p50_ms"] / times["ilike"]["p50_ms"],
        "own_over_ilike_p99": times["own"]["p99_ms"] / times["ilike"]["p99_ms"],
        "own_over_fixed_statement_p50": times["own"]["p50_ms"] / times["fixed statement"]["p50_ms"],
        "import": stages.figures,
    }


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when the bar is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=COUNT)
    options.add_argument("--data", type=Path, help="a data folder that holds the million already, or is to keep it")
    given = options.parse_args()
    stages = Stages()
    with TemporaryDirectory() as folder:
        data = given.data or Path(folder) / "data"
        made = (data / "made").exists()
        with open_database(Settings(data=data, database_url=None)) as url:
            if not made:
                million = Path(folder) / "million.csv"
                write_million(million, given.count)
                take(url, million, stages)
                take(url, GAZETTEER, stages)
                (data / "made").write_text(json.dumps(stages.figures))
            prepare_ilike(url)
            stages.figures = json.loads((data / "made").read_text() or "{}")
            figures = measure(url, stages, given.count)
    times = figures["times"]
    require(isinstance(times, dict), "no times")
    publish("addresses", figures, {"p99 over HTTP in ms": (times["own"]["p99_ms"], BAR_P99_MS)})  # type: ignore[index]


if __name__ == "__main__":
    main()
