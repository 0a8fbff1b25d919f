"""Drugs and vaccines that no source treats leukemia with, but that do harm beside what it does: the safety checks ask for
them by class.

A drug counts as QT-prolonging where the label of nilotinib names it, where its own label warns of the QT interval, or where
CredibleMeds lists it as a known risk (``docs/drug-safety.md``). Only live vaccines are listed; inactivated ones are not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

# name -> (classes it implies, other names)
COMEDICATION: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ibuprofen": (("NSAID",), ("advil", "motrin")),
    "naproxen": (("NSAID",), ("naprosyn",)),
    "diclofenac": (("NSAID",), ("voltaren",)),
    "ketorolac": (("NSAID",), ("toradol",)),
    "indomethacin": (("NSAID",), ("indometacin",)),
    "ketoprofen": (("NSAID",), ()),
    "meloxicam": (("NSAID",), ("mobic",)),
    "piroxicam": (("NSAID",), ()),
    "celecoxib": (("NSAID",), ("celebrex",)),
    "etoricoxib": (("NSAID",), ("arcoxia",)),
    "parecoxib": (("NSAID",), ()),
    "aspirin": (("NSAID",), ("acetylsalicylic acid",)),
    "benzylpenicillin": (("penicillin",), ("penicillin G",)),
    "phenoxymethylpenicillin": (("penicillin",), ("penicillin V",)),
    "amoxicillin": (("penicillin",), ("amoxicillin-clavulanate",)),
    "ampicillin": (("penicillin",), ("ampicillin-sulbactam",)),
    "piperacillin": (("penicillin",), ("piperacillin-tazobactam",)),
    "oxacillin": (("penicillin",), ("nafcillin", "flucloxacillin")),
    "amiodarone": (("QT-prolonging",), ("cordarone",)),
    "sotalol": (("QT-prolonging",), ()),
    "disopyramide": (("QT-prolonging",), ()),
    "procainamide": (("QT-prolonging",), ()),
    "quinidine": (("QT-prolonging",), ()),
    "haloperidol": (("QT-prolonging",), ("haldol",)),
    "pimozide": (("QT-prolonging",), ()),
    "droperidol": (("QT-prolonging",), ()),
    "methadone": (("QT-prolonging",), ("levomethadone",)),
    "chloroquine": (("QT-prolonging",), ()),
    "moxifloxacin": (("QT-prolonging",), ("avelox",)),
    "azithromycin": (("QT-prolonging",), ("zithromax",)),
    "erythromycin": (("QT-prolonging",), ()),
    "ondansetron": (("QT-prolonging",), ("zofran",)),
    "measles-mumps-rubella vaccine": (("live-vaccine",), ("MMR vaccine", "M-M-R II")),
    "measles-mumps-rubella-varicella vaccine": (("live-vaccine",), ("MMRV vaccine", "proquad")),
    "varicella vaccine": (("live-vaccine",), ("varivax", "varilrix")),
    "zoster vaccine live": (("live-vaccine",), ("zostavax",)),
    "yellow fever vaccine": (("live-vaccine",), ("stamaril",)),
    "typhoid vaccine oral": (("live-vaccine",), ("vivotif",)),
    "influenza vaccine live": (("live-vaccine",), ("LAIV", "flumist", "fluenz")),
    "BCG vaccine": (("live-vaccine",), ()),
    "rotavirus vaccine": (("live-vaccine",), ("rotateq", "rotarix")),
    "poliovirus vaccine oral": (("live-vaccine",), ("oral polio vaccine",)),
}
