"""Content kept compiled: found again, never stale, never taken from others, and never needed."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import re
import shutil
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.served import ROOT
from service import compiled, content
from service.cli import main
from service.content import compile_content, read_content
from service.facts.vocabulary import VOCABULARY
from service.rules.load import ContentProblems, load_content
from service.rules.packing import Unreadable, packed, unpacked
from service.rules.rule import Content
from tests.rules.support import files

FILES = {  # of the support's content, with facts that there are
    path: re.sub(r"\bage\b", "age_years", text).replace("transplanted", "prior_allo_hct")
    for path, text in files().items()
}
SITE = {"site.yaml": "name: A hospital\nprefix: our-\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small content folder."""
    return written(tmp_path / "cards", FILES)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that YAML is read, in this process."""
    found: list[int] = []

    def counted(*args: object) -> Content:
        found.append(1)
        return load_content(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(content, "load_content", counted)
    monkeypatch.setattr(content, "done_apart", lambda work: None)
    return found


def written(folder: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("content-*.compiled"))


def test_the_second_reading_takes_the_file(folder: Path, cache: Path, readings: list[int]) -> None:
    first = read_content(folder, cache=cache)
    second = read_content(folder, cache=cache)
    assert readings == [1]
    assert second is not first
    assert second.digest == first.digest == load_content(FILES, VOCABULARY).digest
    assert [r.id for r in second.rules] == [r.id for r in first.rules]
    assert [list(r.examples) for r in second.rules] == [list(r.examples) for r in first.rules]
    assert len(kept(cache)) == 1


def test_a_child_reads_the_same(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_this_process(*_: object) -> Content:
        raise AssertionError("it is read in a child")

    asked = os.getpid()
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(
        content, "load_content", lambda *a: in_this_process() if os.getpid() == asked else load_content(*a)
    )
    found = read_content(folder, cache=cache)
    assert found.digest == load_content(FILES, VOCABULARY).digest
    assert len(kept(cache)) == 1


def test_problems_are_told_though_a_child_found_them(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    path = next((folder / "rules").rglob("*.yaml"))
    path.write_text(path.read_text().replace("title:", "titel:"))
    for _ in range(2):
        with pytest.raises(ContentProblems, match="titel: is not a key here"):
            read_content(folder, cache=cache)
    assert not kept(cache), "content with problems is never kept"


def test_all_that_ships_is_the_same_compiled(tmp_path: Path) -> None:
    plain = read_content()
    again = unpacked(packed(plain))
    assert again.digest == plain.digest
    assert again.rules
    before, after = plain.policy.populations, again.policy.populations
    assert replace(again.policy, populations={}) == replace(plain.policy, populations={})
    assert {key: (one.id, one.title, one.when) for key, one in after.items()} == {
        key: (one.id, one.title, one.when) for key, one in before.items()
    }
    for one, other in zip(plain.rules, again.rules, strict=True):
        assert (one.id, one.when, one.unless, one.advise, one.source) == (
            other.id, other.when, other.unless, other.advise, other.source,
        )  # fmt: skip
        assert list(one.examples) == list(other.examples)
    for name in (
        "sources",
        "lookups",
        "orderables",
        "evidence",
        "definitions",
        "inventory",
        "wording",
        "topics",
    ):
        assert getattr(again, name) == getattr(plain, name)


@pytest.mark.parametrize("change", ["a rule", "a new file", "a file less", "a name", "the site", "no site"])
def test_no_change_is_missed(change: str, folder: Path, cache: Path, tmp_path: Path, readings: list[int]) -> None:
    site: Path | None = written(tmp_path / "site", SITE)
    read_content(folder, site, cache)
    some = next(path for path in (folder / "rules").rglob("*.yaml"))
    match change:
        case "a rule":
            some.write_text(some.read_text() + "# one more remark\n")
        case "a new file":
            written(folder, {"wording/remark.md": "new"})
        case "a file less":
            written(folder, {"wording/remark.md": "new"})
            read_content(folder, site, cache)
            (folder / "wording" / "remark.md").unlink()
            read_content(folder, site, cache)
            assert len(readings) == 2, "the one of before is used again"
            return
        case "a name":
            shutil.copytree(folder / "sources", folder / "tables" / "drugs")
            for file in (folder / "tables" / "drugs").iterdir():
                file.write_text("{}")
        case "the site":
            assert site is not None
            written(site, {"site.yaml": SITE["site.yaml"].replace("A hospital", "Another")})
        case "no site":
            site = None
    read_content(folder, site, cache)
    assert len(readings) == 2
    assert len(kept(cache)) == 2


@pytest.mark.parametrize("what", ["__version__", "_code"])
def test_another_version_or_other_code_reads_anew(
    what: str, folder: Path, cache: Path, readings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_content(folder, cache=cache)
    compiled._code.cache_clear()
    monkeypatch.setattr(compiled, what, "9.9.9" if what == "__version__" else lambda: b"other")
    read_content(folder, cache=cache)
    assert len(readings) == 2
    monkeypatch.undo()
    compiled._code.cache_clear()


def test_the_code_that_reads_content_is_part_of_the_name() -> None:
    files_seen = [file for part in compiled._CODE for file in (ROOT / "service" / part).rglob("*.py")]
    names = {file.relative_to(ROOT / "service").as_posix() for file in files_seen}
    assert {"rules/load.py", "rules/rule.py", "rules/packing.py", "facts/vocabulary/base.py", "facts/model.py"} <= names


def test_without_the_files_of_the_code_nothing_is_kept(
    folder: Path, cache: Path, readings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_code", lambda: None)
    read_content(folder, cache=cache)
    assert readings == [1]
    assert not cache.exists()


def damage(file: Path, how: str) -> None:
    data = file.read_bytes()
    match how:
        case "cut":
            data = data[: len(data) // 2]
        case "empty":
            data = b""
        case "one bit":
            data = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
        case "another form":
            data = b"allcue content 0\n" + data[17:]
    file.write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "empty", "one bit", "another form"])
def test_a_damaged_file_is_replaced(
    how: str, folder: Path, cache: Path, readings: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    read_content(folder, cache=cache)
    (file,) = kept(cache)
    good = file.read_bytes()
    damage(file, how)
    with caplog.at_level(logging.INFO, "allcue.content"):
        assert read_content(folder, cache=cache).rules
    assert len(readings) == 2
    assert "is not used, the YAML is read: the file is damaged" in caplog.text
    assert file.read_bytes() == good


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("false",)


@pytest.mark.parametrize("value", [Evil(), {"a": 1}, [Path("x")]])
def test_only_classes_of_content_are_taken(value: object, folder: Path, cache: Path, readings: list[int],
                                           caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    read_content(folder, cache=cache)
    (file,) = kept(cache)
    data = pickle.dumps(value)
    file.write_bytes(compiled._FORMAT + hashlib.sha256(data).digest() + data)
    with caplog.at_level(logging.INFO, "allcue.content"):
        assert isinstance(read_content(folder, cache=cache), Content)
    assert len(readings) == 2
    assert "is not used" in caplog.text


def test_functions_beside_the_classes_are_refused() -> None:
    for named in (b"cservice.rules.load\nload_content\n.", b"cservice.rules.document\nyaml\n.", b"cbuiltins\neval\n."):
        with pytest.raises(Unreadable, match="is no part of content"):
            unpacked(named)


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_a_file_that_others_can_write_is_not_read(
    mode: int, folder: Path, cache: Path, readings: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    read_content(folder, cache=cache)
    (file,) = kept(cache)
    file.chmod(mode)
    with caplog.at_level(logging.INFO, "allcue.content"):
        read_content(folder, cache=cache)
    assert len(readings) == 2
    assert "others can write to the file" in caplog.text
    assert stat.S_IMODE(file.stat().st_mode) == 0o644, "it is written anew"


def test_a_folder_that_others_can_write_to_is_neither_read_nor_written(
    folder: Path, cache: Path, readings: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    read_content(folder, cache=cache)
    (file,) = kept(cache)
    before = file.stat().st_mtime_ns
    cache.chmod(0o777)
    with caplog.at_level(logging.INFO, "allcue.content"):
        read_content(folder, cache=cache)
    assert len(readings) == 2
    assert "others can write to the folder" in caplog.text
    assert file.stat().st_mtime_ns == before


@pytest.mark.skipif(os.geteuid() != 0, reason="NOTICE: only root can give files to another user")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_read(which: str, folder: Path, cache: Path, readings: list[int]) -> None:
    read_content(folder, cache=cache)
    os.chown(kept(cache)[0] if which == "file" else cache, 12345, 12345)
    read_content(folder, cache=cache)
    assert len(readings) == 2


def test_what_root_wrote_is_read_by_a_user_who_cannot_write(
    folder: Path, cache: Path, readings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container image: made by root, served by another."""
    read_content(folder, cache=cache)
    cache.chmod(0o755)
    real = os.fstat

    def of_root(number: int) -> os.stat_result:
        found = list(real(number))
        found[4] = 0
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", of_root)
    monkeypatch.setattr(os, "geteuid", lambda: 10001)
    read_content(folder, cache=cache)
    assert readings == [1]


def test_a_link_is_not_followed(folder: Path, cache: Path, readings: list[int], tmp_path: Path) -> None:
    read_content(folder, cache=cache)
    (file,) = kept(cache)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    read_content(folder, cache=cache)
    assert len(readings) == 2
    assert not file.is_symlink()


@pytest.mark.parametrize("why", ["a file is there", "read-only"])
def test_where_nothing_can_be_written_the_service_goes_on(
    why: str, folder: Path, cache: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "a file is there":
        cache.write_text("not a folder")
    else:
        cache.mkdir()
        real = os.open

        def refused(path: object, flags: int, *args: object, **named: object) -> int:
            if flags & os.O_CREAT and str(path).startswith(".content-"):
                raise OSError(30, "Read-only file system")
            return real(path, flags, *args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "open", refused)
    with caplog.at_level(logging.INFO, "allcue.content"):
        assert read_content(folder, cache=cache).rules
    assert "content is not kept compiled" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_processes_at_once_leave_one_whole_file(folder: Path, cache: Path) -> None:
    told = "import sys; from pathlib import Path; from service.content import read_content as r; print(r(Path(sys.argv[1]), cache=Path(sys.argv[2])).digest)"
    command = [sys.executable, "-c", told, str(folder), str(cache)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    digests = {process.communicate(timeout=120)[0] for process in running}
    assert len(digests) == 1
    assert [path.name for path in cache.iterdir()] == [kept(cache)[0].name]
    assert compiled.read(cache, kept(cache)[0].name[8:-9]) is not None


def test_only_a_few_files_are_kept(folder: Path, cache: Path, readings: list[int]) -> None:
    some = next(path for path in (folder / "rules").rglob("*.yaml"))
    for number in range(12):
        some.write_text(some.read_text() + f"# {number}\n")
        read_content(folder, cache=cache)
    assert len(kept(cache)) == 8
    read_content(folder, cache=cache)
    assert len(readings) == 12, "the newest is among them"


def test_command_compiles_what_the_settings_name(folder: Path, cache: Path, tmp_path: Path) -> None:
    site = written(tmp_path / "site", SITE)
    told = {"ALLCUE_CARDS_DIR": str(folder), "ALLCUE_SITE_CONTENT": str(site), "ALLCUE_CACHE_DIR": str(cache)}
    done = CliRunner().invoke(main, ["content", "compile"], env=told)
    assert done.exit_code == 0, done.output
    (file,) = kept(cache)
    digest = compile_content(folder, site, tmp_path / "other")[0].digest
    assert done.stdout.startswith(f"content {digest}: {file} (")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    elsewhere = CliRunner().invoke(main, ["content", "compile", "--output", str(tmp_path / "third")], env=told)
    assert elsewhere.exit_code == 0
    assert kept(tmp_path / "third")[0].name == file.name


def test_command_says_what_is_wrong(folder: Path, cache: Path, tmp_path: Path) -> None:
    told = {"ALLCUE_CARDS_DIR": str(folder), "ALLCUE_CACHE_DIR": str(cache)}
    path = next((folder / "rules").rglob("*.yaml"))
    path.write_text(path.read_text().replace("title:", "titel:"))
    done = CliRunner().invoke(main, ["content", "compile"], env=told)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "titel: is not a key here" in done.stderr
    assert "nothing is kept" in done.stderr
    nowhere = CliRunner().invoke(main, ["content", "compile"], env={**told, "ALLCUE_CACHE_DIR": "none"})
    assert nowhere.exit_code == 1
    assert "ALLCUE_CACHE_DIR is none" in nowhere.stderr
    taken = tmp_path / "file"
    taken.write_text("")
    wrong = CliRunner().invoke(main, ["content", "compile"], env={**told, "ALLCUE_CACHE_DIR": str(taken)})
    assert wrong.exit_code == 1
    assert "must be the path of a folder from the root on, or none" in wrong.stderr
