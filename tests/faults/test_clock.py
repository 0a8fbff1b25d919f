"""The machine's clock jumps under a running service: what tokens are worth then."""

from __future__ import annotations

import time
from pathlib import Path

from bench.clients import CALL, FEEDBACK, ask, call_body, feedback_body
from bench.faults import faked_clock, set_clock, trust
from bench.served import running

DAY = 86400


def test_tokens_follow_the_clock_and_are_good_for_one_request(tmp_path: Path) -> None:
    environ = {"ALLCUE_DATABASE_URL": f"sqlite:///{tmp_path / 'allcue.db'}", **faked_clock(tmp_path)}
    signer = trust(tmp_path, environ)
    with running(environ, 2) as service:

        def call(header: dict[str, str]) -> int:
            return ask(service.port, CALL, call_body(), header)[0]

        used = signer.header(CALL)
        assert [call(used), call(used), call(used)] == [200, 401, 401]
        unused = signer.header(CALL)
        for jump in (DAY, -DAY):
            set_clock(tmp_path, jump)
            assert call(unused) == 401  # expired; not yet issued
            there = type(signer)(signer.key, signer.iss, signer.base, lambda jump=jump: time.time() + jump)
            assert call(there.header(CALL)) == 200
            assert ask(service.port, FEEDBACK, feedback_body("card"), there.header(FEEDBACK))[0] == 200
        set_clock(tmp_path, 0)
        assert call(unused) == 200  # a refused token is not used up
        assert call(used) == 401
