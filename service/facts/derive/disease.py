"""Which disease it is: diagnosis, lineage, genetics and markers that follow from other facts."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import (
    all_of,
    at_least,
    flag,
    follows,
    includes,
    less_than,
    more_than,
    number,
    says,
    token_set,
    word,
)
from service.facts.model import Fact, Facts, Interval, TokenSet, provides
from service.facts.vocabulary import VOCABULARY

_NAMED_FUSIONS = {"kmt2a": "KMT2A-r", "t_4_11": "KMT2A::AFF1", "tcf3_hlf": "TCF3::HLF"}
_OF_KMT2A = tuple(name for name in VOCABULARY.lookup("fusions").values if name.startswith("KMT2A"))
_MYELOID = VOCABULARY.lookup("myeloid_markers").values


@provides("jurisdiction", "care_setting")
def site(facts: Facts) -> Iterator[Fact]:
    """What the site's configuration says where the record does not."""
    if facts.site.region:
        yield follows("jurisdiction", facts.site.region, facts, note="site configuration")
    if facts.site.care_setting:
        yield follows("care_setting", facts.site.care_setting, facts, note="site configuration")


@provides("burkitt_or_mature_b", needs=("diagnosis", "lineage"))
def mature_b(facts: Facts) -> Iterator[Fact]:
    """Mature B-cell disease by diagnosis or lineage; not, where lymphoblastic disease has a precursor lineage."""
    diagnosis, lineage = word(facts, "diagnosis"), word(facts, "lineage")
    if "mature-B" in (diagnosis, lineage):
        yield follows("burkitt_or_mature_b", True, facts, "diagnosis", "lineage")
    elif diagnosis in ("ALL", "LL") and lineage in ("B", "T"):
        yield follows("burkitt_or_mature_b", False, facts, "diagnosis", "lineage")


@provides("lineage", "malignancy_myeloid", needs=("diagnosis",))
def by_diagnosis(facts: Facts) -> Iterator[Fact]:
    """What a diagnosis says by itself. "ALL" alone says nothing about lineage."""
    diagnosis = word(facts, "diagnosis")
    lineage = {"mature-B": "mature-B", "MPAL": "mixed"}.get(diagnosis or "")
    if lineage is not None:
        yield follows("lineage", lineage, facts, "diagnosis")
    if diagnosis in ("ALL", "LL", "mature-B"):
        yield follows("malignancy_myeloid", False, facts, "diagnosis")
    elif diagnosis in ("AML", "CML", "MDS", "BP-CML"):
        yield follows("malignancy_myeloid", True, facts, "diagnosis")


@provides("ph_status", needs=("fusions",))
def ph_status(facts: Facts) -> Iterator[Fact]:
    """BCR::ABL1 among the fusions is Ph-positive. Its absence there says nothing: the negative needs its own test."""
    if includes(facts, "fusions", "BCR::ABL1"):
        yield follows("ph_status", "positive", facts, "fusions")


@provides("fusions", needs=("kmt2a", "t_4_11", "ph_status", "tcf3_hlf"))
def fusions(facts: Facts) -> Iterator[Fact]:
    """Fusions stated as facts of their own; the list stays open. No KMT2A rearrangement excludes all its fusions."""
    yes: list[str] = []
    no: list[str] = []
    for name, fusion in _NAMED_FUSIONS.items():
        said = flag(facts, name)
        if said:
            yes.append(fusion)
        elif said is False:
            no.extend(_OF_KMT2A if name == "kmt2a" else (fusion,))
    status = word(facts, "ph_status")
    if status is not None:
        (yes if status == "positive" else no).append("BCR::ABL1")
    if yes or no:
        made = VOCABULARY.lookup("fusions").token_set(yes, complete=False, excluded=no)
        yield follows("fusions", made, facts, "kmt2a", "t_4_11", "ph_status", "tcf3_hlf")


@provides(*_NAMED_FUSIONS, needs=("fusions",))
def named_fusions(facts: Facts) -> Iterator[Fact]:
    """Facts of their own from the list of fusions. Any fusion of KMT2A, listed by name or not, is a rearrangement."""
    members = token_set(facts, "fusions")
    rearranged = members is not None and any(name.startswith("KMT2A") for name in members.members)
    for name, token in _NAMED_FUSIONS.items():
        found = includes(facts, "fusions", token)
        if name == "kmt2a" and rearranged:
            found = True
        if found is not None:
            yield follows(name, found, facts, "fusions")


@provides("abl1_mutation_tested", "abl1_mutations_count", needs=("abl1_mutations",))
def abl1(facts: Facts) -> Iterator[Fact]:
    """A known set of mutations, even an empty one, was tested for."""
    found = token_set(facts, "abl1_mutations")
    if found is None:
        return
    yield follows("abl1_mutation_tested", True, facts, "abl1_mutations")
    count = float(len(found.members))
    yield follows("abl1_mutations_count", count if found.complete else Interval(low=count), facts, "abl1_mutations")


@provides("abl1_mutations", needs=("abl1_mutations_count",))
def no_mutations(facts: Facts) -> Iterator[Fact]:
    """A count of zero is an empty set."""
    count = number(facts, "abl1_mutations_count")
    if count is not None and count.at_most(0):
        yield follows("abl1_mutations", TokenSet(frozenset()), facts, "abl1_mutations_count")


@provides("cd20", needs=("cd20_percent_blasts",))
def cd20(facts: Facts) -> Iterator[Fact]:
    """CD20 on more than 20 % of the blasts counts as positive (NCCN)."""
    found = more_than(facts, "cd20_percent_blasts", 20)
    if found is not None:
        yield follows("cd20", "positive" if found else "negative", facts, "cd20_percent_blasts")


@provides("cd19", "cd20", "cd22", needs=("marker_CD19", "marker_CD20", "marker_CD22"))
def targets(facts: Facts) -> Iterator[Fact]:
    """The treatment targets from the marker panel."""
    for target in ("19", "20", "22"):
        said = word(facts, f"marker_CD{target}")
        if said is not None:
            yield follows(f"cd{target}", said, facts, f"marker_CD{target}")


@provides("marker_CD19", "marker_CD20", "marker_CD22", needs=("cd19", "cd20", "cd22"))
def target_markers(facts: Facts) -> Iterator[Fact]:
    """The marker panel from the treatment targets."""
    for target in ("19", "20", "22"):
        said = word(facts, f"cd{target}")
        if said is not None:
            yield follows(f"marker_CD{target}", said, facts, f"cd{target}")


@provides("myeloid_markers", needs=tuple(f"marker_{name}" for name in _MYELOID))
def myeloid_markers(facts: Facts) -> Iterator[Fact]:
    """Myeloid antigens found positive; those found negative are excluded, the rest stays open."""
    said = {name: word(facts, f"marker_{name}") for name in _MYELOID}
    tested = [f"marker_{name}" for name, result in said.items() if result is not None]
    if tested:
        positive = frozenset(name for name, result in said.items() if result == "positive")
        negative = frozenset(name for name, result in said.items() if result == "negative")
        yield follows("myeloid_markers", TokenSet(positive, len(tested) == len(said), negative), facts, *tested)


_ETP = ("marker_CD1a", "marker_CD8", "cd5_percent", "etp_myeloid_stem_marker_max_percent")


@provides("etp_phenotype", needs=("lineage", "marker_CD5", *_ETP))
def etp_phenotype(facts: Facts) -> Iterator[Fact]:
    """Early T-cell precursor (NCCN ALL 2015, ALL-A): T lineage, no CD1a, no CD8, CD5 on fewer than 75 % of the blasts
    and a myeloid or stem-cell marker on 25 % or more. One part known to fail settles "no".
    """
    weak_cd5 = less_than(facts, "cd5_percent", 75)
    if weak_cd5 is None and word(facts, "marker_CD5") == "negative":
        weak_cd5 = True
    found = all_of(
        says(facts, "lineage", "T"),
        says(facts, "marker_CD1a", "negative"),
        says(facts, "marker_CD8", "negative"),
        weak_cd5,
        at_least(facts, "etp_myeloid_stem_marker_max_percent", 25),
    )
    if found is not None:
        yield follows("etp_phenotype", found, facts, "lineage", *_ETP)


PROVIDERS = (
    site, mature_b, by_diagnosis, ph_status, fusions, named_fusions, abl1, no_mutations, cd20, targets, target_markers, myeloid_markers, etp_phenotype,
)  # fmt: skip
