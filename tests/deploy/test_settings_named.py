"""Every setting that a file of deploy/ or docs/deploy.md names is one that exists."""

from __future__ import annotations

import re

import pytest

from bench.served import ROOT
from service.settings import Settings, SettingsError

FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc")
NOT_READ_BY_IT = {"ALLCUE_IMAGE"}  # of docker-compose.yml: which image


def test_names_are_settings() -> None:
    with pytest.raises(SettingsError) as told:
        Settings.from_env({"ALLCUE_NO_SUCH_SETTING": "1"})
    known = set(re.findall(r"ALLCUE_\w+", str(told.value).partition("Allowed:")[2])) | NOT_READ_BY_IT
    if "ALLCUE_CACHE_DIR" not in known:
        pytest.skip("content is not kept compiled by this version")
    named = {
        name: path.name
        for path in [*FILES, ROOT / "docs" / "deploy.md"]
        for name in re.findall(r"\bALLCUE_[A-Z0-9_]*[A-Z0-9]\b", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert {name: place for name, place in named.items() if name not in known} == {}
