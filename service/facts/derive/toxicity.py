"""Toxicities, and the states that follow from their grades."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import any_of, at_least, flag, follows, less_than, number, word
from service.facts.labs.ctcae import bounds, ejection, neutrophils, qtc
from service.facts.model import Fact, Facts, Interval, TokenSet, provides
from service.facts.vocabulary import VOCABULARY

KINDS = VOCABULARY.lookup("toxicity(CRS)").parameters
_NOW = tuple(f"toxicity({kind})" for kind in KINDS)
# worst grade from which asparaginase is stopped for good
_PERMANENT_STOP = {
    "toxicity_worst(pancreatitis)": 3,
    "toxicity_worst(intracranial-hemorrhage)": 4,
    "toxicity_worst(cerebral-thrombosis-ischemia-stroke)": 4,
}


@provides("toxicities_present", needs=_NOW)
def toxicities(facts: Facts) -> Iterator[Fact]:
    """Kinds with a grade above zero, without those of grade zero; the list stays open, for nobody grades everything."""
    graded = {kind: at_least(facts, f"toxicity({kind})", 1) for kind in KINDS}
    present = frozenset(kind for kind, found in graded.items() if found)
    absent = frozenset(kind for kind, found in graded.items() if found is False)
    if present or absent:
        names = [f"toxicity({kind})" for kind in KINDS if kind in present or kind in absent]
        yield follows("toxicities_present", TokenSet(present, complete=False, excluded=absent), facts, *names)


@provides(*(f"toxicity_worst({kind})" for kind in KINDS), needs=_NOW)
def worst(facts: Facts) -> Iterator[Fact]:
    """The worst grade ever is at least the present one."""
    for kind in KINDS:
        now = number(facts, f"toxicity({kind})")
        if now is not None and now.low > 0:
            value = 5.0 if now.low == 5 else Interval(low=now.low, high=5)
            yield follows(f"toxicity_worst({kind})", value, facts, f"toxicity({kind})")


@provides("toxicity_worst(ast-alt)", needs=("ast_alt_peak_grade",))
def worst_transaminases(facts: Facts) -> Iterator[Fact]:
    """The worst grade ever is at least that of the last episode."""
    peak = number(facts, "ast_alt_peak_grade")
    if peak is not None:
        yield follows("toxicity_worst(ast-alt)", Interval(peak.low, 5), facts, "ast_alt_peak_grade")


@provides("toxicity(ast-alt)", needs=("ast_alt_grade",))
def transaminases(facts: Facts) -> Iterator[Fact]:
    """The laboratory grade of AST and ALT is the grade of that toxicity."""
    grade = facts.value("ast_alt_grade")
    if grade is not None:
        yield follows("toxicity(ast-alt)", grade, facts, "ast_alt_grade")


@provides(
    "toxicity(neutropenia)", "toxicity(QT-prolongation)", "toxicity(cardiac)", needs=("anc", "qtc_ms", "lvef_percent")
)
def measurements(facts: Facts) -> Iterator[Fact]:
    """CTCAE grades of neutrophils, QTc and ejection fraction, also where these were computed or read in a report. A normal
    ejection fraction excludes no other toxicity of the heart.
    """
    for name, kind, grade in (
        ("anc", "neutropenia", neutrophils), ("qtc_ms", "QT-prolongation", qtc), ("lvef_percent", "cardiac", ejection),
    ):  # fmt: skip
        value = number(facts, name)
        if value is None:
            continue
        found = bounds(value, grade)
        if kind != "cardiac" or not isinstance(found, Interval) or found.low > 0:
            yield follows(f"toxicity({kind})", found, facts, name)


@provides("asparaginase_permanent_stop", needs=tuple(_PERMANENT_STOP))
def permanent_stop(facts: Facts) -> Iterator[Fact]:
    """Asparaginase is over after pancreatitis of grade 3, and after intracranial hemorrhage or cerebral thrombosis,
    ischemia or stroke of grade 4 (NCCN ALL 2015, asparaginase toxicity tables).
    """
    found = any_of(*(at_least(facts, name, grade) for name, grade in _PERMANENT_STOP.items()))
    if found is not None:
        yield follows("asparaginase_permanent_stop", found, facts, *_PERMANENT_STOP)


@provides("hyperglycemia", "neuropathy", needs=("toxicity(hyperglycemia)", "toxicity(neuropathy)"))
def graded(facts: Facts) -> Iterator[Fact]:
    """A graded toxicity is there from grade 1 and absent at grade 0."""
    for name in ("hyperglycemia", "neuropathy"):
        found = at_least(facts, f"toxicity({name})", 1)
        if found is not None:
            yield follows(name, found, facts, f"toxicity({name})")


@provides("febrile", needs=("single_temperature_c", "sustained_temperature_c", "sustained_temperature_minutes"))
def febrile(facts: Facts) -> Iterator[Fact]:
    """Fever (NCCN ALL-B): 38.3 degrees once, or 38.0 held over an hour. Lower values do not prove its absence."""
    once = less_than(facts, "single_temperature_c", 38.3) is False
    held = less_than(facts, "sustained_temperature_c", 38.0) is False
    long = less_than(facts, "sustained_temperature_minutes", 60) is False
    if once:
        yield follows("febrile", True, facts, "single_temperature_c")
    elif held and long:
        yield follows("febrile", True, facts, "sustained_temperature_c", "sustained_temperature_minutes")


@provides("asparaginase_hypersensitivity", needs=("e_coli_asparaginase_hypersensitivity",))
def hypersensitivity(facts: Facts) -> Iterator[Fact]:
    """Two names of one reaction. "Not to E. coli asparaginase" leaves Erwinia open."""
    if flag(facts, "e_coli_asparaginase_hypersensitivity"):
        name = "e_coli_asparaginase_hypersensitivity"
        yield follows("asparaginase_hypersensitivity", "E-coli-derived", facts, name)


@provides("e_coli_asparaginase_hypersensitivity", needs=("asparaginase_hypersensitivity",))
def e_coli_hypersensitivity(facts: Facts) -> Iterator[Fact]:
    """Two names of one reaction. A reaction to Erwinia leaves E. coli asparaginase open."""
    said = word(facts, "asparaginase_hypersensitivity")
    if said in ("E-coli-derived", "none"):
        found = said == "E-coli-derived"
        yield follows("e_coli_asparaginase_hypersensitivity", found, facts, "asparaginase_hypersensitivity")


PROVIDERS = (
    toxicities, worst_transaminases, worst, transaminases, measurements, permanent_stop, graded, febrile, hypersensitivity, e_coli_hypersensitivity,
)  # fmt: skip
