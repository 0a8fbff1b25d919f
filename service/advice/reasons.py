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
