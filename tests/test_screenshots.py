"""The pictures of the app: those in the folder, those that the command takes and those that pages show are the same."""

from __future__ import annotations

import re
import struct
import zlib

import pytest

from docs.screenshots import FOLDER, LARGEST, PICTURES, path_of, smaller

PAGES = sorted(FOLDER.parent.glob("*.md")) + sorted(FOLDER.parents[1].glob("*.md"))
SHOWN = {name for page in PAGES for name in re.findall(r"images/(app-[\w-]+\.png)", page.read_text(encoding="utf-8"))}


def png(row: bytes, more: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", len(row), 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", zlib.compress(b"\0" + row, 0)) + chunk(b"IEND", b"")


def test_the_command_takes_what_the_pages_show() -> None:
    assert {path_of(one).name for one in PICTURES} == SHOWN
    assert len({one.name for one in PICTURES}) == len(PICTURES)


def test_they_are_all_there_and_no_others() -> None:
    assert {path.name for path in FOLDER.glob("app-*.png")} == SHOWN


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_each_is_a_picture_of_its_width_and_not_large(picture: object) -> None:
    data = path_of(picture).read_bytes()  # type: ignore[arg-type]
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">I", data[16:20])[0] == picture.width  # type: ignore[attr-defined]
    assert len(data) <= LARGEST


def test_pictures_are_packed_without_loss() -> None:
    before = png(bytes(range(200)) * 5, more=struct.pack(">I", 0) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt")))
    after = smaller(before)
    assert len(after) < len(before)
    assert b"tEXt" not in after
    assert smaller(after) == after
    assert after[16:24] == before[16:24]


def test_what_is_no_picture_is_told() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        smaller(b"GIF89a")
