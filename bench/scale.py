"""``python -m bench.scale``: two instances behind a proxy, one of which is killed and comes back.

Eight clients with signed tokens call and tell feedback in turns. Told is what they met, what became of acknowledged
feedback, whether a token was good twice, and whether the rate limit held over both. The exit code is 1 where it did not.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from bench.clients import CALL, Account, Signer, ask, call_body, clients
from bench.cluster import Cluster, cluster, missing
from bench.proxies import MISSING, NGINX, balancer, nginx, tries

DISCOVERY = "/cds-services"


@dataclass
class Killed:
    """What clients met. ``errors``: answers but 200 and broken connections, ``last_error``: seconds from the kill to the
    last of them; ``stored``: of the acknowledged. With nginx: ``noticed``: seconds from the kill until it met the dead
    instance, ``passed_on``: calls it tried there a second later or more and passed on, ``back``: seconds from when the instance
    took connections again until it was given calls."""

    sent: int
    answered: int
    errors: int
    last_error: float
    longest: float
    acknowledged: int
    stored: int
    silent: int
    unclear: list[str]
    statuses: dict[str, int]
    noticed: float | None = None
    passed_on: int | None = None
    back: float | None = None


@contextmanager
def before(found: Cluster, kind: str, name: str = "proxy", number: int = 2) -> Iterator[tuple[int, Path]]:
    """A proxy before the first instances: its port and the folder of its log."""
    ports = [one.port for one in found.instances[:number]]
    with nginx(found.folder / name, ports) if kind == "nginx" else balancer(ports) as port:
        yield port, found.folder / name


def _errors(account: Account) -> int:
    return sum(account.refused.values()) + account.lost + account.unreached


def killed(found: Cluster, kind: str, seconds: float, number: int = 8) -> Killed:
    """Kill the second instance in the middle, start it again, and tell what came of it."""
    dead = found.instances[1]
    with before(found, kind) as (port, folder):
        with clients(port, number, call_body(), found.signer) as account:
            time.sleep(seconds)
            at, begun = time.time(), _errors(account)
            dead.kill()
            last, seen = at, begun
            while time.time() < at + max(seconds, 3.0):
                if _errors(account) > seen:
                    last, seen = time.time(), _errors(account)
                time.sleep(0.01)
            dead.start()
            again = time.time()
            time.sleep(max(seconds, 3.0))
        told = Killed(
            account.sent, account.calls[200] + account.feedback[200], _errors(account), round(last - at, 2),
            round(account.longest, 2), len(account.acknowledged), found.stored(account.acknowledged), account.silent,
            sorted(set(account.unclear)), account.refused,
        )  # fmt: skip
        if kind == "nginx":
            _as_logged(told, tries(folder, dead.port), at, again)
    return told


def _as_logged(told: Killed, tried: list[tuple[float, bool]], at: float, again: float) -> None:
    gone = [moment for moment, failed in tried if failed and at <= moment < again]
    back = [moment for moment, failed in tried if not failed and moment >= again]
    told.noticed = round(gone[0] - at, 2) if gone else None
    told.passed_on = sum(moment > gone[0] + 1 for moment in gone) if gone else 0
    told.back = round(back[0] - again, 2) if back else None


def replayed(found: Cluster, number: int = 40) -> int:
    """How many tokens were taken twice: each is sent to both instances, half of them at one moment."""
    body, twice = call_body(), 0

    def one(instance: int, header: dict[str, str]) -> bool:
        return ask(found.instances[instance].port, CALL, body, header)[0] == 200

    with ThreadPoolExecutor(2) as pool:
        for turn in range(number):
            header = found.signer.header(CALL)
            both = pool.map(one, (0, 1), (header, header)) if turn % 2 else map(one, (0, 1), (header, header))
            taken = list(both)
            assert any(taken), "a token was refused by both"
            twice += all(taken)
    return twice


@dataclass
class Limited:
    """Calls that were let through in a time, of those that were made, and the most that may be. ``shared``: whether what is
    shared answered all the time; on a machine that is too busy for that each process counts by itself."""

    made: int
    let: int
    most: float
    shared: bool


def limited(found: Cluster, rate: float, burst: int, calls: int = 120, threads: int = 8) -> Limited:
    """Call both instances in turns as fast as may be."""
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        statuses = list(pool.map(lambda turn: _discover(found.instances[turn % 2].port, found.signer), range(calls)))
    shared = not found.logged("rate limits are not shared now")
    most = burst + rate * (time.monotonic() - began + 1)
    return Limited(calls, statuses.count(200), round(most if shared else 3 * most, 1), shared)


def _discover(port: int, signer: Signer) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", DISCOVERY, headers=signer.header(DISCOVERY))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def same_answers(found: Cluster) -> bool:
    """Whether both instances answer a call with the same cards, to their ids."""
    body = call_body()
    one, other = (ask(one.port, CALL, body, found.signer.header(CALL)) for one in found.instances)
    return one == other


def throughput(found: Cluster, kind: str, seconds: float, rounds: int, number: int) -> dict[str, float]:
    """Requests a second through the proxy with one and with two instances, in rounds that take turns."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(rounds):
        for instances in rates:
            with before(found, kind, f"load-{turn}-{instances}", instances) as (port, _):
                started = time.monotonic()
                with clients(port, number, call_body(), found.signer) as account:
                    time.sleep(seconds)
                    rates[instances].append(account.sent / (time.monotonic() - started))
    middle = {instances: sorted(told)[len(told) // 2] for instances, told in rates.items()}
    return {"one": round(middle[1], 1), "two": round(middle[2], 1), "ratio": round(middle[2] / middle[1], 2)}


@dataclass
class Watch:
    """The most connections to PostgreSQL while something runs."""

    most: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def watched(found: Cluster) -> Iterator[Watch]:
    """Count connections of Allcue four times a second."""
    watch = Watch()

    def look() -> None:
        while not watch.stop.wait(0.25):
            (now,) = found.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'allcue'")
            watch.most = max(watch.most, now)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop.set()
        thread.join()


def rows(found: Cluster) -> dict[str, dict[str, float]]:
    """Rows and bytes of one row, indexes included, of each table."""
    told = {}
    for table in ("feedback", "used_tokens"):  # of traces there are few: the clients ask the same again and again
        (count,) = found.ask(f"SELECT count(*) FROM {table}")
        (size,) = found.ask(f"SELECT pg_total_relation_size('{table}')")
        told[table] = {"rows": count, "bytes": round(size / count) if count else 0}
    return told


def wrong(told: Killed, twice: int = 0, limit: Limited | None = None, most: int | None = None) -> list[str]:
    """What must not be.

    Args:
        most: errors; a call that the dead instance had is lost, one for each client.
    """
    found = []
    if told.stored < told.acknowledged:
        found.append(f"{told.acknowledged - told.stored} acknowledged, not stored")
    if most is not None and told.errors > most:
        found.append(f"{told.errors} errors, more than {most} clients had calls under way: {told.statuses}")
    if told.unclear or told.silent:
        found.append(f"refusals without reason: {told.unclear}; {told.silent} answers without cards")
    if twice:
        found.append(f"{twice} tokens taken twice")
    if limit is not None and not 0 < limit.let <= limit.most:
        found.append(f"{limit.let} calls let through, at most {limit.most:.0f} may be")
    return found


@click.command()
@click.option("--seconds", default=8.0, show_default=True, help="Before the kill, while dead, and after.")
@click.option("--clients", "number", default=8, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Of each instance.")
@click.option("--rounds", default=3, show_default=True, help="Of one instance and two in turns.")
@click.option("--output", type=click.Path(path_type=Path), help="Write what was found as JSON.")
def main(seconds: float, number: int, workers: int, rounds: int, output: Path | None) -> None:
    """Two instances behind a proxy, over PostgreSQL, without and with Redis."""
    kind = "nginx" if NGINX else "balancer"
    if not NGINX:
        click.echo(f"NOTICE: {MISSING}; a balancer of connections stands in")
    everything: dict[str, Any] = {}
    bad: list[str] = []
    for redis in (False, True):
        name = "PostgreSQL and Redis" if redis else "PostgreSQL"
        if lacks := missing(redis=redis):
            click.echo(f"{name}: not run: {lacks}")
            continue
        told = everything[name] = _one(redis, kind, seconds, number, workers, rounds)
        bad += [f"{name}: {problem}" for problem in told.pop("wrong")]
        click.echo(f"{name}\n{json.dumps(told, indent=1)}")
    if output:
        output.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    for problem in bad:
        click.echo(f"WRONG: {problem}")
    sys.exit(1 if bad or not everything else 0)


def _one(redis: bool, kind: str, seconds: float, number: int, workers: int, rounds: int) -> dict[str, Any]:
    with cluster(redis=redis, workers=workers) as found, watched(found) as watch:
        rates = throughput(found, kind, seconds, rounds, number)
        fall = killed(found, kind, seconds, number)
        twice, same, sizes = replayed(found), same_answers(found), rows(found)
    rate, burst = 5.0, 40
    with cluster(redis=redis, workers=workers, rate=str(rate), burst=str(burst)) as found:
        limit = limited(found, rate, burst)
    problems = wrong(fall, twice, limit, number)
    if not same:
        problems.append("the instances answer one call differently")
    return {
        "requests_per_second": rates, "killed": asdict(fall), "tokens_taken_twice": twice, "limited": asdict(limit),
        "connections": {"most": watch.most, "workers": 2 * workers}, "rows": sizes, "wrong": problems,
    }  # fmt: skip


if __name__ == "__main__":
    main()
