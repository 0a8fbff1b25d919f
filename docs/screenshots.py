"""Take the pictures of the app: ``python -m docs.screenshots [--only NAME]``.

Starts the service, goes to real states of synthetic patients in headless Chromium and writes docs/images/app-*.png. A test
keeps this list in step with the files and with the pages that show them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from playwright.sync_api import Page

from bench.served import running
from tests.browser import NARROW, WIDE, Window, launched

FOLDER = Path(__file__).resolve().parent / "images"
LARGEST = 250_000  # bytes of one picture
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SETTLED_MS = 500  # for charts that are drawn when they come into view


def _nothing(page: Page) -> None:
    pass


def _supposed(page: Page) -> None:
    """A donor supposed, and what that changes."""
    page.locator("input[name='fact:donor_available'][value=yes]").check()
    page.locator("#result .supposing").wait_for()
    _to(page, "#whatif")


def _asked(page: Page) -> None:
    """The demo with the answer to an order that is stopped."""
    page.locator("input[name=example][value=relapsed-ph-positive-t315i]").check(force=True)
    page.locator("#words").fill("imatinib 400 mg")
    page.locator("button[value='add:words']").click()
    page.locator("ul.drafts").wait_for()
    page.locator("#hook").select_option("order-select")
    page.get_by_role("button", name="Ask Allcue").click()
    page.locator("#answer article.critical").wait_for()
    _to(page, "#answer")


def _timeline(page: Page) -> None:
    _to(page, "section:has(svg.timeline)")


def _on_paper(page: Page) -> None:
    page.emulate_media(media="print")


def _to(page: Page, place: str) -> None:
    page.locator(place).first.evaluate("element => element.scrollIntoView({block: 'start', behavior: 'instant'})")


@dataclass(frozen=True)
class Picture:
    """``page``: of the chart of ``example``, or an address for no patient. ``height``: of the window. ``then``: done on it."""

    name: str
    page: str
    example: str = "relapsed-ph-positive-t315i"
    width: int = WIDE
    height: int = 1000
    dark: bool = False
    language: str = "en"
    then: Callable[[Page], None] = _nothing


_COURSE = "frey-luger-patient-3-third-remission-after-blinatumomab"
PICTURES = (
    Picture("chart", "chart", _COURSE, height=1150, then=_timeline),
    Picture("chart-dark", "chart", _COURSE, dark=True),
    Picture("chart-narrow", "chart", _COURSE, width=NARROW, then=_timeline),
    Picture("pathway", "pathway"),
    Picture("options", "options", height=900),
    Picture("options-german", "options", "german-record", height=900, language="de-DE"),
    Picture("what-if", "missing", then=_supposed),
    Picture("editions", "editions"),
    Picture("facts", "facts"),
    Picture("demo", "/demo", then=_asked),
    Picture("board", "board", width=794, height=1123, then=_on_paper),
)


def path_of(picture: Picture) -> Path:
    return FOLDER / f"app-{picture.name}.png"


def smaller(png: bytes) -> bytes:
    """The same picture packed as tightly as zlib can; without what only tells how it was made.

    Raises:
        ValueError: this is no PNG.
    """
    if not png.startswith(_SIGNATURE):
        raise ValueError("no PNG")
    kept, packed, at = [], b"", len(_SIGNATURE)
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        at += size + 12
        if kind == b"IDAT":
            packed += data
        elif kind in (b"IHDR", b"PLTE", b"tRNS"):
            kept.append((kind, data))
    best = zlib.compress(zlib.decompress(packed), 9)
    return _SIGNATURE + b"".join(_chunk(*one) for one in (*kept, (b"IDAT", best), (b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@click.command()
@click.option("--only", multiple=True, help="Name of a picture; may be repeated.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True)
def main(only: tuple[str, ...], into: Path) -> None:
    """Take the pictures of the app."""
    into.mkdir(parents=True, exist_ok=True)
    problems = []
    with running({"ALLCUE_RATE_LIMIT": "0"}) as service, launched() as browser:
        for one in PICTURES:
            if only and one.name not in only:
                continue
            window = Window(
                browser,
                f"http://127.0.0.1:{service.port}",
                one.width,
                height=one.height,
                dark=one.dark,
                language=one.language,
            )
            status = window.open(one.page if one.page.startswith("/") else f"{window.chart(one.example)}{one.page}")
            one.then(window.page)
            window.page.wait_for_timeout(_SETTLED_MS)
            taken = smaller(window.page.screenshot(animations="disabled"))
            problems += [f"{one.name}: {problem}" for problem in window.problems]
            problems += [f"{one.name}: status {status}"] if status != 200 else []
            problems += [f"{one.name}: {len(taken)} bytes are more than {LARGEST}"] if len(taken) > LARGEST else []
            (into / path_of(one).name).write_bytes(taken)
            click.echo(f"{path_of(one).name}: {len(taken) // 1000} KB")
            window.close()
    if problems:
        raise click.ClickException("\n".join(problems))


if __name__ == "__main__":
    main()
