"""Why a drug was stopped: failure, intolerance, or another reason.

Reasons come as ``statusReason`` in words or codes (mCODE treatment termination reasons, the letters of the German oncology
data set, the reasons of the German molecular tumor board module), as the outcome of a Procedure the drug was part of, or in
a note that speaks of stopping.
"""

from __future__ import annotations

import re

from service.record.model import Entry, PatientRecord
from service.record.text import states
from service.record.values import as_list, codings_of, concept_text, notes_of
from service.record.whose import reference_in, type_and_id

FAILURE = re.compile(
    r"resist|progress|progredien|refract|refrakt|relaps|rezidiv|\bfail|versag|loss of (?:\w+ )?response"
    r"|lack of (?:efficacy|response)|lack of (?:\w+ ){0,2}response|no response|non-?response|inadequate response|suboptimal response|ineffective"
    r"|unwirksam|wirkverlust|wirkungsverlust|nichtansprechen|kein ansprechen|unzureichendes ansprechen|T315I",
    re.IGNORECASE,
)
_INTOLERANCE = re.compile(
    r"intoler|not tolerated|nicht vertragen|toxic|toxizit|adverse|side[\s-]?effect|unverträg|nebenwirk|allerg|hypersens|anaphyla"
    r"|pleural|pleuraerg|effusion|cytop(?:en|a)|zytopen|neutrop|hepatitis|hepatotox|pancreatitis|pankreatitis|\brash\b|exanthem"
    r"|\bQTc?\b|occlusi|ischa?em|blutung|bleeding|hemorrh|(?:o)?edema|ödem|thrombos|infarct|infarkt|hypertension|muscle pain|myalg",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"complet|regul|planm|wie geplant|as planned|end of (?:treatment|therapy)|therapieende|patient(?:en)?[\s-]?(?:choice|request|wish|wunsch|refus)"
    r"|verweiger|refus|pregnan|schwanger|cost|kosten|insurance|formulary|transplant|\bHS?CT\b|\bSZT\b|remission|moved|verzogen",
    re.IGNORECASE,
)
_STOPPING = re.compile(
    r"stop|discontin|abgesetzt|abbruch|abgebrochen|beendet|switch|gewechselt|wechsel|umgestellt|umstellung",
    re.IGNORECASE,
)
_OBDS = re.compile(r"ende-?grund|obds|basisdatensatz|therapiestatusgrund", re.IGNORECASE)
_CODED = {
    "266721009": "failure",  # SNOMED CT, no response to treatment
    "407563006": "intolerance",  # SNOMED CT, treatment not tolerated
    "182992009": "other",  # SNOMED CT, treatment completed
    "105480006": "other",  # SNOMED CT, refusal of treatment by patient
}
_LETTERS = {
    "P": "failure", "A": "intolerance", "E": "other", "R": "other", "V": "other", "progression": "failure", "toxicity": "intolerance",
    "patient-refusal": "other", "chronic-remission": "other",
}  # fmt: skip


def why_stopped(record: PatientRecord, entry: Entry) -> str | None:
    """ "failure", "intolerance" or "other" by the reason given; of several, a failure counts first. ``None``: not said."""
    found = _by_reasons(entry)
    if found is None:
        for link in as_list(entry.resource.get("partOf")):
            whole = _procedures(record).get(type_and_id(reference_in(link))[1])
            found = found or (_by_reasons(whole) if whole is not None else None)
    return found


def _procedures(record: PatientRecord) -> dict[str, Entry]:
    return record.once(
        "procedures by id", lambda: {type_and_id(e.reference)[1]: e for e in record.of_type("Procedure")}
    )


def _by_reasons(entry: Entry) -> str | None:
    reasons = as_list(entry.resource.get("statusReason")) + as_list(entry.resource.get("reasonEnded"))
    if entry.type == "Procedure":
        reasons += as_list(entry.resource.get("outcome"))
    said = {_coded(system, code) for reason in reasons for system, code in codings_of(reason)}
    text = "; ".join(concept_text(reason) for reason in reasons)
    note = notes_of(entry.resource)
    if _STOPPING.search(note):
        text = f"{text}; {note}"
    for name, pattern in (("failure", FAILURE), ("intolerance", _INTOLERANCE), ("other", _OTHER)):
        if name in said or states(text, pattern):
            return name
    return None


def _coded(system: str, code: str) -> str | None:
    if _OBDS.search(system):
        return _LETTERS.get(code)
    return _CODED.get(code) if "snomed" in system.lower() else None
