"""The course of a leukemia in words, English and German: state, numbers of relapses and remissions, site, phase."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.record.text import states

_NTH = {
    1: r"(?:first|1st|erst\w*|1\.)", 2: r"(?:second|2nd|zweit\w*|2\.)", 3: r"(?:third|3rd|dritt\w*|3\.)",
    4: r"(?:fourth|4th|viert\w*|4\.)", 5: r"(?:fifth|5th|fünft\w*|5\.)",
}  # fmt: skip
_ORDINALS = {"1": "first ", "2": "second ", "3": "third ", "4": "fourth ", "5": "fifth "}
_ORDINAL = re.compile(r"\b([1-5])\.\s*(?=[^\W\d])")
_REL = r"(?:relaps|rezidiv|recurr|recidiv|rechute|recaíd|atkryt|back ?slid)"
_REM = r"(?:remission|remisi|remiss)"
RELAPSE = re.compile(
    rf"(?<!risk of )(?<!risk for )(?<!prevent )(?<!vor ){_REL}(?!\w*[\s-]*(?:free|frei|risk|risiko|prophyla))",
    re.IGNORECASE,
)
_REMISSION = re.compile(
    rf"(?<!partial )(?<!partielle )(?<!partieller )(?<!teil){_REM}(?!\w*[\s-]*indu)"
    r"|(?-i:\b(?:CCR|CRi|CRh|CRu|CR|KR)\b(?!\s*(?:rate|protein))|\bCR[\s-]?[1-5]\b)",
    re.IGNORECASE,
)
_REFRACTORY = re.compile(
    r"refract|refrakt|induction failure|induktionsversag|therapieversag|primary resistan|resistant disease",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"newly[\s-]diagnos|new[\s-]diagnos|\bde novo\b|erstdiagnos|\bneu\s?diagnos|at (?:initial )?presentation|previously untreated",
    re.IGNORECASE,
)
_EITHER = re.compile(rf"{_REL}\w*\s*(?:/|or|and|oder|und|-)\s*(?:refra\w+)", re.IGNORECASE)
# "in remission after relapse", "prior relapse": what came before is not the state.
_BEFORE = re.compile(
    rf"\b(?:after|nach|following|since|seit)\b[^,;.()\n]*"
    rf"|\b(?:prior|previous|past|früher\w*)[\s-]+(?:\w+[\s-]+)?(?:{_REL}\w*|{_REM}\w*)|\bpost[\s-]*(?:{_REL}|{_REM})\w*",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    r"\b(?:[^\W\d_]\w*-|MRD\s)(?:neg|pos)(?:ativ\w*)?\b(?=\s+(?:\w+\s+)?(?:CR|KR|remission|complete|komplett))",
    re.IGNORECASE,
)
_NEXT_REMISSION = re.compile(
    r",\s*(?=(?:(?:still|now|currently|ongoing|continu\w+|sustained|persist\w+|weiterhin|anhaltend\w*|aktuell|derzeit|jetzt|nun|in"
    r"|first|second|third|erste[rn]?|zweite[rn]?|dritte[rn]?|[1-5]\.|complete|komplette\w*|h(?:a)?ematologic\w*|hämatologisch\w*"
    r"|molecular|molekulare\w*|morpholog\w+)\s+){0,4}(?:remission|vollremission|(?-i:CRi?|KR)[1-5]?\b))",
    re.IGNORECASE,
)
_PAST_THEN = re.compile(
    r"((?:\bs/p|\bstatus post|\bz\.\s?n\.?|\bzn|\bzustand nach)\s[^.;\n]*?)(?<!not)(?<!nicht)(?<!never)\s(?=in (?:(?:\w+ )?remission|CR[1-5]?)\b)",
    re.IGNORECASE,
)
_STATES = (("relapsed", RELAPSE), ("in-remission", _REMISSION), ("refractory", _REFRACTORY), ("new-diagnosis", _NEW))
_BETWEEN = rf"[\s-]*(?:(?!{_REM}|{_REL}|cr\b)[^\W\d]+[\s-]+){{0,2}}"
_RELAPSE_NO = {
    n: re.compile(rf"\b{nth}{_BETWEEN}{_REL}|{_REL}\w*\s*(?:#|no\.?|nr\.?)\s*{n}\b", re.IGNORECASE)
    for n, nth in _NTH.items()
}
_REMISSION_NO = {
    n: re.compile(rf"\b{nth}{_BETWEEN}(?:{_REM}|(?-i:CR|KR)\b)|(?-i:\bCR)[\s-]?{n}\b", re.IGNORECASE)
    for n, nth in _NTH.items()
}
_MANY = re.compile(rf"\b(?:multipl\w+|several|mehrfach\w*|repeated(?:ly)?)[\s-]+{_REL}", re.IGNORECASE)
_SITES = {
    "marrow": re.compile(
        r"marrow|knochenmark|(?<!extra)medull|h(?:a)?ematologic|hämatologisch|(?-i:\bBM\b|\bKM\b)", re.IGNORECASE
    ),
    "CNS": re.compile(r"central nervous|mening|liquor|(?-i:\bCNS|\bZNS|\bCSF\b)", re.IGNORECASE),
    "testicular": re.compile(r"testic|testis|testes|hoden", re.IGNORECASE),
    "extramedullary": re.compile(
        r"extramedull|mediastin|lymph ?nod|lymphknoten|\bskin\b|cutan|kutan|soft tissue|\bovar|\bbreast\b",
        re.IGNORECASE,
    ),
}
_ISOLATED = re.compile(r"isolat|isoliert|\bonly\b|\bnur\b", re.IGNORECASE)
_COMBINED = re.compile(r"combin|kombinier", re.IGNORECASE)
_END = r"(?:end[\s-]of[\s-]|end of the |ende (?:der )?|post[\s-]?|after |nach (?:der )?|completed )"
_PHASES = (
    ("post-hct", re.compile(r"post[\s-]?(?:hct|hsct|sct|bmt|transplant)|nach (?:der )?(?:\w+ )?(?:szt|transplant)", re.IGNORECASE)),
    ("end-of-reinduction", re.compile(rf"{_END}re-?(?:induction|induktion)", re.IGNORECASE)),
    ("reinduction", re.compile(r"re-?(?:induction|induktion)", re.IGNORECASE)),
    ("end-of-induction", re.compile(rf"{_END}(?:induction|induktion)|(?-i:\bEOI\b)", re.IGNORECASE)),
    ("end-of-consolidation", re.compile(rf"{_END}(?:consolidation|konsolidierung)|(?-i:\bEOC\b)", re.IGNORECASE)),
    ("", re.compile(r"interim[\s-]maintenance", re.IGNORECASE)),  # not maintenance; the sources have no name for it
    ("intensification", re.compile(r"(?:delayed )?intensification|intensivierung", re.IGNORECASE)),
    ("maintenance", re.compile(r"maintenance|erhaltungs|dauertherapie", re.IGNORECASE)),
    ("consolidation", re.compile(r"consolidation|konsolidierung", re.IGNORECASE)),
    ("induction", re.compile(r"(?<!remissions)induction|induktion", re.IGNORECASE)),
    ("surveillance", re.compile(r"surveillance|follow[\s-]?up|nachsorge|off[\s-]therapy", re.IGNORECASE)),
)  # fmt: skip


def says(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text plainly states something. Most texts do not name it at all, which is quick to see."""
    return pattern.search(text) is not None and states(in_pieces(text), pattern)


def in_pieces(text: str) -> str:
    """A text in which a remission begins a statement of its own, so that what is denied or told of the past before it
    says nothing of it; and without "MRD-negative" and the like, which deny no remission.

    >>> in_pieces("No evidence of relapse, in MRD-negative CR1")
    'No evidence of relapse. in  CR1'
    """
    return _PAST_THEN.sub(r"\1. ", _NEXT_REMISSION.sub(". ", _ADJECTIVE.sub("", text)))


def state_in(text: str) -> str | None:
    """The state of the disease that a text states, or ``None`` where it states none or several.

    >>> state_in("B-ALL, in CR2 after relapse"), state_in("ALL not having achieved remission")
    ('in-remission', None)
    """
    now = _BEFORE.sub(" ", _EITHER.sub("relapsed", text))
    said = {state for state, pattern in _STATES if says(now, pattern)}
    if len(said) > 1:
        said.discard("new-diagnosis")
    if said == {"relapsed", "in-remission"} and (remission_number_in(now) or 0) >= 2:
        return "in-remission"
    if said == {"relapsed", "refractory"}:
        return "relapsed"
    return next(iter(said)) if len(said) == 1 else None


def relapse_number_in(text: str) -> int | None:
    """The highest number of a relapse that a text states ("second relapse", "1. Rezidiv")."""
    return _highest(_RELAPSE_NO, text)


def remission_number_in(text: str) -> int | None:
    """The highest number of a remission that a text states ("CR2", "zweite Remission")."""
    return _highest(_REMISSION_NO, text)


def _highest(patterns: Mapping[int, re.Pattern[str]], text: str) -> int | None:
    # "1." before a word is an ordinal, not the end of a sentence
    text = _ORDINAL.sub(lambda match: _ORDINALS[match[1]], text)
    return max((n for n, pattern in patterns.items() if says(text, pattern)), default=None)


def many_relapses_in(text: str) -> bool:
    """Whether a text speaks of several relapses without counting them."""
    return says(text, _MANY)


def refractory_in(text: str) -> bool:
    """Whether a text calls the disease refractory. "Relapsed or refractory" leaves open which of both it is."""
    return says(_EITHER.sub("relapsed", text), _REFRACTORY)


def sites_in(text: str) -> frozenset[str]:
    """Sites that a text states: marrow, CNS, testicular, extramedullary."""
    return frozenset(site for site, pattern in _SITES.items() if says(text, pattern))


def relapse_site_in(text: str) -> str | None:
    """The site of a relapse where the text settles it: called isolated or combined, or marrow with another site.

    >>> relapse_site_in("isolated CNS relapse"), relapse_site_in("marrow and CNS relapse"), relapse_site_in("CNS relapse")
    ('isolated-CNS', 'combined', None)
    """
    sites = sites_in(text)
    if ("marrow" in sites and len(sites) > 1) or says(text, _COMBINED):
        return "combined"
    if not says(text, _ISOLATED):
        return None
    if len(sites) == 1:
        return f"isolated-{next(iter(sites))}"
    return "isolated-extramedullary" if "extramedullary" in sites else None


def phase_in(text: str) -> str | None:
    """The phase of treatment that a text names, or ``None`` where it names none or several."""
    found = set()
    for phase, pattern in _PHASES:
        if says(text, pattern):
            found.add(phase)
        text = pattern.sub(" ", text)
    return (next(iter(found)) or None) if len(found) == 1 else None
