"""Two contents over patients: each kind of change in a copy of the content, and exactly what must come of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fhir_examples.request import day_of, names
from service.content import PACKAGED
from service.population.asking import Asker, Asking
from service.population.inputs import patient_of
from service.population.patients import Patient
from service.population.upgrade.compare import Upgrade
from service.population.upgrade.model import Because, Change, Compared, Kind
from tests.test_examples import bundle

RELAPSED = "exactly-26-years-second-relapse"  # Ph-negative, CD19 and CD22 positive, 26 years
AT = "rules/nccn-adult-2-2025/treatment/relapsed-refractory/ph-negative/nccn-2025-rr-phneg-"
TISA, BLINA, INO = (f"nccn-2025-rr-phneg-{drug}" for drug in ("tisagenlecleucel", "blinatumomab", "inotuzumab"))
OBE, CLO = (f"nccn-2025-rr-phneg-{drug}" for drug in ("obecabtagene", "clofarabine"))
AGAIN = "nccn-2025-rr-phneg-clofarabine-again"
HCT_RULE = "nccn-2025-older-hct"
HCT = f"rules/nccn-adult-2-2025/treatment/transplant/{HCT_RULE}.yaml"
Edit = Callable[[Path], None]


@pytest.fixture(scope="module")
def shipped() -> Asker:
    return Asker(Asking())


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Edit], Asker]:
    """The shipped content with an edit."""

    def made(edit: Edit) -> Asker:
        folder = tmp_path_factory.mktemp("content") / "cards"
        shutil.copytree(PACKAGED, folder)
        edit(folder)
        return Asker(Asking(content=folder))

    return made


def put(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def _rules(folder: Path) -> None:
    put(folder / f"{AT}tisagenlecleucel.yaml", "- age_years < 26", "- age_years < 27")
    put(folder / f"{AT}blinatumomab.yaml", 'category: "1", preference: preferred', "category: 2A, preference: other")
    put(folder / f"{AT}obecabtagene.yaml", "  regimen: ", "  regimen: The product ")
    (folder / f"{AT}inotuzumab.yaml").unlink()
    text = (folder / f"{AT}clofarabine.yaml").read_text(encoding="utf-8")
    (folder / f"{AT}clofarabine-again.yaml").write_text(text.replace(f"id: {CLO}\n", f"id: {AGAIN}\n"))


@pytest.fixture(scope="module")
def edited(other: Callable[[Edit], Asker]) -> Asker:
    return other(_rules)


def patient(name: str) -> Patient:
    found = patient_of(bundle(name))
    assert found is not None
    return found


def compared(old: Asker, new: Asker, name: str = RELAPSED) -> Compared:
    return Upgrade(old, new).compare(patient(name), day_of(name))


def by_rule(found: Compared) -> dict[str, Change]:
    changes = {change.rule: change for change in found.changes}
    assert len(changes) == len(found.changes), "a rule has one change for a patient"
    return changes


def differs(change: Change) -> dict[str, tuple[str, str]]:
    return {one.what: (one.old, one.new) for one in change.differs}


def test_the_same_content_changes_nothing_for_anybody(shipped: Asker, other: Callable[[Edit], Asker]) -> None:
    """Nor does one with another digest that means the same."""

    def comment(folder: Path) -> None:
        put(folder / "policy.yaml", "region: US", "region: US  # said again")

    again = other(comment)
    assert again.engine.content.digest != shipped.engine.content.digest
    upgrade = Upgrade(shipped, again)
    found = [upgrade.compare(patient(name), day_of(name)) for name in names() if not name.startswith("other-")]
    assert [one for one in found if one.changes] == []
    assert {one.advised for one in found} == {True, False}


def test_a_threshold_gives_advice_and_the_criterion_is_told(shipped: Asker, edited: Asker) -> None:
    change = by_rule(compared(shipped, edited))[TISA]
    assert (change.kind, change.old, change.new) == (Kind.GAINED, "does_not_apply", "applies")
    assert change.because is Because.CRITERION
    (line,) = change.lines
    assert (line.content, line.part, line.holds) == ("old", "when", False)
    assert (line.criterion, line.instead) == ("age_years < 26", ("age_years < 27",))
    assert line.value == "26 years"
    assert change.why == "old: age_years < 26 fails (new: age_years < 27)"
    back = by_rule(compared(edited, shipped))[TISA]
    assert (back.kind, back.lines[0].content, back.lines[0].criterion) == (Kind.LOST, "new", "age_years < 26")


def test_category_and_wording_change_without_a_verdict(shipped: Asker, edited: Asker) -> None:
    changes = by_rule(compared(shipped, edited))
    strength = changes[BLINA]
    assert (strength.kind, strength.old, strength.new) == (Kind.CHANGED, "applies", "applies")
    assert differs(strength) == {"category": ("1", "2A"), "preference": ("preferred", "other")}
    wording = changes[OBE]
    assert (wording.kind, set(differs(wording))) == (Kind.CHANGED, {"wording"})
    assert "The product" in differs(wording)["wording"][1]
    assert "The product" not in differs(wording)["wording"][0]


def test_a_rule_that_is_gone_and_one_that_is_new(shipped: Asker, edited: Asker) -> None:
    changes = by_rule(compared(shipped, edited))
    assert (changes[INO].kind, changes[INO].because, changes[INO].new) == (Kind.LOST, Because.GONE, "silent")
    assert (changes[AGAIN].kind, changes[AGAIN].because, changes[AGAIN].old) == (Kind.GAINED, Because.NEW, "silent")
    back = by_rule(compared(edited, shipped))
    assert (back[INO].kind, back[INO].because) == (Kind.GAINED, Because.NEW)
    assert (back[AGAIN].kind, back[AGAIN].because) == (Kind.LOST, Because.GONE)


def test_safety_of_what_is_newly_offered_comes_with_it(shipped: Asker, edited: Asker) -> None:
    changes = by_rule(compared(shipped, edited))
    with_it = [change for change in changes.values() if change.because is Because.OFFER]
    assert with_it
    assert {change.subject for change in with_it} == {"tisagenlecleucel"}
    assert all(change.kind is Kind.GAINED for change in with_it)
    assert all(change.why == "only new names what the rule speaks of" for change in with_it)


def test_nothing_else_changes_and_not_for_others(shipped: Asker, edited: Asker) -> None:
    changes = by_rule(compared(shipped, edited))
    own = {TISA, BLINA, OBE, INO, AGAIN}
    assert {name for name, change in changes.items() if change.because is not Because.OFFER} == own
    found = compared(shipped, edited, "new-t-all-adult")
    assert (found.advised, found.changes) == (True, ())


@pytest.mark.parametrize(
    ("edit", "because", "why"),
    [
        (lambda f: put(f / f"{AT}blinatumomab.yaml", "status: active", "status: retired"), Because.STATUS, "is retired"),
        (
            lambda f: put(
                f / "policy.yaml",
                'aya-adult-setting\n    sources: [nccn-adult-2-2025, nccn-2017,',
                'aya-adult-setting\n    sources: [nccn-2017,',
            ),
            Because.POLICY,
            "new: relapsed-refractory/ph-negative is answered by nccn-2017, nccn-pediatric-1-2026 for",
        ),
        (
            lambda f: put(f / "sources/nccn-adult-2-2025.yaml", "in_force_from: 20", "in_force_from: 21"),
            Because.POLICY,
            "is in force from 21",
        ),
    ],
    ids=["status", "another edition answers", "not in force"],
)  # fmt: skip
def test_a_rule_that_no_longer_speaks(
    shipped: Asker, other: Callable[[Edit], Asker], edit: Edit, because: Because, why: str
) -> None:
    changes = by_rule(compared(shipped, other(edit)))
    lost = changes[BLINA]
    assert (lost.kind, lost.because) == (Kind.LOST, because)
    assert why in lost.why
    if because is Because.POLICY:
        gained = [change for change in changes.values() if change.kind is Kind.GAINED and change.source == "nccn-2017"]
        assert any(change.because is Because.POLICY and change.why.startswith("old: ") for change in gained)


def test_a_fact_that_is_asked_for_now_is_named(shipped: Asker, other: Callable[[Edit], Asker]) -> None:
    """Advice that waits for a fact is lost; missing data never counts as met."""

    def edit(folder: Path) -> None:
        put(folder / f"{AT}blinatumomab.yaml", "unless:\n", "when:\n  all:\n    - g6pd_deficient is false\nunless:\n")

    change = by_rule(compared(shipped, other(edit)))[BLINA]
    assert (change.kind, change.old, change.new) == (Kind.LOST, "applies", "cannot_tell")
    (line,) = change.lines
    assert (line.content, line.holds, line.fact) == ("new", None, "g6pd_deficient")
    assert line.value.startswith("unknown")
    assert differs(change)["missing"] == ("", "g6pd_deficient")


def test_a_threshold_of_a_rule_that_waits_either_way_is_named(shipped: Asker, other: Callable[[Edit], Asker]) -> None:
    """One of two ways to be meant is open by a lower limit, so that the rule no longer waits for the other."""

    def edit(folder: Path) -> None:
        put(folder / HCT, "- age_years >= 65", "- age_years >= 20")

    name = next(name for name in names() if HCT_RULE in waiting(shipped, name))
    change = by_rule(compared(shipped, other(edit), name))[HCT_RULE]
    assert (change.kind, change.old, change.new) == (Kind.VERDICT, "cannot_tell", "cannot_tell")
    assert "old: age_years >= 65 fails (new: age_years >= 20)" in change.why
    back = by_rule(compared(other(edit), shipped, name))[HCT_RULE]
    assert "new: age_years >= 65 fails (old: age_years >= 20)" in back.why


def waiting(asker: Asker, name: str) -> set[str]:
    """Rules that wait for a comorbidity, of an example patient."""
    facts = asker.facts(asker.record(patient(name), day_of(name)), day_of(name))
    return {v.rule.id for v in asker.verdicts(facts) if "substantial_comorbidities" in v.missing}


def test_a_template_changes_cards_and_no_rule(shipped: Asker, other: Callable[[Edit], Asker]) -> None:
    def edit(folder: Path) -> None:
        file = folder / "wording" / "options.md"
        file.write_text(f"{file.read_text(encoding='utf-8')}\nAsk the tumor board.\n", encoding="utf-8")

    found = compared(shipped, other(edit))
    assert found.changes
    assert {(change.kind, change.rule) for change in found.changes} == {(Kind.CARD, "")}
    assert all(change.subject.startswith("options: ") for change in found.changes)
    assert [one.new for one in found.changes[0].differs] == ["Ask the tumor board."]
