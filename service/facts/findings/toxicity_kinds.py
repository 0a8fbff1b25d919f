"""Which kind of toxicity a code or name means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.facts.disease.conditions import only_risked
from service.record.model import Entry
from service.record.text import states

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
    "10028130": ("mucositis",),
    **{f"G92.0{grade}": ("ICANS",) for grade in range(6)},
}  # fmt: skip
_CTCAE_NAMES = tuple(
    (kinds, re.compile(pattern, re.IGNORECASE))
    for kinds, pattern in (
        (("ICANS",), r"(?-i:\bICANS\b)|effector cell.{0,12}neurotox"),
        (("IEC-HS",), r"(?-i:\bIEC-HS\b)|effector cell.{0,20}h(?:a)?emophagocyt"),
        (("CRS",), r"cytokine release|zytokinfreisetzung|(?-i:\bCRS\b)"),
        (("SOS",), r"veno-?occlusive|sinusoidal obstruction|(?-i:\bVOD\b)"),
        (("differentiation-syndrome",), r"differentiation syndrome"),
        (("pancreatitis",), r"pan[ck]reatitis"),
        (("infusion-reaction-iv",), r"infusion[\s-]?(?:related )?(?:site )?rea[ck]tion|infusionsreaktion"),
        (("injection-site-reaction-im",), r"injection[\s-]site rea[ck]tion"),
        (("urticaria",), r"urti[ck]aria|hives"),
        (("hypersensitivity-systemic",), r"anaphyla|hypersensitiv|allergic rea|allergische rea"),
        (_CEREBRAL, r"(?:sinus|cerebral) ?(?:venous |vein )?(?:sinus )?thromb|sinusvenenthromb|hirnvenenthromb|(?-i:\bCVST\b)"),
        (_STROKE, r"\bstroke\b|schlaganfall|cerebral (?:ischemia|infarct)|hirninfarkt"),
        (("intracranial-hemorrhage", "hemorrhage"), r"(?:intracranial|cerebral|subdural|subarachnoid) h(?:a)?emorrhag|hirnblutung"),
        (("hemorrhage-non-cns", "hemorrhage"),
         r"(?:gastrointestinal|\bGI\b|upper|lower|nasal|pulmonary|retroperitoneal) (?:bleed|h(?:a)?emorrhag)|epistaxis|melena|magenblutung"),
        (("thromboembolism-non-cns", "thrombosis"), r"venous thromb|vein thromb|pulmonary embol|lungenembol|\bDVT\b|thromboembol|venenthromb"),
        (("hyperbilirubinemia",), r"hyperbilirubin|bilirubin increased|blood bilirubin"),
        (("ast-alt",), r"(?:alanine|aspartate) aminotransferase increased|transaminas\w+ (?:increas|elevat)|\bA[SL]T (?:increased|elevated)"),
        (("hypertriglyceridemia",), r"hypertriglycerid"),
        (("hyperglycemia",), r"hyperglyc|hyperglykäm"),
        (("QT-prolongation",), r"\bQTc?[\s-]?(?:interval )?prolong"),
        (("neuropathy",), r"neuropath"),
        (("osteonecrosis",), r"osteonecros|osteonekros|avascular necros"),
        (("mucositis",), r"mucositis|mukositis"),
        (("arterial-occlusion",), r"arterial (?:occlus|thrombo)|myocardial infarct|herzinfarkt|\bpAVK\b"),
        (("nephrotoxicity",), r"acute kidney injury|nephrotox|akutes nierenversagen"),
    )
)  # fmt: skip


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
    for _, code in entry.codings:
        if code in _BY_CODE:
            return _BY_CODE[code]
    for group in sorted(entry.concepts - entry.text_concepts):
        if group in _BY_GROUP:
            return _BY_GROUP[group]
    return next((kinds for kinds, pattern in _CTCAE_NAMES if _named(entry.text, pattern)), ())


def _named(text: str, pattern: re.Pattern[str]) -> bool:
    return pattern.search(text) is not None and states(text, pattern) and not only_risked(text, pattern)
