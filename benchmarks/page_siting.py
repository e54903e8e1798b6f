"""The sections of the page of figures that tell of siting."""

from collections.abc import Callable, Mapping

from page_parts import Result, facts, table


def _certificate(result: Result) -> str:
    proof = f"proven in {result['nodes']} nodes" if result["proven"] else f"with a gap of {result['gap']:.2%}"
    return (
        f"{result['points']} points for {facts(result, 'places', 'candidates', 'pairs')}, walks of "
        f"{result['limit_s'] / 60:g} minutes: {result['objective']:,.0f} of {result['residents']:,.0f} residents "
        f"covered, {proof}."
    )


def _dense(result: Result) -> str:
    return (
        f"{_certificate(result)} The median of {result['rounds']} searches is {result['own_s']:.3f} s. spopt "
        f"{result['spopt']} with HiGHS, run once between them, takes {result['spopt_highs_s']:.0f} s for the same "
        f"objective: {result['times_faster']:,.0f} times as long."
    )


def _large(result: Result) -> str:
    highs = result["highs"]
    return (
        f"{_certificate(result)} It takes {result['own_s']:.1f} s. HiGHS, given the merged rows and the greedy plan, "
        f"reaches {highs['objective']:,.0f} in {highs['seconds_given']:.0f} s, "
        + ("without a bound." if highs["gap"] is None else f"with a gap of {highs['gap']:.2%}.")
    )


def _wuhan(result: Result) -> str:
    return (
        f"{_certificate(result)} It takes {result['own_s']:.2f} s. The curve of 1 … {result['curve_points']} points "
        f"takes {result['curve_s']:.2f} s where its last plan alone takes {result['alone_s']:.2f} s; its largest gap "
        f"is {result['curve_largest_gap']:.2%}, {result['curve_proven']} of its plans are proven."
    )


def _graphs(result: Result) -> str:
    graphs = result["graphs"]
    proven = sum(graph["proven"] and graph["objective"] == graph["optimum"] for graph in graphs)
    theirs = sum("spopt_ended" in graph for graph in graphs)
    return (
        f"pmed1 to pmed{len(graphs)} of the OR-Library on one core: {proven} of {len(graphs)} optima found and proven "
        f"in {result['own_s']:.1f} s in all, none in more than {max(graph['nodes'] for graph in graphs)} nodes. spopt "
        f"{result['spopt']} with HiGHS, given {result['spopt_max_s']:.0f} s for each of the first {theirs}, ends "
        f"{result['spopt_ended']} of them with the same objectives in "
        f"{result['times_faster_where_spopt_ended']:,.0f} times as long."
    )


def _sf(result: Result) -> str:
    rows = [
        [
            model["model"],
            f"{model['answer']:.14g}",
            f"{model['published']:.14g}",
            f"{model['own_s'] * 1000:.1f}",
            f"{model['spopt_highs_s'] * 1000:.0f}",
        ]
        for model in result["models"]
    ]
    return f"Published answers for {result['tracts']} tracts and {result['stores']} stores, each proven:\n\n" + table(
        ["model", "answer", "published", "own ms", "spopt and HiGHS ms"], rows
    )


def _streets(result: Result) -> str:
    rows = [
        [
            city,
            f"{asked['places']:,} × {asked['candidates']:,}",
            "{points} points, gap {gap:.2g}, {own_s:.2f} s".format(**result["p_median"][city]),
            "{points:.0f} points, {own_s:.2f} s".format(**result["set_cover"][city]),
            "{points} points, {own_s:.2f} s".format(**result["p_center"][city]),
        ]
        for city, asked in result["questions"].items()
    ]
    return (
        "Walks of up to 20 minutes; the fewest points and the longest walks are proven. spopt with HiGHS takes "
        f"{result['spopt_highs_set_cover_porto_s']:.0f} s for the fewest points of Porto, "
        f"{result['times_faster_set_cover_porto']:,.0f} times as long.\n\n"
        + table(["city", "places × candidates", "least sum of walks", "fewest points", "least longest walk"], rows)
    )


def _room(result: Result) -> str:
    own, highs = result["own"], result["highs"]
    near = next((spent for gap, spent in own["seconds_to_gap"].items() if gap == "0.01"), None)
    certain = "" if near is None else f", certainly within 1 % of the best after {near:.1f} s"
    proof = "proven" if own["proven"] else f"with a gap of {own['gap']:.2g}"
    found = "no plan" if highs["objective"] is None else f"{highs['objective']:,.0f}"
    return (
        f"{result['points']} points for {facts(result['question'], 'places', 'candidates', 'pairs')}: "
        f"{own['objective']:,.0f} residents find room in {own['own_s']:.1f} s, "
        f"{proof}{certain}. HiGHS alone, on the same "
        f"{highs['rows']:,} merged rows, has {found} after {highs['highs_s']:.0f} s."
    )


SITING: Mapping[str, tuple[str, Callable[[Result], str]]] = {
    "siting_cover_dense": ("Most residents covered, dense part of Porto", _dense),
    "siting_cover_large": ("Most residents covered, 200,000 places", _large),
    "siting_cover_wuhan": ("Most residents covered, Wuhan, and the curve", _wuhan),
    "siting_room_porto": ("Most residents who find room, Porto", _room),
    "siting_room_wuhan": ("Most residents who find room, Wuhan", _room),
    "siting_median_graphs": ("Least sums of walks, graphs of the OR-Library", _graphs),
    "siting_median_sf": ("Siting in San Francisco beside the published answers", _sf),
    "siting_median_streets": ("Least walks and fewest points, Porto and Wuhan", _streets),
}
