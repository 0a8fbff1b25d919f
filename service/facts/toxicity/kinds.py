"""Which kind of toxicity a code or name means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from service.facts.disease.conditions import in_icd, only_risked
from service.record.model import Entry
from service.record.text import states
from service.record.values import components, value_text

# Kinds of a terminology group, for codes that are not told apart below.
_BY_GROUP: Mapping[str, tuple[str, ...]] = {
    "toxicity.pancreatitis": ("pancreatitis",),
    "toxicity.hypersensitivity": ("hypersensitivity-systemic",),
    "toxicity.thrombosis": ("thromboembolism-non-cns", "thrombosis"),
    "toxicity.hypertriglyceridemia": ("hypertriglyceridemia",),
    "toxicity.hyperglycemia": ("hyperglycemia",),
    "toxicity.crs": ("CRS",),
    "toxicity.icans": ("neurotoxicity", "neurologic"),
    "toxicity.sos_vod": ("SOS",),
    "toxicity.differentiation_syndrome": ("differentiation-syndrome",),
    "toxicity.neuropathy": ("neuropathy",),
    "toxicity.arterial_occlusion": ("arterial-occlusion",),
    "toxicity.cardiac": ("cardiac",),
    "toxicity.osteonecrosis": ("osteonecrosis",),
}
_CEREBRAL = ("cerebral-thrombosis-ischemia-stroke", "thrombosis")
_STROKE = ("cerebral-thrombosis-ischemia-stroke", "arterial-occlusion")
_VENOUS = ("thromboembolism-non-cns", "thrombosis")
_BLEED = ("hemorrhage-non-cns", "hemorrhage")
_BRAIN_BLEED = ("intracranial-hemorrhage", "hemorrhage")
# Codes that mean something else than their group, or nothing that can be graded as a kind (MedDRA, SNOMED CT, ICD-10).
_BY_CODE: Mapping[str, tuple[str, ...]] = {
    "10051792": ("infusion-reaction-iv",), "10022095": ("injection-site-reaction-im",), "10046735": ("urticaria",),
    "T45.1X5A": (), "T80.82XA": (),
    "192759008": _CEREBRAL, "195230003": _CEREBRAL, "I67.6": _CEREBRAL, "G08": _CEREBRAL,
    "10042244": _STROKE, "10023030": _STROKE, "I63.9": _STROKE,
    "10022763": ("intracranial-hemorrhage", "hemorrhage"), "10036206": ("thromboembolism-non-cns", "thrombosis"),
    "10005364": ("hyperbilirubinemia",), "14783006": ("hyperbilirubinemia",), "E80.6": ("hyperbilirubinemia",),
    "R17": ("hyperbilirubinemia",), "10019663": ("hepatotoxicity",), "10001551": ("ast-alt",), "10003481": ("ast-alt",),
    "10014383": ("QT-prolongation",), "I45.81": ("QT-prolongation",), "10020772": (),
    "10069339": ("nephrotoxicity",), "10029366": ("neutropenia",), "D70.1": ("neutropenia",),
    "10028130": ("mucositis",), "75694006": ("pancreatitis",), "59282003": _VENOUS, "128053003": _VENOUS,
    "230690007": _STROKE, "1386000": _BRAIN_BLEED, "74474003": _BLEED, "249366005": _BLEED, "80394007": ("hyperglycemia",),
    "126485001": ("urticaria",), "91175000": ("neurotoxicity", "neurologic"), "386033004": ("neuropathy",),
    "95361005": ("mucositis",), "14669001": ("nephrotoxicity",),
    **{f"G92.0{grade}": ("ICANS",) for grade in range(6)},
}  # fmt: skip
# Blocks of ICD-10 (WHO, CM, GM) by their first characters, for the many codes that no list names one by one.
_BY_ICD: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("K85", "B25.2"), ("pancreatitis",)),
    (("I63.6", "I67.6", "G08"), _CEREBRAL),
    (("I63", "I64", "G45"), _STROKE),
    (("I60", "I61", "I62"), _BRAIN_BLEED),
    (("I26", "I80", "I81", "I82", "T82.817", "T82.868"), _VENOUS),
    (("K92.0", "K92.1", "K92.2", "R04", "R58", "N93", "J94.2"), _BLEED),
    (("I74",), ("arterial-occlusion",)),
    (("I21", "I22"), ("arterial-occlusion",)),
    (("I50", "I42", "I43"), ("cardiac",)),
    (("K71",), ("hepatotoxicity",)),
    (("E78.1",), ("hypertriglyceridemia",)),
    (("R73.9", "E09"), ("hyperglycemia",)),
    (("L50",), ("urticaria",)),
    (("T78.2", "T88.6"), ("hypersensitivity-systemic",)),
    (("G62.0", "G62.2"), ("neuropathy",)),
    (("M87",), ("osteonecrosis",)),
    (("N17",), ("nephrotoxicity",)),
    (("K12.3",), ("mucositis",)),
    (("D70",), ("neutropenia",)),
)
_THROMB = r"thrombo?(?:s[ei]s|se\b|sen\b|embol\w*|us\b)"
_CTCAE_NAMES = tuple(
    (kinds, re.compile(pattern, re.IGNORECASE))
    for kinds, pattern in (
        (("ICANS",), r"(?-i:\bICANS\b)|effector cell.{0,12}(?:neurotox|encephalopathy)|(?-i:\bICE\b)[\s-]?score|\bCARTOX"),
        (("IEC-HS",), r"(?-i:\bIEC-?HS\b)|effector cell.{0,20}h(?:a)?emophagocyt|(?-i:\bcarHLH\b)"),
        (("CRS",), r"cytokine[\s-]release|zytokin[\s-]?freisetzung|(?-i:\bCRS\b)|zytokinsturm"),
        (("SOS",), r"veno-?occlusive|veno-?okklusive|sinusoidal\w* obstru[ck]tion|(?-i:\bVOD\b)|(?-i:\bSOS/VOD\b)"),
        (("differentiation-syndrome",), r"differen[tz]i(?:ation|erung)s?[\s-]?syndrom"),
        (("pancreatitis",), r"pan[ck]reatitis"),
        (("infusion-reaction-iv",), r"infusion[\s-]?(?:related )?(?:site )?rea[ck]tion|infusionsrea[ck]tion|infusionsbedingte rea[ck]tion"),
        (("injection-site-reaction-im",), r"injection[\s-]site rea[ck]tion|lokalrea[ck]tion|rea[ck]tion an der (?:einstich|injektions)stelle"),
        (("urticaria",), r"urti[ck]aria|hives|nesselsucht"),
        (("hypersensitivity-systemic",), r"anaphyla|hypersensiti[vz]|überempfindlich|allergic rea|allergische rea|\ballergie auf\b|serum sickness"),
        (_CEREBRAL, rf"(?:sinus|cerebral|dural|intracranial|zerebrale?)[\s-]?(?:ven\w+[\s-]*|sinus[\s-]*)*{_THROMB}|hirnvenenthromb|(?-i:\bCVS?T\b|\bSVT\b(?! tachy))"),
        (_STROKE, r"\bstroke\b|schlaganfall|(?:cerebral|brain) (?:ischa?emia|infarct)|hirninfarkt|apople[xk]|transient ischa?emic"),
        (_BRAIN_BLEED, r"(?:intracranial|intracerebral|cerebral|subdural|subarachnoid\w*|epidural)e?s? (?:h(?:a)?emorrhag|bleed|h(?:a)?ematom|hämatom|blutung)|hirnblutung|subarachnoidalblutung|subdural\w*hämatom|intrakranielle blutung|intrazerebrale blutung"),
        (_BLEED,
         r"(?:gastrointestinal|\bGI|upper|lower|nasal|pulmonary|retroperitoneal|vaginal|rectal|oral|mucosal) (?:bleed|h(?:a)?emorrhag)|epistaxis|nasenbluten|mel(?:a)?ena"
         r"|h(?:a)?ematemesis|h(?:a)?ematochezia|hämatemesis|magenblutung|GI-blutung|gastrointestinale blutung|hypermenorrh"),
        (("arterial-occlusion",), r"arterial (?:occlus|thrombo)|arteriell\w* verschluss|myocardial infarct|herzinfarkt|myokardinfarkt|\bpAVK\b"),
        (_VENOUS, rf"ven(?:ous|en|e|ös\w*)[\s-]*{_THROMB}|{_THROMB}|embolism|lungen(?:arterien)?embol|pulmonary embol|(?-i:\bDVT\b|\bTVT\b|\bLAE\b|\bVTE\b)"),
        (("hyperbilirubinemia",), r"hyperbilirubin|bilirubin (?:increased|elevated|erhöht)|blood bilirubin|ikterus|jaundice"),
        (("ast-alt",), r"(?:alanine|aspartate) aminotransferase increased|transaminas\w+ (?:increas|elevat)|\bA[SL]T (?:increased|elevated)"
                       r"|transaminasenerhöhung|(?:elevated|erhöhte) transaminas|hypertransaminas|transaminitis"),
        (("hypertriglyceridemia",), r"hypertrigly[cz]erid"),
        (("hyperglycemia",), r"hyperglyc|hyperglykäm|steroid[\s-]?(?:induced |induzierter )?diabetes"),
        (("QT-prolongation",), r"\bQTc?[\s-]?(?:interval |zeit-?)?(?:prolong|verläng)"),
        (("neuropathy",), r"neuropath"),
        (("osteonecrosis",), r"osteonecros|osteonekros|avascular necros|avaskuläre (?:knochen)?nekros"),
        (("mucositis",), r"mucositis|mukositis"),
        (("nephrotoxicity",), r"acute kidney injury|nephrotox|akute\w* nierenversagen|creatinine increased"),
        (("neutropenia",), r"neutrop[ea]ni|neutrophil count decreased|agranulo[cz]yt"),
        (("hepatotoxicity",), r"hepatotox|drug-induced liver|leberversagen|hepatic failure|liver failure"),
        (("neurotoxicity", "neurologic"), r"neurotox|encephalopath|enzephalopath|leu[ck]oen[ck]ephal|\bPRES\b|seizure|krampfanfall"),
        (("cardiac",), r"heart failure|herzinsuffizienz|cardiomyopath|kardiomyopath|ejection fraction decreased"),
    )
)  # fmt: skip
_MEMORY = 60  # characters: names of events are remembered, what is written of patients is not
_ANY_EVENT = re.compile(
    r"adverse (?:event|rea[ck]tion)|toxicit|toxizität|nebenwirkung|unerwünscht|complication|komplikation", re.I
)


@dataclass(frozen=True, slots=True)
class _Sign:
    codes: frozenset[str]
    pattern: re.Pattern[str]

    def states(self, text: str) -> bool:
        return states(text, self.pattern)


ANAPHYLAXIS = _Sign(frozenset({"10002218", "39579001", "T78.2XXA", "T88.6XXA"}), re.compile(r"anaphyla", re.IGNORECASE))


def kinds_of(entry: Entry) -> tuple[str, ...]:
    """The kinds of toxicity a resource means: by code, else by the plain words of its name.

    A thrombosis is of its place and also "thrombosis", as sources name both.
    """
    return entry.once(kinds_of, lambda: _kinds_of(entry))


def _kinds_of(entry: Entry) -> tuple[str, ...]:
    for _, code in entry.codings:
        if code in _BY_CODE:
            return _BY_CODE[code]
    if any("icd-10" in system for system, _ in entry.codings):
        for prefixes, kinds in _BY_ICD:
            if in_icd(entry, prefixes):
                return kinds
    for group in sorted(entry.concepts - entry.text_concepts):
        if group in _BY_GROUP:
            return _BY_GROUP[group]
    return _by_name(entry.text) or _of_form(entry)


def kinds_in(text: str, codes: Iterable[str]) -> tuple[str, ...]:
    """The kinds that the manifestation of a reaction means."""
    return next((_BY_CODE[code] for code in codes if code in _BY_CODE), ()) or _by_name(text)


def _by_name(text: str) -> tuple[str, ...]:
    return _by_short_name(text) if len(text) <= _MEMORY else _by_long_name(text)


def _by_long_name(text: str) -> tuple[str, ...]:
    return next((kinds for kinds, pattern in _CTCAE_NAMES if _named(text, pattern)), ()) if text else ()


_by_short_name = lru_cache(maxsize=4096)(_by_long_name)


def _of_form(entry: Entry) -> tuple[str, ...]:
    """The kind that a form names in its value: "Adverse event": "Pancreatitis"."""
    if entry.type != "Observation" or not _ANY_EVENT.search(entry.text):
        return ()
    found = _by_name(value_text(entry.resource))
    parts = (value_text(component) for component in components(entry.resource))
    return found or next((kinds for text in parts if (kinds := _by_name(text))), ())


def _named(text: str, pattern: re.Pattern[str]) -> bool:
    return pattern.search(text) is not None and states(text, pattern) and not only_risked(text, pattern)
