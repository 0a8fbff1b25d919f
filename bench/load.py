"""A small load generator: concurrent keep-alive connections that send one request again and again."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """Requests a second and latency in milliseconds."""

    rate: float
    p50: float
    p99: float
    answered: int


def measure(port: int, path: str, body: bytes, seconds: float, clients: int) -> Result:
    """Load one address for a while.

    Raises:
        RuntimeError: an answer that is not 200.
    """
    latencies: list[float] = []
    failures: list[int] = []
    stop = time.monotonic() + seconds

    def client() -> None:
        own: list[float] = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < stop:
            start = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            own.append(time.perf_counter() - start)
            if answer.status != 200:
                failures.append(answer.status)
                break
        connection.close()
        latencies.extend(own)

    started = time.monotonic()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{path} answered {failures[0]}")
    elapsed = time.monotonic() - started
    cuts = statistics.quantiles(latencies, n=100)
    return Result(len(latencies) / elapsed, cuts[49] * 1000, cuts[98] * 1000, len(latencies))
