"""The software bill of materials: what a running service consists of, as CycloneDX JSON.

In it: the packages that it needs to run, as they are installed here, with licences and what needs what; the files of
others that its pages serve; the clinical content. Checked against the schema of CycloneDX before it is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from service import __version__
from service.commands.release_lock import LOCK, RUN_LOCK, LockProblems, Pin, Shipped, plain, read_lock, runtime_closure
from service.versions import content_name

VENDOR = Path("service/smart/static/vendor")
_NOTICE = re.compile(
    r"^(?P<name>\S+) (?P<version>\d\S*) - (?P<url>https://\S+) - (?P<licence>\S+) License", re.MULTILINE
)
_FILE = re.compile(r"^ +(\S+) +sha256 ([0-9a-f]{64})$", re.MULTILINE)
_CLASSIFIER = "License :: OSI Approved :: "


class BadBill(ValueError):
    """A bill that must not be given out: it would not say what ships, or it is no CycloneDX."""


def sbom(root: Path) -> str:
    """The bill of the checkout, as text; the same for the same checkout and installed packages.

    The day is that of SOURCE_DATE_EPOCH (seconds since 1970); without it the bill has none.

    Raises:
        BadBill: other versions are installed than are locked, a file of others is not the one that its notice names, or
            the result does not fit the schema.
    """
    try:
        pins = read_lock(root / (RUN_LOCK if (root / RUN_LOCK).is_file() else LOCK))
        shipped = runtime_closure(root)
    except LockProblems as problem:
        raise BadBill(str(problem)) from None
    _check_installed(shipped, pins)
    service = Component(
        name="allcue", version=__version__, type=ComponentType.APPLICATION, bom_ref=f"allcue=={__version__}",
        licenses=_licences(["Apache-2.0"]), purl=PackageURL("pypi", name="allcue", version=__version__),
    )  # fmt: skip
    packages = {name: _package(found, pins[name]) for name, found in shipped.items()}
    vendored, content = list(_vendored(root / VENDOR)), _content(root)
    bill = Bom(components=[*packages.values(), *vendored, content])
    bill.metadata.component = service
    direct = _direct(root)
    bill.register_dependency(service, [*(packages[name] for name in direct), *vendored, content])
    for name, found in shipped.items():
        bill.register_dependency(packages[name], [packages[need] for need in found.needs])
    return _written(bill)


def problems(text: str) -> str | None:
    """Why a text is no CycloneDX 1.6 JSON; None if it is."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if error is None else str(error)[:500]


def _written(bill: Bom) -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    bill.metadata.timestamp = datetime.fromtimestamp(int(epoch) if epoch.isdecimal() else 0, UTC)
    parts = sorted(f"{component.bom_ref.value}" for component in bill.components)
    bill.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"allcue/{__version__}/{' '.join(parts)}/{epoch}")
    text = JsonV1Dot6(bill).output_as_string(indent=1)
    if not epoch.isdecimal():
        document = json.loads(text)
        del document["metadata"]["timestamp"]
        text = json.dumps(document, indent=1)
    wrong = problems(text)
    if wrong is not None:
        raise BadBill(f"the bill does not fit the schema of CycloneDX: {wrong}")
    return f"{text}\n"


def _check_installed(shipped: Mapping[str, Shipped], pins: Mapping[str, Pin]) -> None:
    wrong = [
        f"{found.name} {found.version} is installed, but {pins[name].version if name in pins else 'nothing'} is locked"
        for name, found in shipped.items()
        if name not in pins or pins[name].version != found.version
    ]
    if wrong:
        raise BadBill("\n".join(wrong))


def _direct(root: Path) -> list[str]:
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [plain(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in project["dependencies"]]


def _package(found: Shipped, pin: Pin) -> Component:
    metadata = distribution(found.name).metadata
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=value) for kind, value in pin.hashes if kind == "sha256"]
    # A lock names the hashes of all files of a version, of which one is installed: they belong to the distribution.
    sources = [
        ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"https://pypi.org/project/{plain(found.name)}/{found.version}/"),
            hashes=hashes,
        )
    ]
    return Component(
        name=found.name,
        version=found.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{plain(found.name)}=={found.version}",
        licenses=_licences(_stated(metadata)),
        purl=PackageURL("pypi", name=plain(found.name), version=found.version),
        external_references=sources,
    )


def _stated(metadata: Any) -> list[str]:
    """What a package says of its licence: an SPDX expression, else its classifiers, else a word of its own."""
    expression, word = (str(metadata.get(key) or "").strip() for key in ("License-Expression", "License"))
    if expression:
        return [expression]
    named = [c.removeprefix(_CLASSIFIER) for c in metadata.get_all("Classifier") or () if c.startswith(_CLASSIFIER)]
    short = [word] if word and "\n" not in word and len(word) < 100 else []
    return short or named


def _licences(stated: Iterable[str]) -> list[License]:
    factory = LicenseFactory()
    return [factory.make_from_string(_SPDX.get(words, words)) for words in stated]


# Words of packages that name a licence of the SPDX list beyond doubt
_SPDX = {
    "MIT License": "MIT", "Apache Software License": "Apache-2.0", "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0", "Apache-2": "Apache-2.0", "BSD 3-Clause": "BSD-3-Clause", "3-Clause BSD License": "BSD-3-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
}  # fmt: skip


def _vendored(folder: Path) -> Iterable[Component]:
    """Files of others, as their notice names them."""
    notice = (folder / "NOTICE.txt").read_text(encoding="utf-8")
    entries = list(_NOTICE.finditer(notice))
    named = set()
    for at, entry in enumerate(entries):
        end = entries[at + 1].start() if at + 1 < len(entries) else len(notice)
        files = _FILE.findall(notice[entry.start() : end])
        named |= {name for name, _ in files}
        parts = []
        for name, digest in files:
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                raise BadBill(f"{VENDOR / name} is not the file that NOTICE.txt names")
            parts.append(
                Component(
                    name=name,
                    type=ComponentType.FILE,
                    bom_ref=f"file:{VENDOR / name}",
                    hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
                )
            )
        purl = PackageURL("npm", name=entry["name"].lower(), version=entry["version"])
        yield Component(
            name=entry["name"], version=entry["version"], type=ComponentType.LIBRARY, bom_ref=str(purl), purl=purl,
            licenses=_licences([entry["licence"]]), components=parts,
            external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(entry["url"]))],
        )  # fmt: skip
    strange = {path.name for path in folder.iterdir() if path.suffix != ".txt"} - named
    if strange:
        raise BadBill(f"{VENDOR}: NOTICE.txt does not name {', '.join(sorted(strange))}")


def _content(root: Path) -> Component:
    found = content_name(root / "cards")
    return Component(
        name="allcue-content", version=found.version, type=ComponentType.DATA, bom_ref=f"content:{found.digest}",
        description="Rules, sources, tables and wording of the guideline content",
        properties=[Property(name="allcue:content-digest", value=found.digest)],
    )  # fmt: skip
