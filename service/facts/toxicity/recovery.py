"""Whether what asparaginase was held for has passed: thrombosis, pancreatitis, high glucose; and steroid psychosis.

NCCN ALL 2015 (ALL-B 2-4): after a thrombosis it takes the end of symptoms and an antithrombotic treatment that is stable or
completed; after pancreatitis normal enzymes and normal imaging. The page gives no glucose for "regulated with insulin":
here every value of two days up to 180 mg/dL while on insulin says yes (the usual inpatient goal, ADA Standards of Care,
section 16), one above 250 mg/dL says no (CTCAE v4.03 grade 3), anything between leaves it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, fresh, seen_in
from service.facts.disease.conditions import Standing, standing
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import full_text, newest_by_test, results_about, sex_of
from service.facts.results.measured import measured
from service.facts.results.ranges import against_range
from service.facts.therapy.exposure import MEDICATIONS
from service.facts.toxicity.events import Event, events
from service.record.model import Entry, PatientRecord
from service.record.text import states
from service.record.values import as_dict, as_list, as_text, notes_of

_ENZYMES = ("labs.lipase", "labs.amylase")
_RECENT = 7
_PANCREAS = re.compile(r"pan[ck]rea", re.IGNORECASE)
_NORMAL = re.compile(
    r"pan[ck]rea\w*[^.;\n]{0,40}?\b(?:normal|unremarkable|unauffällig|regelrecht|regular|resolved|rückgebildet|o\.?\s?B\b)",
    re.I,
)
_ABNORMAL = re.compile(
    r"pseudo[cz]yst|ne[ck]ros|edema|ödem|peripan[ck]rea|stranding|fluid collection|flüssigkeit|pan[ck]reatitis|enlarged|vergrößert",
    re.I,
)
_ANTITHROMBOTIC = re.compile(
    r"\b(?:enoxaparin|dalteparin|tinzaparin|nadroparin|certoparin|fondaparinux|heparin|ri?varoxaban|apixaban|edoxaban|dabigatran|warfarin"
    r"|phenprocoumon|acenocoumarol|argatroban|bivalirudin|clexane|lovenox|fragmin|innohep|fraxiparin|mono-?embolex|arixtra|xarelto"
    r"|eliquis|lixiana|savaysa|pradaxa|marcumar|coumadin)",
    re.IGNORECASE,
)
_FLUSH = re.compile(r"flush|lock|spül|block|prophyla", re.IGNORECASE)
_STABLE = re.compile(r"\bstab(?:le|il\w*)\b", re.IGNORECASE)
_INSULIN = re.compile(
    r"\binsulin\b|insulin (?:lispro|aspart|glargin|detemir|human)|actrapid|novorapid|humalog|lantus|\bnph\b",
    re.IGNORECASE,
)
_GOAL, _HIGH = 180.0, 250.0
_STEROID = r"(?:steroid|[ck]orti[ck]o|dexamethas|prednis)\w*"
_MIND = r"(?:psycho(?:s|t)\w*|mani[ae]c?\b|manie\b|delir\w*|halluzin\w*|hallucin\w*|mood\w*|affe[ck]tiv\w*)"
_STEROID_PSYCHOSIS = re.compile(rf"{_STEROID}[^.;\n]{{0,30}}?{_MIND}|{_MIND}[^.;\n]{{0,40}}?{_STEROID}", re.IGNORECASE)
_PSYCHOSIS = re.compile(_MIND, re.IGNORECASE)


@provides("thromboembolism_resolved")
def thromboembolism(facts: Facts) -> Iterator[Fact]:
    """Over once every thrombosis on record is said to be; not while one goes on."""
    if facts.record is not None:
        own = [e for e in events(facts.record, facts.as_of) if e.kind == "thrombosis"]
        yield _ended(facts, "thromboembolism_resolved", own)


def _ended(facts: Facts, name: str, own: list[Event]) -> Fact:
    seen = [e.seen() for e in own]
    if any(e.ongoing and e.high > 0 for e in own):
        return known(name, False, *seen)
    if own and all(e.ongoing is False or e.grade == 0.0 for e in own):
        return known(name, True, *seen)
    if own:
        return unknown(name, Reason.NOT_DECIDED, "whether it is over is not said", seen)
    return absent(facts, name, "AdverseEvent", "Condition", what="a thromboembolism")


@provides("antithrombotic_stable_or_completed")
def antithrombotic(facts: Facts) -> Iterator[Fact]:
    """Completed: every anticoagulant has ended. Stable: only where said; that one is being taken does not tell."""
    name = "antithrombotic_stable_or_completed"
    if facts.record is None:
        return
    own = [e for e in facts.record.of_type(*MEDICATIONS) if _anticoagulates(e)]
    running = [e for e in own if e.status in ("active", "on-hold", "in-progress") and not _past(e, facts)]
    seen = [seen_in(e, e.text or None) for e in (running or own)]
    if any(states(_words(e), _STABLE) for e in running):
        yield known(name, True, *seen)
    elif running:
        yield unknown(name, Reason.NOT_DECIDED, "being taken; whether it is stable is not said", seen)
    elif own and all(e.status == "completed" or _past(e, facts) for e in own):
        yield known(name, True, *seen)
    elif own:
        yield unknown(name, Reason.NOT_DECIDED, "stopped, but not said to be completed", seen)
    else:
        yield absent(facts, name, *MEDICATIONS, what="an antithrombotic treatment")


def _anticoagulates(entry: Entry) -> bool:
    atc = any("atc" in system and code.startswith("B01A") for system, code in entry.codings)
    return (atc or bool(_ANTITHROMBOTIC.search(entry.text))) and not _FLUSH.search(_words(entry))


def _past(entry: Entry, facts: Facts) -> bool:
    return entry.status != "stopped" and entry.until is not None and entry.until.end < facts.as_of


def _words(entry: Entry) -> str:
    dosage = [
        as_text(as_dict(d).get("text"))
        for key in ("dosage", "dosageInstruction")
        for d in as_list(entry.resource.get(key))
    ]
    return "\n".join((entry.text, notes_of(entry.resource), *dosage))


@provides("pancreatitis_findings_normalized")
def pancreatitis(facts: Facts) -> Iterator[Fact]:
    """No while lipase or amylase is above its range; yes with normal enzymes and imaging that says so."""
    name = "pancreatitis_findings_normalized"
    record = facts.record
    if record is None:
        return
    own = [e for e in events(record, facts.as_of) if e.kind == "pancreatitis"]
    newest = [e for group in _ENZYMES if (e := newest_by_test(results_about(record, group))) is not None]
    placed = {e: against_range(e.resource, sex_of(facts)) for e in newest if fresh(e.when, facts.as_of, _RECENT)}
    seen = [seen_in(e, m.found if (m := measured(e.resource, "enzyme")) else None) for e in placed]
    image = _imaging(record, own)
    if not own:
        yield absent(facts, name, "AdverseEvent", "Condition", what="a pancreatitis")
    elif "high" in placed.values():
        yield known(name, False, *seen)
    elif image is not None and not image[1]:
        yield known(name, False, seen_in(image[0], full_text(image[0])[:200], from_text=True))
    elif not placed or None in placed.values():
        yield unknown(name, Reason.NOT_DECIDED, "no recent lipase or amylase with its range", seen)
    elif image is None:
        yield unknown(name, Reason.NOT_DECIDED, "the enzymes are normal; no imaging after it is on record", seen)
    else:
        yield known(name, True, *seen, seen_in(image[0], full_text(image[0])[:200], from_text=True))


def _imaging(record: PatientRecord, own: list[Event]) -> tuple[Entry, bool] | None:
    """The newest report on the pancreas after the event, and whether it finds it normal."""
    since = max((e.entry.when.start for e in own if e.entry.when is not None), default=None)
    for entry in record.of_type("DiagnosticReport"):
        text = full_text(entry)
        if not _PANCREAS.search(text) or entry.when is None or since is None or entry.when.start <= since:
            continue
        if states(text, _ABNORMAL):
            return entry, False
        if _NORMAL.search(text):
            return entry, True
    return None


@provides("glucose_regulated_with_insulin")
def glucose(facts: Facts) -> Iterator[Fact]:
    """By the glucose of two days while on insulin."""
    name = "glucose_regulated_with_insulin"
    if facts.record is None:
        return
    insulin = [e for e in facts.record.of_type(*MEDICATIONS) if _is_insulin(e) and _taken(e, facts)]
    values = []
    for entry in results_about(facts.record, "labs.glucose"):
        found = measured(entry.resource, "glucose")
        if found is not None and found.value is not None and fresh(entry.when, facts.as_of, 2):
            low = found.value.low if isinstance(found.value, Interval) else found.value
            high = found.value.high if isinstance(found.value, Interval) else found.value
            values.append((low, high, seen_in(entry, found.found, inferred=True)))
    if not insulin:
        yield absent(facts, name, *MEDICATIONS, what="insulin being given")
    elif not values:
        yield absent(facts, name, "Observation", what="a glucose of the last two days")
    elif values[0][0] > _HIGH:
        yield known(name, False, values[0][2])
    elif all(high <= _GOAL for _, high, _ in values):
        yield known(name, True, *(seen for _, _, seen in values), seen_in(insulin[0], insulin[0].text or None))
    else:
        yield unknown(name, Reason.NOT_DECIDED, "on insulin; the source gives no glucose", [s for _, _, s in values])


def _is_insulin(entry: Entry) -> bool:
    return any("atc" in system and code.startswith("A10A") for system, code in entry.codings) or bool(
        _INSULIN.search(entry.text)
    )


def _taken(entry: Entry, facts: Facts) -> bool:
    if entry.type == "MedicationAdministration":
        return bool(fresh(entry.until or entry.when, facts.as_of, 2))
    return entry.status == "active" and not _past(entry, facts)


@provides("steroid_psychosis")
def steroid_psychosis(facts: Facts) -> Iterator[Fact]:
    """A Condition or adverse event named so, or a psychosis that an adverse event lays to a steroid; of the last 60 days."""
    if facts.record is None:
        return
    old = []
    for entry in facts.record.of_type("Condition", "AdverseEvent"):
        suspects = " ".join(
            as_text(as_dict(as_dict(s).get("instance")).get("display"))
            for s in as_list(entry.resource.get("suspectEntity"))
        )
        named = states(entry.text, _STEROID_PSYCHOSIS)
        laid = states(entry.text, _PSYCHOSIS) and re.search(_STEROID, suspects, re.IGNORECASE)
        if not (named or laid):
            continue
        past = standing(entry, facts.as_of) in (Standing.PAST, Standing.REMISSION)
        if not past and fresh(entry.when, facts.as_of, 60):
            yield known("steroid_psychosis", True, seen_in(entry, entry.text or None))
            return
        old.append(seen_in(entry, entry.text or None))
    if old:
        yield unknown("steroid_psychosis", Reason.NOT_DECIDED, "on record, but not known to be so now", old)
    else:
        yield absent(facts, "steroid_psychosis", "Condition", "AdverseEvent", what="a steroid psychosis")


PROVIDERS: tuple[Provider, ...] = (thromboembolism, antithrombotic, pancreatitis, glucose, steroid_psychosis)
