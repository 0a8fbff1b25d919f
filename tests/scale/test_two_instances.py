"""Two instances over one PostgreSQL, without and with Redis: what they share, and what becomes of one that is killed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bench.clients import CALL, ask, call_body, clients, feedback_body, until
from bench.cluster import WITHIN, Cluster, cluster, missing
from bench.proxies import MISSING, NGINX, PASSING, SERVER
from bench.scale import before, killed, limited, replayed, same_answers, wrong
from bench.served import ROOT

pytestmark = pytest.mark.postgresql
CONF = ROOT / "deploy" / "compose" / "nginx.conf"


@pytest.fixture(scope="module", params=[False, True], ids=["postgresql", "redis"])
def found(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if lacks := missing(redis=request.param):
        pytest.skip(lacks)
    with cluster(redis=request.param) as made:
        yield made


def test_a_token_is_good_once_for_both(found: Cluster) -> None:
    assert replayed(found, 10) == 0


def test_a_call_has_the_same_answer_from_both(found: Cluster) -> None:
    assert same_answers(found)


def test_feedback_to_one_is_known_to_the_other_and_counts_once(found: Cluster) -> None:
    one, other = (instance.port for instance in found.instances)
    status, told = ask(one, CALL, call_body(), found.signer.header(CALL))
    assert status == 200
    card = told["cards"][0]["uuid"]
    until(lambda: found.ask(f"SELECT count(*) FROM traces WHERE card = '{card}'") == [1], WITHIN)
    body, path = feedback_body(card), f"{CALL}/feedback"
    for port in (other, one, other):
        assert ask(port, path, body, found.signer.header(path))[0] == 200
    assert found.ask(f"SELECT known FROM feedback WHERE card = '{card}'") == [True]


@pytest.mark.parametrize("kind", ["nginx", "balancer"])
def test_one_is_killed_and_comes_back(found: Cluster, kind: str) -> None:
    if kind == "nginx" and NGINX is None:
        pytest.skip(MISSING)
    told = killed(found, kind, 1.0, 4)
    assert wrong(told) == []
    assert told.acknowledged
    with before(found, kind, f"after-{kind}") as (port, _), clients(port, 2, call_body(), found.signer) as account:
        until(lambda: account.calls[200] > 3, WITHIN)


@pytest.mark.parametrize("redis", [False, True], ids=["postgresql", "redis"])
def test_a_client_has_one_share_of_both(redis: bool) -> None:
    if lacks := missing(redis=redis):
        pytest.skip(lacks)
    with cluster(redis=redis, rate="0.01", burst="20") as made:
        told = limited(made, 0.01, 20, 60, 4)
    assert 20 <= told.let <= told.most, told


def test_nginx_is_told_what_deploy_tells_it() -> None:
    """What is measured here is how the proxy of deploy/compose leaves an instance out."""
    if not CONF.exists():
        pytest.skip("no deploy/compose/nginx.conf here")
    text = re.sub(r"\s+", " ", CONF.read_text(encoding="utf-8"))
    assert [line for line in (*PASSING, f"resolve {SERVER};", "least_conn;") if line not in text] == []
