"""Which edition answers for whom and when, under the policy that ships."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest

from service.advice.options import is_offer
from service.commands.evaluate import Judge, Selection
from service.content import read_content
from service.services import HOOK_NAMES

TODAY = date(2026, 3, 2)
TREATMENT = ("frontline", "relapsed-refractory")
RELAPSED: dict[str, Any] = {
    "disease_state": "relapsed", "relapse_number": 1, "lineage": "B", "ph_status": "negative", "cd19": "positive",
    "cd22": "positive", "months_diagnosis_to_relapse": 20, "relapse_site": "isolated-marrow",
}  # fmt: skip
NEW: dict[str, Any] = {"disease_state": "new-diagnosis", "treatment_phase": "pre-treatment", "ph_status": "negative"}
ADULT, PEDIATRIC = "nccn-adult-2-2025", "nccn-pediatric-1-2026"


@cache
def judge() -> Judge:
    return Judge(Selection(read_content()), TODAY)


def offering(facts: dict[str, Any], day: date = TODAY) -> set[str]:
    """Sources whose offers of treatment, new or after relapse, hold for a patient on a day."""
    content = read_content()
    found = judge().verdicts({**facts, "as_of": day.isoformat()})["verdicts"]
    rules = [content.rule(v["rule"]) for v in found if v["verdict"] == "applies"]
    return {rule.source.ref for rule in rules if is_offer(rule) and rule.topic.startswith(TREATMENT)}


@pytest.mark.parametrize(
    ("facts", "sources"),
    [
        ({**RELAPSED, "age_years": 50}, {ADULT}),
        ({**RELAPSED, "age_years": 8}, {PEDIATRIC}),
        ({**RELAPSED, "age_years": 17, "care_setting": "adult-oncology"}, {ADULT}),
        ({**RELAPSED, "age_years": 17, "care_setting": "pediatric-oncology"}, {PEDIATRIC}),
        ({**RELAPSED, "age_years": 17}, {ADULT, PEDIATRIC}),
        ({**NEW, "lineage": "B", "age_years": 50, "substantial_comorbidities": False}, {ADULT}),
        ({**NEW, "lineage": "T", "age_years": 50}, {"nccn-2015"}),
        ({**NEW, "lineage": "T", "age_years": 9}, {PEDIATRIC}),
        ({**NEW, "lineage": "B", "age_years": 0, "age_months_at_diagnosis": 4, "fusions": ["KMT2A-r"]}, {PEDIATRIC}),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else None,
)
def test_each_population_is_answered_by_its_edition(facts: dict[str, Any], sources: set[str]) -> None:
    assert offering(facts) == sources


@pytest.mark.parametrize(
    ("day", "source"),
    [
        (date(2016, 1, 1), "nccn-2015"),
        (date(2018, 1, 1), "nccn-2017"),
        (date(2025, 12, 1), ADULT),
    ],
)
def test_a_past_day_is_judged_by_the_guideline_of_its_day(day: date, source: str) -> None:
    assert source in offering({**RELAPSED, "age_years": 50}, day)
    later = [s.id for s in read_content().sources.values() if s.in_force_from > day]
    assert not offering({**RELAPSED, "age_years": 50}, day) & set(later)


def test_where_the_newer_is_silent_the_newest_that_speaks_answers() -> None:
    """No newer source has a page on asparaginase toxicity."""
    facts = {"age_years": 30, "current_therapies": ["pegaspargase"], "concurrent_drugs": ["pegaspargase"],
             "toxicity(pancreatitis)": 3}  # fmt: skip
    applying = [v for v in judge().verdicts(facts)["verdicts"] if v["verdict"] == "applies"]
    assert "nccn-2015-allb-asp-pancreatitis-g3-4" in {v["rule"] for v in applying}


HOOKS: dict[str, tuple[str, ...]] = {
    "encounter-start": ("nccn-2015-all2-tls-panel", "nccn-2015-allb-tls", "nccn-2015-allb-febrile-neutropenia"),
    "encounter-discharge": ("nccn-2015-all7-surveillance-year1-exam-cbc", "nccn-2025-phn-maint-pomp", "nccn-2025-nudt15-testing"),
    "appointment-book": ("nccn-2015-all7-surveillance-year2", "nccn-ped-2026-rel1-mrd-timing"),
    "problem-list-item-create": ("nccn-2015-all1-karyotype", "nccn-2015-all2-lumbar-puncture"),
    "allergyintolerance-create": ("nccn-2025-erwinia-switch-order", "nccn-2015-allb-asp-switch-erwinia"),
    "medication-refill": ("nccn-2025-tpmt-testing", "nccn-2025-antimetabolite-dose-mod-order", "nccn-2025-mut-dasatinib"),
    "order-dispatch": ("nccn-2025-mut-dasatinib", "nccn-2025-mesna-ifosfamide"),
}  # fmt: skip


@pytest.mark.parametrize("hook", HOOKS)
def test_what_belongs_to_a_hook_speaks_there(hook: str) -> None:
    content = read_content()
    for name in HOOKS[hook]:
        assert content.policy.speaks(content.rule(name), hook), name


@pytest.mark.parametrize("hook", sorted(set(HOOKS) - {"encounter-discharge", "order-dispatch"}))
def test_no_options_are_told_but_where_maintenance_is_handed_over(hook: str) -> None:
    content = read_content()
    assert not [rule.id for rule in content.rules if is_offer(rule) and content.policy.speaks(rule, hook)]


def test_every_hook_that_no_rule_names_has_its_entry() -> None:
    content = read_content()
    moments = {"patient-view", "order-select", "order-sign"}
    assert set(content.policy.hooks) == set(HOOK_NAMES) - moments == set(HOOKS)
    assert {hook for rule in content.rules for hook in rule.hooks} == moments | {"medication-refill"}
    assert {content.policy.manner(hook) for hook in HOOK_NAMES} == moments
