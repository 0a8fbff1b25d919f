"""What can be said of the sandbox's stage without the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.__main__ import main
from tests.sandbox.stage import NoBuild, stage


def test_a_folder_without_the_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoBuild, match="no build of the sandbox"), stage(tmp_path):
        pass


def test_so_does_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tests.sandbox", str(tmp_path)])
    assert main() == 2
    assert "jwks.json" in capsys.readouterr().err
