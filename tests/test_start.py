"""What a service that starts does not load, and what it leaves as it was."""

from __future__ import annotations

import gc
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from bench.served import ROOT
from service.apart import done_apart
from service.collector import paused, settle_anew
from service.rules.packing import packed
from service.rules.rule import Example, Examples
from service.store import schema
from service.store.revision import NEWEST

# The second start of a service with a file of SQLite: no library is loaded that it does not use, and no YAML is read.
_START = """
import json, sys
import service.wsgi
from service.rules import plain_yaml
from service.rules.rule import Example
import gc
print(json.dumps({"modules": sorted(sys.modules), "frozen": gc.get_freeze_count(), "collecting": gc.isenabled(),
                  "examples": sum(isinstance(one, Example) for one in gc.get_objects())}))
"""
NOT_AT_START = ("alembic", "mako", "pygments", "psycopg", "sqlalchemy.dialects.postgresql", "hypothesis", "pytest", "mkdocs",
                "service.conformance", "service.population")  # fmt: skip


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = str(tmp_path_factory.mktemp("home"))
    environ = {"PATH": "/usr/bin:/bin", "HOME": folder, "PYTHONPATH": str(ROOT)}
    for _ in range(2):  # the first makes tables and compiled content
        done = subprocess.run(
            [sys.executable, "-c", _START],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        assert "compiled" not in done.stderr, "it was kept and is read"
    assert len(list(Path(folder).glob(".cache/allcue/content-*.compiled"))) == 1
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", NOT_AT_START)
def test_a_start_does_not_load(name: str, started: dict[str, object]) -> None:
    modules = started["modules"]
    assert isinstance(modules, list)
    assert not [module for module in modules if module == name or module.startswith(f"{name}.")]


@pytest.mark.parametrize("name", ["fhir.resources.R4B.medicationrequest", "jinja2", "orjson", "sqlite3"])
def test_what_a_call_needs_is_loaded_before(name: str, started: dict[str, object]) -> None:
    assert name in started["modules"]  # type: ignore[operator]


def test_examples_of_rules_are_not_held(started: dict[str, object]) -> None:
    assert started["examples"] == 0


def test_what_stays_is_frozen_and_the_collector_goes_on(started: dict[str, object]) -> None:
    assert started["collecting"] is True
    assert int(str(started["frozen"])) > 100_000


def test_examples_come_back_as_they_were() -> None:
    told = tuple(Example(f"n{n}", {"age_years": n, "x": [1.5, "a", True]}, "applies", ("f",)) for n in range(3))
    kept = Examples(told)
    assert (len(kept), tuple(kept), kept[1], kept[1:], kept[-1]) == (3, told, told[1], told[1:], told[2])
    assert len(packed(kept)) < len(packed(told)) + 200
    assert (len(Examples()), tuple(Examples())) == (0, ())


@paused()
def _fail_while_paused() -> None:
    assert not gc.isenabled()
    _ = 1 / 0


def test_the_collector_is_as_before_whatever_happens() -> None:
    for before in (True, False):
        (gc.enable if before else gc.disable)()
        try:
            with pytest.raises(ZeroDivisionError):
                _fail_while_paused()
            assert gc.isenabled() is before
        finally:
            gc.enable()


def test_what_was_replaced_is_let_go_of() -> None:
    class Old:
        ended = 0

        def __del__(self) -> None:
            Old.ended += 1

    old = Old()
    old.itself = old  # type: ignore[attr-defined]
    gc.freeze()
    del old
    try:
        settle_anew()
        assert Old.ended == 1
    finally:
        gc.unfreeze()


def test_work_apart_is_given_back_or_left_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.active_count", lambda: 1)
    big = bytes(range(256)) * 5000
    assert done_apart(lambda: big) == big
    assert done_apart(lambda: b"") is None
    assert done_apart(lambda: bytes(1 // 0)) is None
    monkeypatch.setattr("threading.active_count", lambda: 2)
    assert done_apart(lambda: big) is None


def test_the_newest_migration_is_known_without_its_library() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(schema.FOLDER)).get_current_head() == NEWEST


_POOLS = """
import ctypes, sys, threading
from service.collector import few_pools
if sys.argv[1] == "few": few_pools()
together = threading.Barrier(8)
def work():
    libc.free(libc.malloc(100_000))
    together.wait()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.fdopen.restype, libc.malloc_info.argtypes, libc.fflush.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
out = libc.fdopen(1, b"w")
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="pools are those of glibc")
def test_threads_share_pools_of_memory() -> None:
    def pools(how: str) -> int:
        told = subprocess.run([sys.executable, "-c", _POOLS, how], cwd=ROOT, capture_output=True, text=True, check=True)
        return told.stdout.count("<heap nr=")

    assert pools("few") <= 2 < pools("many")
