"""Age bands, genetics and risk that follow from other facts."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import at_least, band, flag, follows, includes, less_than, number, token_set, word
from service.facts.model import Fact, Facts, Interval, TokenSet, provides
from service.facts.vocabulary import VOCABULARY

_AGE_GROUPS = ((0, 1, "infant"), (1, 15, "child"), (15, 40, "AYA"), (40, 65, "adult"), (65, 1000, "older"))


@provides("age_years", needs=("age_months",))
def age_years(facts: Facts) -> Iterator[Fact]:
    """Years from months, where only months are known: completed years."""
    months = number(facts, "age_months")
    if months is not None:
        low, high = months.low // 12, months.high // 12
        yield follows("age_years", low if low == high else Interval(low, high), facts, "age_months")


@provides("age_months", needs=("age_years",))
def age_months(facts: Facts) -> Iterator[Fact]:
    """Months from years: a whole year wide."""
    years = number(facts, "age_years")
    if years is not None:
        yield follows("age_months", Interval(years.low * 12, years.high * 12 + 12, high_open=True), facts, "age_years")


@provides("is_adult", "age_group", needs=("age_years",))
def age_bands(facts: Facts) -> Iterator[Fact]:
    """Adult from 18 years; NCCN bands: infant below 12 months, child 1-14, AYA 15-39, adult 40-64, older from 65."""
    years = number(facts, "age_years")
    if years is None:
        return
    adult = years.at_least(18)
    if adult is not None:
        yield follows("is_adult", adult, facts, "age_years")
    group = band(years, _AGE_GROUPS)
    if group is not None:
        yield follows("age_group", group, facts, "age_years")


@provides("jurisdiction", "care_setting")
def site(facts: Facts) -> Iterator[Fact]:
    """What the site's configuration says where the record does not."""
    if facts.site.region:
        yield follows("jurisdiction", facts.site.region, facts, note="site configuration")
    if facts.site.care_setting:
        yield follows("care_setting", facts.site.care_setting, facts, note="site configuration")


@provides("burkitt_or_mature_b", needs=("diagnosis", "lineage"))
def mature_b(facts: Facts) -> Iterator[Fact]:
    diagnosis, lineage = word(facts, "diagnosis"), word(facts, "lineage")
    if "mature-B" in (diagnosis, lineage):
        yield follows("burkitt_or_mature_b", True, facts, "diagnosis", "lineage")
    elif diagnosis in ("ALL", "LL") and lineage in ("B", "T"):
        yield follows("burkitt_or_mature_b", False, facts, "diagnosis", "lineage")


@provides("lineage", needs=("diagnosis",))
def lineage(facts: Facts) -> Iterator[Fact]:
    """Mature B-cell disease carries its lineage."""
    if word(facts, "diagnosis") == "mature-B":
        yield follows("lineage", "mature-B", facts, "diagnosis")


@provides("ph_status", needs=("fusions",))
def ph_status(facts: Facts) -> Iterator[Fact]:
    """BCR::ABL1 among the fusions is Ph-positive. Its absence there says nothing: the negative needs its own test."""
    if includes(facts, "fusions", "BCR::ABL1"):
        yield follows("ph_status", "positive", facts, "fusions")


@provides("fusions", needs=("kmt2a", "t_4_11", "ph_status", "tcf3_hlf"))
def fusions(facts: Facts) -> Iterator[Fact]:
    """Fusions stated as facts of their own; the list stays open."""
    yes: list[str] = []
    no: list[str] = []
    for name, token in (("kmt2a", "KMT2A-r"), ("t_4_11", "KMT2A::AFF1"), ("tcf3_hlf", "TCF3::HLF")):
        said = flag(facts, name)
        if said is not None:
            (yes if said else no).append(token)
    status = word(facts, "ph_status")
    if status is not None:
        (yes if status == "positive" else no).append("BCR::ABL1")
    if yes or no:
        made = VOCABULARY.lookup("fusions").token_set(yes, complete=False, excluded=no)
        yield follows("fusions", made, facts, "kmt2a", "t_4_11", "ph_status", "tcf3_hlf")


@provides("kmt2a", "t_4_11", "tcf3_hlf", needs=("fusions",))
def named_fusions(facts: Facts) -> Iterator[Fact]:
    """Facts of their own from the list of fusions."""
    for name, token in (("kmt2a", "KMT2A-r"), ("t_4_11", "KMT2A::AFF1"), ("tcf3_hlf", "TCF3::HLF")):
        found = includes(facts, "fusions", token)
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


@provides("ploidy", needs=("modal_chromosome_number",))
def ploidy(facts: Facts) -> Iterator[Fact]:
    """Ploidy from the modal number: near-haploid 24-29, low-hypodiploid 30-39, hypodiploid 40-43, high-hyperdiploid
    51-59, near-triploid 66-68. 60-65 fits both high hyperdiploidy and near-triploidy (which may be a doubled
    low-hypodiploid clone), and 44-50 is no class of its own: no call is made there.
    """
    modal = number(facts, "modal_chromosome_number")
    bands = ((24, 30, "near-haploid"), (30, 40, "low-hypodiploid"), (40, 44, "hypodiploid"), (46, 47, "diploid"),
             (51, 60, "high-hyperdiploid"), (66, 69, "near-triploid"))  # fmt: skip
    found = band(modal, bands) if modal is not None else None
    if found is not None:
        yield follows("ploidy", found, facts, "modal_chromosome_number")


@provides("complex_karyotype", needs=("chromosomal_abnormality_count",))
def complex_karyotype(facts: Facts) -> Iterator[Fact]:
    """Five or more abnormalities (NCCN)."""
    found = at_least(facts, "chromosomal_abnormality_count", 5)
    if found is not None:
        yield follows("complex_karyotype", found, facts, "chromosomal_abnormality_count")


@provides("wbc_high_risk", needs=("lineage", "wbc_at_diagnosis"))
def wbc_high_risk(facts: Facts) -> Iterator[Fact]:
    """WBC at diagnosis of 30 or more in B, 100 or more (10^9/L) in T lineage (NCCN ALL 2015, ALL-5 footnote w)."""
    limit = {"B": 30.0, "T": 100.0}.get(word(facts, "lineage") or "")
    found = at_least(facts, "wbc_at_diagnosis", limit) if limit is not None else None
    if found is not None:
        yield follows("wbc_high_risk", found, facts, "lineage", "wbc_at_diagnosis")


@provides("nci_risk", needs=("lineage", "age_at_diagnosis_years", "wbc_at_diagnosis"))
def nci_risk(facts: Facts) -> Iterator[Fact]:
    """NCI risk of B-ALL: standard at 1 to under 10 years with WBC below 50 (10^9/L), otherwise high."""
    if word(facts, "lineage") != "B":
        return
    young = less_than(facts, "age_at_diagnosis_years", 10)
    infant = less_than(facts, "age_at_diagnosis_years", 1)
    low_count = less_than(facts, "wbc_at_diagnosis", 50)
    if young is False or low_count is False:
        yield follows("nci_risk", "high", facts, "age_at_diagnosis_years", "wbc_at_diagnosis")
    elif young and infant is False and low_count:
        yield follows("nci_risk", "standard", facts, "age_at_diagnosis_years", "wbc_at_diagnosis")


@provides("cd20", needs=("cd20_percent_blasts",))
def cd20(facts: Facts) -> Iterator[Fact]:
    """CD20 on more than 20 % of the blasts counts as positive (NCCN)."""
    share = number(facts, "cd20_percent_blasts")
    found = share.more_than(20) if share is not None else None
    if found is not None:
        yield follows("cd20", "positive" if found else "negative", facts, "cd20_percent_blasts")


@provides("cd19", "cd20", "cd22", needs=("marker_CD19", "marker_CD20", "marker_CD22"))
def targets(facts: Facts) -> Iterator[Fact]:
    """The treatment targets from the marker panel."""
    for target in ("19", "20", "22"):
        said = word(facts, f"marker_CD{target}")
        if said is not None:
            yield follows(f"cd{target}", said, facts, f"marker_CD{target}")


@provides("abl1_mutations", needs=("abl1_mutations_count",))
def no_mutations(facts: Facts) -> Iterator[Fact]:
    """A count of zero is an empty set."""
    count = number(facts, "abl1_mutations_count")
    if count is not None and count.at_most(0):
        yield follows("abl1_mutations", TokenSet(frozenset()), facts, "abl1_mutations_count")


PROVIDERS = (
    age_years, age_months, age_bands, site, mature_b, lineage, ph_status, fusions, named_fusions, abl1, no_mutations,
    ploidy, complex_karyotype, wbc_high_risk, nci_risk, cd20, targets,
)  # fmt: skip
