"""How large a change of the content is, and recording a release of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from service.commands.release_content import change, needed, record
from service.content import content_files
from service.versions import FILE, changed_release, content_name, read_releases

DAY = date(2026, 3, 31)
RULE = """id: a
title: Offer x
status: active
source: {ref: s, at: p. 1}
when: {all: [age_years < 26]}
advise: {kind: therapy, act: offer, subject: x}
"""
OLD = {
    "policy.yaml": "active: [s, t]\neditions:\n  - {topic: '*', population: adult, sources: [s, t]}\n",
    "sources/s.yaml": "title: S\n",
    "rules/s/a.yaml": RULE,
    "rules/s/scope.yaml": "when: {all: [lineage is B]}\n",
    "tables/drugs/x.yaml": "x: {}\n",
    "wording/options.md": "words\n",
}


@pytest.mark.parametrize(
    ("path", "text", "kind", "says"),
    [
        ("rules/s/a.yaml", None, "major", "a is no longer served"),
        ("rules/s/a.yaml", RULE.replace("active", "retired"), "major", "a is no longer served"),
        ("rules/s/a.yaml", RULE.replace("offer", "avoid"), "major", "therapy offer x before, therapy avoid x now"),
        ("rules/s/a.yaml", RULE.replace("subject: x", "subject: y"), "major", "a advises something else"),
        ("rules/s/a.yaml", RULE.replace("26", "18"), "minor", "when changed; major if it takes advice from anybody"),
        ("rules/s/a.yaml", RULE.replace("title: Offer", "title: Do offer"), "patch", "a: title changed"),
        ("rules/s/a.yaml", RULE.replace("p. 1", "p. 2"), "patch", "a: source changed"),
        ("rules/s/b.yaml", RULE.replace("id: a", "id: b"), "minor", "b is new"),
        ("rules/s/scope.yaml", "when: {all: []}\n", "minor", "scope.yaml changed"),
        ("policy.yaml", OLD["policy.yaml"].replace("[s, t]}", "[t, s]}"), "major", "is answered by t, before by s"),
        ("policy.yaml", OLD["policy.yaml"].replace("active: [s, t]", "active: [s]"), "major", "t is no longer active"),
        ("policy.yaml", OLD["policy.yaml"].replace("active: [s, t]", "active: [s, t, u]"), "minor", "u is active"),
        ("policy.yaml", f"{OLD['policy.yaml']}region: EU\n", "minor", "policy.yaml changed"),
        ("tables/drugs/x.yaml", "x: {code: 1}\n", "minor", "x.yaml changed"),
        ("wording/options.md", "other words\n", "patch", "options.md changed"),
        ("sources/s.yaml", "title: T\n", "patch", "s.yaml changed"),
        ("wording/options.md", OLD["wording/options.md"], None, ""),
    ],
)
def test_how_large(path: str, text: str | None, kind: str | None, says: str) -> None:
    new = {**OLD, path: text} if text is not None else {name: old for name, old in OLD.items() if name != path}
    found = change(OLD, {name: said for name, said in new.items() if said is not None})
    assert found.kind == kind
    assert says in "\n".join([*found.major, *found.minor, *found.patch])
    assert needed("1.2.3", kind) == {"major": "2.0.0", "minor": "1.3.0", "patch": "1.2.4", None: "1.2.3"}[kind]


def test_the_shipped_content_against_itself() -> None:
    """And without one of its rules, which is found among all of them."""
    files = content_files()
    assert change(files, files).kind is None
    policy = files["policy.yaml"].replace("gba-2025, drug-safety]", "drug-safety]", 1)
    assert "source gba-2025 is no longer active" in change(files, {**files, "policy.yaml": policy}).major


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in OLD.items():
        (tmp_path / "cards" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cards" / path).write_text(text)
    (tmp_path / "cards" / FILE).write_text(json.dumps({"version": "1.0.0-dev", "releases": []}))
    return tmp_path


def test_a_release_is_recorded_with_its_digest_and_day(root: Path) -> None:
    digest = record(root, "1.0.0", DAY)
    found = read_releases(root / "cards")
    assert (found.version, found.releases[0].day, found.releases[0].digest) == ("1.0.0", DAY, digest)
    assert content_name(root / "cards").version == "1.0.0"
    assert changed_release(root / "cards") is None
    (root / "cards" / "wording" / "options.md").write_text("other\n")
    assert changed_release(root / "cards") is not None
    record(root, "1.0.1", DAY)
    assert [release.version for release in read_releases(root / "cards").releases] == ["1.0.0", "1.0.1"]


def test_what_cannot_be_recorded(root: Path) -> None:
    with pytest.raises(ValueError, match="has a suffix"):
        record(root, "1.0.0-rc", DAY)
    with pytest.raises(ValueError, match="no semantic version"):
        record(root, "1.0", DAY)
    record(root, "1.0.0", DAY)
    with pytest.raises(ValueError, match=r"nothing changed since 1\.0\.0"):
        record(root, "1.1.0", DAY)
    (root / "cards" / "policy.yaml").write_text("active: []\n")
    with pytest.raises(ValueError, match=r"1\.0\.0 does not come after 1\.0\.0"):
        record(root, "1.0.0", DAY)
