"""A version of the content by any of its names: a folder, a wheel, a released version, a revision of a checkout."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

from service.commands.release_wheel import NotBuilt, git
from service.contentfiles import PACKAGED, NoContent
from service.versions import content_name, order, read_releases

CONTENT_TAG = "content-v"  # and the version
SHIPPED = "shipped"
ROOT = Path(__file__).resolve().parents[2]
_ALLOWED = (
    f"Allowed: a folder of content, a wheel of Allcue, {SHIPPED} (what this Allcue carries), its version; in a checkout "
    "also a version that was released or a git revision."
)


def content_folder(name: str, into: Path, root: Path = ROOT) -> Path:
    """The folder of the content of that name; what has to be unpacked is put below ``into``.

    Args:
        root: the checkout in which released versions and revisions are looked up.

    Raises:
        NoContent: nothing of that name, or it holds no content, or not what was released under that version.
    """
    path = Path(name)
    if path.is_dir():
        return next((folder for folder in (path, path / "cards") if (folder / "policy.yaml").is_file()), path)
    if path.suffix == ".whl":
        return _of_wheel(path, into)
    if name == SHIPPED:
        return PACKAGED
    checkout = (root / ".git").exists()
    tag = f"{CONTENT_TAG}{name}"
    if checkout and _is_version(name) and git(root, "tag", "--list", tag).strip():
        return _tagged(name, unpacked(root, f"refs/tags/{tag}", into), root)
    if name == content_name().version:
        return PACKAGED
    if _is_version(name):
        where = f"no tag {tag} in this checkout" if checkout else "no checkout with git to find its tag in"
        raise NoContent(f"Content {name} is not what this Allcue carries, and there is {where}. {_ALLOWED}")
    if not checkout:
        raise NoContent(f"{name!r} is no folder of content, and this is no checkout with git. {_ALLOWED}")
    return unpacked(root, name, into)


def _tagged(version: str, folder: Path, root: Path) -> Path:
    """A released version, which must be what was recorded for it."""
    recorded, digest = read_releases(root / "cards").of(version), content_name(folder).digest
    if recorded is not None and recorded.digest != digest:
        raise NoContent(f"{CONTENT_TAG}{version} holds content with digest {digest}; recorded is {recorded.digest}.")
    return folder


def unpacked(root: Path, revision: str, into: Path) -> Path:
    """The content of a revision of a checkout, put into a new folder below ``into``.

    Raises:
        NoContent: no such revision, or no content in it.
    """
    try:
        commit = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    except NotBuilt:
        raise NoContent(f"{revision!r} is no folder, and no revision of this checkout. {_ALLOWED}") from None
    packed = subprocess.run(  # noqa: S603
        ["git", "-C", str(root), "archive", "--format=tar", f"{commit}:cards"],  # noqa: S607
        capture_output=True, check=False,
    )  # fmt: skip
    if packed.returncode:
        raise NoContent(f"The revision {revision} has no folder cards/.")
    folder = into / commit
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _of_wheel(path: Path, into: Path) -> Path:
    """What a wheel carries."""
    try:
        with zipfile.ZipFile(path) as wheel:
            names = [name for name in wheel.namelist() if name.startswith("cards/")]
            if not names:
                raise NoContent(f"{path} carries no content: no folder cards/ in it.")
            folder = into / path.name
            wheel.extractall(folder, names)  # noqa: S202 - zipfile leaves out what leads out of the folder
    except (OSError, zipfile.BadZipFile) as error:
        raise NoContent(f"{path} cannot be read as a wheel: {error}.") from None
    return folder / "cards"


def _is_version(name: str) -> bool:
    try:
        return order(name)[3]
    except ValueError:
        return False
