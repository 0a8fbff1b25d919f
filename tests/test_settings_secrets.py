"""Secrets that stand in files: ALLCUE_<NAME>_FILE, as containers, Kubernetes and systemd hand them over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.settings import Settings, SettingsError

SECRET = "a-secret-of-more-than-thirty-two-characters"
URL = "postgresql://allcue:hidden%40word@db.example.org/allcue"


def held(folder: Path, text: bytes | str) -> str:
    """The path of a file that holds this."""
    path = folder / "secret"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n"])
def test_a_secret_is_read_from_its_file(tmp_path: Path, end: str) -> None:
    assert Settings.from_env({"ALLCUE_SITE_SECRET_FILE": held(tmp_path, SECRET + end)}).site_secret == SECRET
    assert Settings.from_env({"ALLCUE_DATABASE_URL_FILE": held(tmp_path, URL + end)}).database_url == URL


def test_none_in_the_file_is_no_database(tmp_path: Path) -> None:
    assert Settings.from_env({"ALLCUE_DATABASE_URL_FILE": held(tmp_path, "none\n")}).database_url == ""


def test_an_empty_name_of_a_file_counts_as_not_set() -> None:
    assert Settings.from_env({"ALLCUE_SITE_SECRET_FILE": "", "ALLCUE_SITE_SECRET": SECRET}).site_secret == SECRET


WRONG = {
    "empty": (b" \n", "is empty"),
    "two lines": (b"first-half-hidden\nsecond-half-hidden\n", "must hold the value alone, on one line"),
    "too large": (b"hidden" * 20_000, "must hold the value alone, on one line"),
    "no text": (b"hidden\xff\xfe", "must hold text in UTF-8"),
    "too short a secret": (b"hidden", "at least 32 characters"),
}


@pytest.mark.parametrize(("content", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_file_is_told_and_not_what_is_in_it(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(SettingsError, match=r"^ALLCUE_SITE_SECRET_FILE\b") as problem:
        Settings.from_env({"ALLCUE_SITE_SECRET_FILE": held(tmp_path, content)})
    assert told in str(problem.value)
    assert "hidden" not in str(problem.value)


def test_an_address_of_no_database_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^ALLCUE_DATABASE_URL_FILE\b.*must begin with sqlite") as problem:
        Settings.from_env({"ALLCUE_DATABASE_URL_FILE": held(tmp_path, "mysql://u:hidden@h/d")})
    assert "hidden" not in str(problem.value)


def test_a_file_that_is_not_there_or_a_folder_is_told_with_its_path(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none", "no such file"), (tmp_path, "cannot be read: Is a directory")):
        with pytest.raises(SettingsError) as problem:
            Settings.from_env({"ALLCUE_SITE_SECRET_FILE": str(path)})
        assert str(problem.value) == f"ALLCUE_SITE_SECRET_FILE='{path}': {told}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_of_somebody_else_is_told(tmp_path: Path) -> None:
    path = held(tmp_path, SECRET)
    Path(path).chmod(0)
    with pytest.raises(SettingsError, match="cannot be read: Permission denied"):
        Settings.from_env({"ALLCUE_SITE_SECRET_FILE": path})


def test_both_ways_at_once_are_refused(tmp_path: Path) -> None:
    environ = {"ALLCUE_SITE_SECRET_FILE": held(tmp_path, SECRET), "ALLCUE_SITE_SECRET": SECRET}
    with pytest.raises(SettingsError, match="ALLCUE_SITE_SECRET and ALLCUE_SITE_SECRET_FILE are both set"):
        Settings.from_env(environ)


def test_only_secrets_have_such_a_file() -> None:
    with pytest.raises(SettingsError, match="ALLCUE_REGION_FILE: no such setting"):
        Settings.from_env({"ALLCUE_REGION_FILE": "/x"})
