"""The sections of the page of figures that tell of cases."""

import statistics
from collections.abc import Callable, Mapping

from page_parts import Result, compared, facts


def _writes(result: Result) -> str:
    rounds = ", ".join(f"{share:.2f}" for share in result["ratio_of_each_round"])
    return (
        f"{result['clients']} clients, {result['processes']} web processes, rounds of "
        f"{result['seconds_of_a_round']} s: {result['http_per_s']:,.0f} a second over HTTP, "
        f"{result['pgbench_per_s']:,.0f} by pgbench with the same statements prepared. The median of the ratios of "
        f"{result['rounds']} interleaved rounds is {result['http_over_pgbench']:.2f} ({rounds}). Over HTTP half take "
        f"less than {result['http_p50_ms']:.1f} ms, 99 of 100 less than {result['http_p99_ms']:.0f} ms. "
        "Callers, which write to bare sockets, and pgbench share the two cores with server and database."
    )


def _duplicates(result: Result) -> str:
    at_random, shared = result["at random"], result["at a point of 20,000 cases"]
    return (
        f"The one statement of a report among {result['cases']:,} cases at {result['places']} places, execution as "
        f"PostgreSQL tells it: {at_random['p50_ms']:.2f} ms in the median and {at_random['p99_ms']:.2f} ms for 99 of "
        f"100 at random places, {shared['p50_ms']:.2f} and {shared['p99_ms']:.2f} ms around a point that 20,000 cases "
        "share."
    )


def _list(result: Result) -> str:
    return (
        f"{result['cases']:,} cases, pages of 100 by filters and boxes drawn at random, with their capped counts. The "
        f"same statements by hand take {result['sql_over_http']:.2f} of the time over HTTP. Over HTTP half take less "
        f"than {result['http_p50_ms']:.1f} ms, 99 of 100 less than {result['http_p99_ms']:.0f} ms; by hand "
        f"{result['sql_p50_ms']:.1f} and {result['sql_p99_ms']:.0f} ms. The board takes {result['board_ms']:.0f} ms, a "
        f"tile of the whole district {result['tile_of_open_cases_ms']:.0f} ms for open cases and "
        f"{result['tile_of_all_cases_ms']:.0f} ms for all."
    )


def _open311(result: Result) -> str:
    told = []
    for name in ("json_1000", "xml_1000", "json_50", "xml_50"):
        format_, _, size = name.partition("_")
        each = result[name]
        told.append(
            f"{int(size):,} requests as {format_.upper()}: half take less than {each['http_p50_ms']:.1f} ms over "
            f"HTTP, 99 of 100 less than {each['http_p99_ms']:.0f} ms; the statement alone takes "
            f"{each['sql_over_http']:.2f} of it"
        )
    return f"{result['cases']:,} cases, lists of 90 days. " + ". ".join(told) + "."


def _indicators(result: Result) -> str:
    worst_ms, sql_ms = result["http_worst_ms"], result["sql_ms"]
    slowest = max(worst_ms, key=worst_ms.__getitem__)
    at_once = ("total", "by town", "by department", "by type", "by post", "by quarter", "by cell")
    told = ", ".join(f"{name} {result['http_median_ms'][name]:.0f} ms" for name in at_once)
    return (
        f"A month among {result['cases']:,} cases of a year in the demo's cells, {result['waiting']:,} of them changed "
        f"since they were tallied: {told}, over HTTP in the median; the slowest of {len(worst_ms)} questions, "
        f"“{slowest}”, at worst {worst_ms[slowest]:.0f} ms. One SQL over the cases that finds the same numbers takes "
        f"{statistics.median(sql_ms.values()):.0f} ms in the median of the questions, "
        f"{result['sql_over_http']:.0f} times as long. The first answer in areas of another day, which reads their "
        f"surfaces, takes {max(result['first_ms'].values()):,.0f} ms. {result['waiting']:,} changed cases are tallied "
        f"in {result['fold_of_changed_ms']:.0f} ms, all cases anew in {result['rebuild_s']:.0f} s; noting a change "
        f"takes {result['cost_of_queue']:.1%} of a move, by the rates of {len(result['cost_of_each_pair'])} runs of "
        "pgbench with it and as many without."
    )


def _boston(result: Result) -> str:
    return (
        f"The Boston year of {result['cases']:,} cases by the command: {result['own_s']:.1f} s in the median of "
        f"{result['rounds']} empty folders, start and areas of each report's day included; once more, with nothing to "
        f"add, {result['again_s']:.1f} s. Memory {result['peak_mib']:.0f} MiB."
    )


def _feed(result: Result) -> str:
    return (
        f"{result['readers']} readers of one server, {result['moves_per_s']} moves a second, {result['events']:,} "
        f"events received: half arrive less than {result['p50_ms']:.0f} ms after the commit, 99 of 100 less than "
        f"{result['p99_ms']:.0f} ms, the last after {result['most_ms']:.0f} ms."
    )


def _hot_spots(result: Result) -> str:
    kept_s, many_s, test_s = (
        result[name] for name in ("neighbours_kept_s", "of_99_999_permutations_s", "test_of_99_999_alone_s")
    )
    return (
        f"{facts(result, 'cells', 'cases', 'permutations')}: from the database to the answer {result['whole_s']:.2f} s "
        f"(at most {result['most_s']:.0f} s) with neighbours worked out anew, {kept_s:.2f} s with those of the "
        f"boundary edition kept; with 99,999 permutations, as the product asks, {many_s:.2f} s with neighbours kept, "
        f"of which the test alone takes {test_s:.2f} s. esda gets densities and weights ready made. Repeated places of "
        f"one type take {result['repeated_places_s']:.1f} s, of any type {result['repeated_places_of_any_type_s']:.1f} "
        f"s.\n\n{compared(result)}"
    )


CASES: Mapping[str, tuple[str, Callable[[Result], str]]] = {
    "case_reports": ("Reports of cases over HTTP beside the same statements in pgbench", _writes),
    "case_duplicates": ("What a report may repeat among a million cases", _duplicates),
    "case_moves": ("Moves of cases over HTTP beside the same statements in pgbench", _writes),
    "case_list": ("Lists of a million cases over HTTP beside the same SQL", _list),
    "indicators": ("Indicators of a month among a million cases beside one SQL", _indicators),
    "open311": ("Lists of Open311 among a million cases beside the same SQL", _open311),
    "hot_spots": ("Hot spots of a year over 27,000 cells beside esda", _hot_spots),
    "case_import": ("A register of a year into the database", _boston),
    "case_feed": ("From the commit of a move to those who look", _feed),
}
