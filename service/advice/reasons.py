"""Why a clinician does not follow a card: HL7 non-adherence codes, and a few of ALL's own."""

from __future__ import annotations

_HL7_REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
_OWN_REASONS = "urn:x-allcue:override-reason"  # stable for good: feedback statistics rest on it
OVERRIDE_REASONS = tuple(
    {"system": system, "code": code, "display": display}
    for system, code, display in (
        (_HL7_REASONS, "cds-not-applicable", "Not applicable to this patient"),
        (_HL7_REASONS, "cds-suboptimal-context", "Not the right moment"),
        (_HL7_REASONS, "recipient-disagrees-evidence", "Disagree with the evidence"),
        (_HL7_REASONS, "patient-contraindication", "Contraindicated for this patient"),
        (_HL7_REASONS, "patient-refuses", "Patient declines"),
        (_HL7_REASONS, "action-completed", "Already done"),
        (_OWN_REASONS, "clinical-trial", "Treated in a clinical trial"),
        (_OWN_REASONS, "tumor-board-decision", "Decided otherwise in the tumor board"),
        (_OWN_REASONS, "palliative-intent", "Palliative intent"),
    )
)

# Overrides that say something of this patient which holds for a while: the same advice on the same facts need not come
# back at once. Disagreement with the evidence, or a bad moment, says nothing about the next time.
JUSTIFYING = frozenset(
    (reason["system"], reason["code"])
    for reason in OVERRIDE_REASONS
    if reason["code"] not in ("cds-suboptimal-context", "recipient-disagrees-evidence")
)
