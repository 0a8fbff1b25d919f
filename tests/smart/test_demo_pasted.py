"""Pasted patients are kept encrypted, for an hour, where only the service's user can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from service.given import GivenPatients, today
from service.smart.demo.pasted import KEPT_S, MOST_FILES, CannotKeep, Pasted
from service.smart.ports import CannotShow

PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Secretname"}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def test_what_was_kept_comes_back_also_in_another_process(folder: Path) -> None:
    given = Pasted(folder).keep(PATIENT)
    assert Pasted(folder).read(given) == PATIENT


def test_nobody_else_can_read_it_and_the_file_says_nothing(folder: Path) -> None:
    given = Pasted(folder).keep(PATIENT)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"Secretname" not in file.read_bytes()
    assert "Secretname" not in given
    assert file.name == given.partition(".")[0], "the key is not in the name of the file"


@pytest.mark.parametrize(
    "wrong", ["", "x", "../../etc/passwd", "{name}", "{name}.", "{name}.{other}", "{missing}.{key}"]
)
def test_without_name_and_key_there_is_nothing(folder: Path, wrong: str) -> None:
    store = Pasted(folder)
    name, _, key = store.keep(PATIENT).partition(".")
    other = store.keep(PATIENT).partition(".")[2]
    assert store.read(wrong.format(name=name, key=key, other=other, missing="A" * 22)) is None


def test_after_an_hour_it_is_gone_from_the_disk_too(folder: Path) -> None:
    given = Pasted(folder).keep(PATIENT)
    (file,) = folder.iterdir()
    begun = file.stat().st_mtime
    assert Pasted(folder, lambda: begun + KEPT_S - 5).read(given) == PATIENT
    assert Pasted(folder, lambda: begun + KEPT_S + 5).read(given) is None
    assert list(folder.iterdir()) == []


def test_only_so_many_are_kept_and_the_oldest_goes(folder: Path) -> None:
    store = Pasted(folder)
    first = store.keep(PATIENT)
    (file,) = folder.iterdir()
    os.utime(file, (file.stat().st_mtime - 60,) * 2)
    for _ in range(MOST_FILES):
        store.keep(PATIENT)
    assert len(list(folder.iterdir())) == MOST_FILES
    assert store.read(first) is None


def test_too_much_is_refused(folder: Path) -> None:
    with pytest.raises(CannotKeep, match="larger than 2 MB"):
        Pasted(folder).keep({"text": "x" * 2_000_000})


def test_a_folder_that_others_can_read_or_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(mode=0o700)
    folder.chmod(0o755)
    with pytest.raises(CannotKeep, match="others can read it"):
        Pasted(folder).keep(PATIENT)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(elsewhere)
    with pytest.raises(CannotKeep, match="belongs to somebody else"):
        Pasted(link).keep(PATIENT)
    assert list(elsewhere.iterdir()) == []


def test_who_is_not_there_cannot_be_shown(folder: Path) -> None:
    given = GivenPatients(Pasted(folder))
    for name in ("", "example:nobody", "example:../x", "pasted:x", "other:relapsed-ph-positive-t315i"):
        with pytest.raises(CannotShow):
            given.invocation(name)
    assert given.invocation("example:relapsed-ph-positive-t315i").received_at.date() == today()


def test_a_full_disk_is_said_and_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

    def full(target: int, _: str) -> Full:
        os.close(target)
        return Full()

    monkeypatch.setattr("service.smart.demo.pasted.os.fdopen", full)
    with pytest.raises(CannotKeep, match="No space left"):
        Pasted(folder).keep(PATIENT)
    assert list(folder.iterdir()) == []
