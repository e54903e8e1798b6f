"""Counts and durations of requests, as Prometheus reads them; each process counts by itself."""

from collections import Counter, defaultdict
from threading import Lock

from gridmgmt.walking.cache import CacheFigures

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_REQUESTS = "gridmgmt_http_requests_total"
_DURATION = "gridmgmt_http_request_duration_seconds"

_WARM = (
    ("entries", "gauge", "Warm networks and walking times that are kept."),
    ("bytes", "gauge", "Bytes of them."),
    ("hits", "counter", "Questions answered from them."),
    ("builds", "counter", "Of them built."),
    ("build_s", "counter", "Seconds spent on building them."),
    ("evictions", "counter", "Of them let go for want of room."),
)


def warm_text(figures: CacheFigures) -> str:
    """Return what is kept warm for questions about walking in Prometheus' text format."""
    lines = []
    for field, kind, told in _WARM:
        name = f"gridmgmt_walk_state_{'build_seconds' if field == 'build_s' else field}"
        name += "_total" if kind == "counter" else ""
        lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}", f"{name} {getattr(figures, field)}"]
    return "\n".join(lines) + "\n"


def waiting_text(changes: int) -> str:
    """Return how many changes of cases wait to be tallied in Prometheus' text format."""
    name = "gridmgmt_untallied_case_changes"
    told = "Changes of cases that wait to be tallied; answers count them all the same, only slower."
    return f"# HELP {name} {told}\n# TYPE {name} gauge\n{name} {changes}\n"


class Metrics:
    """Counts requests by method, route and status, and their durations by route."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: Counter[str] = Counter()

    def observe(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one answered request."""
        with self._lock:
            self._requests[method, route, status] += 1
            self._seconds[route] += duration_s  # type: ignore[assignment]  # a Counter adds floats as well
            self._buckets[route][sum(duration_s > bound for bound in BUCKETS_S)] += 1

    def text(self) -> str:
        """Return all counts in Prometheus' text format."""
        with self._lock:
            lines = [f"# HELP {_REQUESTS} Requests answered.", f"# TYPE {_REQUESTS} counter"]
            lines += [
                f"{_REQUESTS}{_labels(method=method, route=route, status=str(status))} {count}"
                for (method, route, status), count in sorted(self._requests.items())
            ]
            lines += [f"# HELP {_DURATION} Time to answer, in seconds.", f"# TYPE {_DURATION} histogram"]
            for route in sorted(self._buckets):
                lines += self._histogram(route)
        return "\n".join(lines) + "\n"

    def _histogram(self, route: str) -> list[str]:
        lines, count = [], 0
        for bound, hits in zip((*map(str, BUCKETS_S), "+Inf"), self._buckets[route], strict=True):
            count += hits
            lines.append(f"{_DURATION}_bucket{_labels(route=route, le=bound)} {count}")
        seconds = f"{_DURATION}_sum{_labels(route=route)} {self._seconds[route]:.6f}"
        return [*lines, seconds, f"{_DURATION}_count{_labels(route=route)} {count}"]


def _labels(**labels: str) -> str:
    """Return labels as Prometheus writes them.

    >>> _labels(method="GET", route="/docs")
    '{method="GET",route="/docs"}'
    """
    escaped = (
        (name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
