"""What a server counts, in the text format of Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds


class Counters:
    """Counted in the event loop alone, so that nothing is locked."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._refusals: Counter[str] = Counter()
        self._pictures = 0
        self._seconds: Counter[int] = Counter()
        self._seconds_sum = 0.0

    def request(self, route: str, status: int) -> None:
        self._requests[route, status] += 1

    def refused(self, code: str) -> None:
        self._refusals[code] += 1

    def picture(self, seconds: float) -> None:
        """One that was captioned, and how long it took from its arrival."""
        self._pictures += 1
        self._seconds[bisect_left(BOUNDS, seconds)] += 1
        self._seconds_sum += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        return "\n".join([*self._lines(), *_gauges(gauges), ""])

    def _lines(self) -> Iterator[str]:
        yield "# TYPE memecap_requests_total counter"
        for (route, status), n in sorted(self._requests.items()):
            yield f'memecap_requests_total{{route="{route}",status="{status}"}} {n}'
        yield "# TYPE memecap_refusals_total counter"
        for code, n in sorted(self._refusals.items()):
            yield f'memecap_refusals_total{{code="{code}"}} {n}'
        yield "# TYPE memecap_caption_seconds histogram"
        below = 0
        for place, bound in enumerate([*BOUNDS, "+Inf"]):
            below += self._seconds[place]
            yield f'memecap_caption_seconds_bucket{{le="{bound}"}} {below}'
        yield f"memecap_caption_seconds_sum {self._seconds_sum:.6f}"
        yield f"memecap_caption_seconds_count {self._pictures}"


def _gauges(values: Mapping[str, float]) -> Iterator[str]:
    for name, value in values.items():
        yield f"# TYPE memecap_{name} gauge"
        yield f"memecap_{name} {value:g}"
