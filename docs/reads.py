"""The page "What Allcue reads": code by code what a site must send. Worked out from the code and the terminology it serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from service.facts.fitness.conditions import FINDINGS
from service.facts.registry import REGISTRY
from service.facts.sources import Sources, carried_by, system_name
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import DRUG_OF_CONCEPT
from service.record.terminology import Coding, Terminology
from service.record.units import accepted
from service.record.usable import _NOT_EVIDENCE, _STARTS, _VERIFICATION_AGAINST
from service.wiring import SERVICES

PAGE = "what-allcue-reads.md"
_MOST_FACTS = 12
_AREAS = {
    "diagnosis": "Diagnosis",
    "course": "Transplant, cell therapy and history",
    "karyotype": "Karyotype",
    "genetics": "Genetics",
    "immunophenotype": "Immunophenotype",
    "mrd": "Measurable residual disease",
    "response": "Response and disease status",
    "labs": "Laboratory",
    "fitness": "Fitness and pharmacogenetics",
    "therapy": "Treatment other than drugs",
    "toxicity": "Toxicity",
}
# What is read of each resource type; a test compares the types with those the record takes.
RESOURCES: Mapping[str, str] = {
    "Patient": "`birthDate` (partial dates are read as intervals), `gender`, `deceased[x]`",
    "Condition": "`code`, else the histology extension of mCODE, else `bodySite` or a note that names a leukemia; `clinicalStatus`, "
    "`verificationStatus`, `severity`, `onset[x]`, `recordedDate`, `abatement[x]`, `stage`, `evidence`, `note`",
    "Observation": "`code`, `value[x]` of any type, `interpretation`, `component`, `referenceRange`, `method`, `bodySite`, `specimen`, "
    "`note`, `effective[x]`, `issued`, `status`",
    "DiagnosticReport": "`code`, `conclusion`, `conclusionCode`, `specimen`, `effective[x]`, `issued`, `status`; a "
    "report that is only a PDF is told, not read",
    "Procedure": "`code`, `performed[x]`, `status`, `note`; the category alone says nothing",
    "Medication": "`code`, `ingredient`: where a medication resource refers to it, also contained",
    "MedicationStatement": "`medication[x]`, `effective[x]`, `status`, `statusReason`, `dosage`, `note`",
    "MedicationRequest": "the same with `authoredOn`, `intent`, `reported[x]`; without an administration it counts as ordered, "
    "not as given",
    "MedicationAdministration": "the same with `effective[x]`; the proof that a drug was given",
    "MedicationDispense": "the same with `whenHandedOver`, `whenPrepared`",
    "AllergyIntolerance": "`code`, `reaction.manifestation`, `onset[x]`, `recordedDate`, `verificationStatus`",
    "AdverseEvent": "`event`, `severity`, a grade in an extension, `suspectEntity`, `outcome`, `date`, `actuality`",
    "ServiceRequest": "`code`, `occurrence[x]`, `intent`, `status`: what is planned",
    "CarePlan": "`title`, `description`, `category`, `period`, `status`: phase of treatment and regimen",
    "EpisodeOfCare": "`type`, `period`, `status`: phase of treatment",
    "Encounter": "`serviceType`, `period`: adult or pediatric care",
    "PractitionerRole": "`specialty`: adult or pediatric care",
    "Organization": "`type`, `name`: adult or pediatric care",
    "Specimen": "`type`, `collection.collectedDateTime`, `collection.bodySite`: where a result refers to it, also contained",
}
# What most rules need, by resource: element, the facts that rest on it, and what is said without it.
LEAST: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("Patient", "`birthDate`", ("age_years", "age_group"), "no rule with a limit of age can be decided"),
    ("Condition", "the leukemia: `code`, `clinicalStatus`, `onset[x]`", ("diagnosis", "lineage", "disease_state", "diagnosis_date"),
     "Allcue cannot tell whether it is asked about a patient with ALL"),
    ("Observation", "karyotype, FISH or PCR of diagnosis", ("ph_status", "karyotype", "fusions"),
     "whether the disease is Ph-positive stays open, and with it most options"),
    ("Observation", "flow cytometry of the blasts", ("cd19", "cd22", "cd20"), "options that need a target stay open"),
    ("Observation", "blasts in marrow and blood", ("marrow_blasts_percent", "circulating_blasts"),
     "response and relapse rest on words alone"),
    ("Observation", "MRD with its method or sensitivity", ("mrd_status",), "MRD is asked for on a card"),
    ("Observation", "blood count, bilirubin, transaminases", ("wbc_current", "anc", "platelets", "bilirubin_direct", "ast_alt_grade"),
     "warnings that hang on a value name it as unknown"),
    ("Observation", "ABL1 mutations, if Ph-positive", ("abl1_mutations",), "the choice of a TKI stays open"),
    ("MedicationStatement or MedicationAdministration", "every antileukemic drug with dates, status and reason of stopping",
     ("prior_therapies", "current_therapies", "prior_tkis"), "absence of a drug is not known; an incomplete list never means no"),
    ("Procedure", "transplant, CAR-T cells, radiotherapy, with date", ("prior_allo_hct", "months_since_hct"),
     "a transplant is not known, nor a relapse after it"),
)  # fmt: skip
_QUANTITIES: Mapping[str, tuple[str, str]] = {
    "cells": ("cells in blood", "10*9/L"), "csf": ("cells in cerebrospinal fluid", "/uL"),
    "percent": ("share of cells", "%"), "fraction": ("MRD and transcript ratios", "1"),
    "bilirubin": ("bilirubin", "mg/dL"), "creatinine": ("creatinine", "mg/dL"), "glucose": ("glucose", "mg/dL"),
    "triglycerides": ("triglycerides", "mg/dL"), "fibrinogen": ("fibrinogen", "mg/dL"), "hemoglobin": ("hemoglobin", "g/dL"),
    "enzyme": ("lipase and transaminases", "U/L"), "methotrexate": ("methotrexate", "umol/L"), "gfr": ("filtration rate", "mL/min"),
    "hcg": ("hCG", "IU/L"), "temperature": ("temperature", "Cel; Fahrenheit is converted"), "milliseconds": ("QTc", "ms"),
    "weight": ("weight", "kg"), "score": ("scores", "none"),
}  # fmt: skip


def anchor(group: str) -> str:
    """The place of a concept group on the page; all drugs have one."""
    return "drugs" if group in _DRUGS else group.replace(".", "-").replace("_", "-")


_DRUGS = frozenset(group for group in DRUG_OF_CONCEPT if group.startswith("therapy."))


def page(terminology: Terminology) -> Iterator[str]:
    """The lines of the page."""
    sources = Sources(VOCABULARY, REGISTRY, terminology)
    groups = terminology.groups()
    by_area: dict[str, list[str]] = {area: [] for area in _AREAS}
    for group in groups:
        if group not in _DRUGS:
            by_area.setdefault(group.partition(".")[0], []).append(group)
    yield from _intro(by_area)
    yield from _least(sources)
    yield from _resources()
    yield from _values(terminology)
    yield "\n## Codes, concept by concept\n"
    yield "A code in the column *read only* is recognised but never sent by Allcue: its display could not be verified."
    yield "*Settles* names what the code says by itself, whatever the value. Facts are described in [facts](facts.md)."
    for area, own in by_area.items():
        if own:
            yield f"\n### {_AREAS.get(area, area.capitalize())}"
            for group in own:
                yield from _concept(group, sources)
    yield from _drugs([group for group in groups if group in _DRUGS], sources)
    yield from _comorbidities()
    yield from _index(groups, sources)


def _intro(areas: Mapping[str, list[str]]) -> Iterator[str]:
    yield "# What Allcue reads\n"
    yield "What a site must send so that Allcue finds the facts its rules rest on: resource types, elements, codes, units, dates."
    yield "To see what your own feed lacks, run `allcue facts --coverage DIR` over a folder of patients; to see where one fact came"
    yield "from, or what would answer it, `allcue facts FILE --explain --fact NAME` ([how](integration.md#check-your-feed)).\n"
    yield "- [The least a site must send](#the-least-a-site-must-send)"
    yield "- [Resource types](#resource-types)"
    yield "- [How values are read](#how-values-are-read): statuses, dates, [units](#units), [text](#text), [code systems](#code-systems)"
    named = ", ".join(
        f"[{_AREAS[area].lower()}](#{_heading_anchor(_AREAS[area])})" for area, own in areas.items() if own
    )
    yield f"- Codes: {named}, [drugs](#drugs), [comorbidities](#comorbidities)"
    yield "- [Index of codes](#index-of-codes)"


def _heading_anchor(title: str) -> str:
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")


def _least(sources: Sources) -> Iterator[str]:
    yield "\n## The least a site must send\n"
    yield "Everything else sharpens the advice. Without one of these, what cannot be decided is said on a card, never guessed.\n"
    yield "| resource | what | codes, for example | facts | without it |"
    yield "|---|---|---|---|---|"
    for kind, what, facts, without in LEAST:
        codes = "; ".join(_said(coding) for _, coding in islice(sources.codes(facts[0]), 2))
        codes = codes or ("its name in words" if sources.of(facts[0]).groups else "")
        yield _row(kind, what, codes, ", ".join(f"`{fact}`" for fact in facts), without)


def _resources() -> Iterator[str]:
    asked = {kind for service in SERVICES for kinds in service.resource_types.values() for kind in kinds}
    yield "\n## Resource types\n"
    yield "FHIR R4. *In calls*: a prefetch key of the service asks for the type; the others are read from files, and from Bundles"
    yield "that hold them. Other types are set aside with a reason.\n"
    yield "| type | read of it | in calls |"
    yield "|---|---|---|"
    for kind, elements in RESOURCES.items():
        yield _row(kind, elements, "yes" if kind in asked else "")


def _values(terminology: Terminology) -> Iterator[str]:
    yield "\n## How values are read\n"
    yield "### Statuses\n"
    yield f"Not evidence: {_codes(_NOT_EVIDENCE)}; verification {_codes(_VERIFICATION_AGAINST)}. `preliminary` and `registered` count and"
    yield "are named so. `amended`, `corrected` and `appended` replace what they correct: the same identifier, or the same test and date."
    yield "A resource of another patient is set aside.\n"
    yield "### Dates\n"
    yield "A partial date (`2024`, `2024-05`) is an interval: what it leaves open stays unknown. Results dated after the day of"
    yield "judgement are not seen. An undated result counts only where nothing can change, as with the karyotype. Which date of a"
    yield "resource counts, the first that is there:\n"
    yield "| type | dates |"
    yield "|---|---|"
    for kind, names in _STARTS.items():
        yield _row(kind, ", ".join(f"`{name}`" for name in names))
    yield "\n### Units\n"
    yield "UCUM, and the spellings that laboratories send. Case, blanks and the ways to write powers of ten (`x10³`, `10^3`, `10E3`)"
    yield "and micro (`µ`, `mc`) do not matter. A number in another unit, or without one where the quantity has a unit, is shown and"
    yield "not used; so is one outside the plausible range of its fact.\n"
    yield "| quantity | in | accepted |"
    yield "|---|---|---|"
    for quantity, units in accepted().items():
        name, own = _QUANTITIES.get(quantity, (quantity, ""))
        yield _row(name, own, ", ".join(f"`{unit}`" for unit in units if unit))
    yield "\n### Text\n"
    yield "English and German. Words are read where no known code stands: in `code.text`, displays, `valueString`, `conclusion`,"
    yield "`interpretation` and `note`. What was read so is marked *from text*. Denied, doubted, planned, familial and past mentions are told"
    yield "apart from statements; what cannot be told apart stays unknown. A code beats a text; a code and a text that name different"
    yield "leukemias cancel each other.\n"
    yield "### Code systems\n"
    yield "Any version (`|2024`), a trailing slash, http or https, and these URIs:\n"
    yield "| system | URI | also read |"
    yield "|---|---|---|"
    also: dict[str, list[str]] = {}
    for alias, target in terminology.aliases().items():
        also.setdefault(target, []).append(alias)
    systems = {c.system for group in terminology.groups() for c in terminology.codings(group)} - {"local"}
    for system in sorted(systems | set(also), key=lambda uri: system_name(uri).lower()):
        yield _row(
            system_name(system), f"`{system}`", ", ".join(f"`{alias}`" for alias in sorted(also.get(system, ())))
        )


def _concept(group: str, sources: Sources) -> Iterator[str]:
    terminology = sources.terminology
    yield f'\n<a id="{anchor(group)}"></a>'
    yield f"#### {terminology.title(group)}\n"
    by_name = "; its name in words is read too" if terminology.read_by_name(group) else ""
    yield f"`{group}`, in {' or '.join(carried_by(group))}{by_name}. {_answers(group, sources)}\n"
    codings = terminology.codings(group)
    if not codings:
        yield "No code of it is known."
    if codings:
        yield "| system | code | display | settles | |"
        yield "|---|---|---|---|---|"
    for coding in codings:
        meaning = terminology.meaning(coding.system, coding.code)
        settles = ", ".join(f"{what.replace('_', ' ')} {value}" for what, value in meaning.items())
        system = "local" if coding.system == "local" else system_name(coding.system)
        yield _row(system, f"`{coding.code}`", coding.display or "", settles, "" if coding.sendable else "read only")


def _answers(group: str, sources: Sources) -> str:
    facts = sources.facts_of(group)
    shown = ", ".join(f"`{fact}`" for fact in facts[:_MOST_FACTS])
    more = f" and {len(facts) - _MOST_FACTS} more" if len(facts) > _MOST_FACTS else ""
    return f"For {shown}{more}." if facts else "No fact rests on it."


def _drugs(groups: list[str], sources: Sources) -> Iterator[str]:
    facts = list(dict.fromkeys(fact for group in groups for fact in sources.facts_of(group)))
    yield "\n### Drugs\n"
    yield "In MedicationStatement, MedicationAdministration and MedicationRequest; by ingredient, product or brand. The name in words is"
    yield "read too, English or German, with or without its salt. Codes that are *read only* stand in brackets.\n"
    yield f"For {', '.join(f'`{fact}`' for fact in facts)}.\n"
    yield "| drug | RxNorm | ATC | other |"
    yield "|---|---|---|---|"
    for group in sorted(groups, key=lambda group: sources.terminology.title(group).lower()):
        cells: dict[str, list[str]] = {"RxNorm": [], "ATC": [], "": []}
        for coding in sources.terminology.codings(group):
            system = system_name(coding.system)
            code = f"`{coding.code}`" if coding.sendable else f"[`{coding.code}`]"
            cells[system if system in cells else ""].append(code if system in cells else f"{system} {code}")
        yield _row(sources.terminology.title(group), *(", ".join(codes) for codes in cells.values()))


def _comorbidities() -> Iterator[str]:
    yield "\n### Comorbidities\n"
    yield "Active Conditions by the beginning of their ICD-10 code (ICD-10, ICD-10-CM, ICD-10-GM), else by their words. Where *ever* is"
    yield "said, past ones count, and a complete problem list without one says no.\n"
    yield "| fact | ICD-10 codes that begin with | |"
    yield "|---|---|---|"
    for finding in FINDINGS:
        yield _row(f"`{finding.fact}`", ", ".join(f"`{code}`" for code in finding.icd), "ever" if finding.ever else "")


def _index(groups: Iterable[str], sources: Sources) -> Iterator[str]:
    yield "\n## Index of codes\n"
    yield "| code | system | concept | facts |"
    yield "|---|---|---|---|"
    rows: dict[tuple[str, str], list[str]] = {}
    for group in groups:
        for coding in sources.terminology.codings(group):
            rows.setdefault((coding.code, coding.system), []).append(group)
    for (code, system), own in sorted(rows.items(), key=lambda row: (row[0][0].lower(), row[0][1])):
        links = ", ".join(f"[{_plain(sources.terminology.title(group))}](#{anchor(group)})" for group in own)
        facts = list(dict.fromkeys(fact for group in own for fact in sources.facts_of(group)))
        shown = ", ".join(f"`{fact}`" for fact in facts[:3]) + (f" +{len(facts) - 3}" if len(facts) > 3 else "")
        yield _row(f"`{code}`", "local" if system == "local" else system_name(system), links, shown)


def _said(coding: Coding) -> str:
    return f"{system_name(coding.system)} `{coding.code}` {coding.display or ''}".strip()


def _codes(words: frozenset[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def _plain(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
