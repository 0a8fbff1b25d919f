"""Two sources for one patient: what each says, what changed, and why one of them says nothing."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest

from service.advice.compare import Comparer, Comparison, Item, SameSource
from service.advice.sides import Reason, Why
from service.facts.given import facts_from_mapping
from service.facts.model import Site
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.rules.editions import UnknownSource
from service.rules.load import load_content
from service.rules.rule import Content
from tests.advice.support import NAME, RELAPSED, Raw, rule
from tests.rules.support import POLICY, SOURCE, dump

AS_OF = date(2026, 3, 2)
OLD, NEW = {"ref": "guide-2015"}, {"ref": "guide-2025"}
ORDERED_INO = "ordered_drug includes inotuzumab ozogamicin"


def therapy(subject: str, **more: Any) -> Raw:
    return {"kind": "therapy", "act": "offer", "subject": subject, **more}


RULES = (
    rule("old-ino", therapy("inotuzumab ozogamicin"), [RELAPSED, "cd22 is positive"],
         source={**OLD, "category": "2A", "at": "p. 3"}),
    rule("new-ino", therapy("inotuzumab ozogamicin"), [RELAPSED], source={**NEW, "category": "1", "preference": "preferred"}),
    rule("old-trial", therapy("clinical-trial", act="prefer-trial"), [RELAPSED], source={**OLD, "at": "p. 4"}),
    rule("new-trial", therapy("clinical-trial", act="prefer-trial"), [RELAPSED], source={**NEW, "at": "p. 9"}),
    rule("old-cytarabine", therapy("cytarabine"), [RELAPSED], source=OLD),
    rule("new-blina", therapy("blinatumomab"), [RELAPSED, "cd19 is positive"], source=NEW, topic="relapse/b"),
    rule("old-blina", therapy("blinatumomab"),
         [RELAPSED, {"any": ["age_years < 18", "disease_state is in-remission"]}, "ph_status is negative"],
         ["prior_allo_hct is true"], source=OLD, topic="mrd"),
    rule("new-dasa", therapy("dasatinib"), [RELAPSED], source=NEW),
    rule("old-avoid-dasa", {"kind": "safety", "act": "avoid", "subject": "dasatinib"},
         ["ordered_drug includes dasatinib", "abl1_mutations includes T315I"], source=OLD, topic="safety"),
    rule("old-sos", {"kind": "safety", "act": "caution", "subject": "inotuzumab ozogamicin"}, [ORDERED_INO],
         source={**OLD, "category": "2B"}, topic="safety"),
    rule("new-sos", {"kind": "safety", "act": "avoid", "subject": "inotuzumab ozogamicin"},
         [ORDERED_INO, "prior_sos is true"], source=NEW, topic="safety"),
    rule("new-mesna", {"kind": "safety", "act": "require", "subject": "mesna"}, ["ordered_drug includes ifosfamide"],
         source=NEW, topic="safety"),
    rule("new-cytarabine-eyes", {"kind": "safety", "act": "caution", "subject": "cytarabine"},
         ["ordered_drug includes cytarabine"], source=NEW, topic="safety"),
    rule("new-label", {"kind": "label", "act": "labelled", "subject": "inotuzumab ozogamicin"},
         [ORDERED_INO, "jurisdiction is US", "age_years >= 18"], source=NEW, topic="labels"),
    rule("old-label", {"kind": "label", "act": "labelled", "subject": "inotuzumab ozogamicin"},
         [ORDERED_INO, "jurisdiction is US"], source=OLD, topic="labels"),
    rule("new-note", {"kind": "information", "act": "note", "subject": "infection"}, [RELAPSED], source=NEW, topic="support"),
    rule("new-unchecked", therapy("nelarabine"), [RELAPSED], [{"criterion": "cns_status is CNS-3", **NAME}], source=NEW),
)  # fmt: skip


@cache
def content() -> Content:
    made = {
        "sources/guide-2015.yaml": dump({**SOURCE, "id": "guide-2015", "edition": "2015", "aliases": ["old"]}),
        "sources/guide-2025.yaml": dump({**SOURCE, "aliases": ["new"]}),
        "sources/empty-2020.yaml": dump({**SOURCE, "id": "empty-2020", "aliases": []}),
        "policy.yaml": dump(POLICY | {"populations": {"adults": {"title": "a", "when": "age_years >= 18"}}}),
        "wording/topics.yaml": dump({"support": "Support", "relapse": "Relapse", "mrd": "MRD", "safety": "Safety",
                                     "labels": "Labels"}),
        **{f"rules/{one['id']}.yaml": dump(one) for one in RULES},
    }  # fmt: skip
    return load_content(made, VOCABULARY)


def compared(facts: Raw, first: str = "old", second: str = "new", region: str = "US") -> Comparison:
    found = facts_from_mapping({"lineage": "B", **facts}, AS_OF, REGISTRY, VOCABULARY, Site(region))
    return Comparer(content(), VOCABULARY, REGISTRY, (first, second)).compare(found)


def item(found: Comparison, subject: str, *, safety: bool = False) -> Item:
    (one,) = [i for i in (found.safety if safety else found.recommendations) if i.subject == subject]
    return one


def ids(one: Item) -> tuple[list[str], list[str]]:
    first, second = ([verdict.rule.id for verdict in side] for side in one.sides)
    return first, second


def said(reason: Reason) -> tuple[Why, str | None]:
    return reason.why, reason.verdict.rule.id if reason.verdict else None


RELAPSE = {
    "disease_state": "relapsed",
    "age_years": 40,
    "cd22": "positive",
    "cd19": "positive",
    "ph_status": "negative",
}


def test_what_both_say_is_paired_and_what_changed_is_named() -> None:
    found = compared(RELAPSE)
    ino = item(found, "inotuzumab ozogamicin")
    assert ids(ino) == (["old-ino"], ["new-ino"])
    assert ino.changed == ("category", "preference", "page")
    assert ino.reasons == ()
    assert item(found, "clinical-trial").changed == ("page",)


def test_the_order_of_sources_is_that_of_the_question() -> None:
    assert ids(item(compared(RELAPSE, "new", "old"), "inotuzumab ozogamicin")) == (["new-ino"], ["old-ino"])


def test_topics_come_in_the_order_of_their_titles_and_offers_before_notes() -> None:
    topics = [i.topic for i in compared(RELAPSE).recommendations]
    assert topics == sorted(topics, key=["support", "relapse/b"].index)
    subjects = [i.subject for i in compared(RELAPSE).recommendations if i.topic == "relapse/b"]
    assert subjects[0] == "clinical-trial"


def test_a_source_without_a_rule_on_the_subject_is_silent() -> None:
    found = compared(RELAPSE)
    assert ids(item(found, "cytarabine")) == (["old-cytarabine"], [])
    assert [said(r) for r in item(found, "cytarabine").reasons] == [(Why.SILENT, None)]
    assert [said(r) for r in item(found, "infection").reasons] == [(Why.SILENT_TOPIC, None)]
    assert [said(r) for r in item(compared(RELAPSE, "empty-2020", "new"), "nelarabine").reasons] == [
        (Why.SILENT_TOPIC, None)
    ]


def test_a_failing_condition_is_named_with_its_alternatives() -> None:
    (reason,) = item(compared(RELAPSE), "blinatumomab").reasons
    assert said(reason) == (Why.CONDITION, "old-blina")
    assert [[leaf.criterion.said for leaf in group] for group in reason.failing] == [
        ["age_years < 18", "disease_state is in-remission"]
    ]
    assert reason.facts is not None
    assert reason.facts.value("age_years") == 40


def test_an_exclusion_that_holds_is_told_from_a_condition_that_fails() -> None:
    (reason,) = item(compared({**RELAPSE, "age_years": 12, "prior_allo_hct": True}), "blinatumomab").reasons
    assert said(reason) == (Why.EXCLUDED, "old-blina")
    assert [leaf.criterion.said for leaf in reason.excluding] == ["prior_allo_hct is true"]


def test_a_missing_fact_is_named() -> None:
    (reason,) = item(compared({**RELAPSE, "age_years": 12}), "blinatumomab").reasons
    assert (*said(reason), reason.missing) == (Why.CANNOT_TELL, "old-blina", ("prior_allo_hct",))
    unknown = {name: value for name, value in RELAPSE.items() if name != "cd22"}
    (reason,) = item(compared(unknown), "inotuzumab ozogamicin").reasons
    assert (*said(reason), reason.missing) == (Why.CANNOT_TELL, "old-ino", ("cd22",))


def test_the_same_under_another_main_topic_is_said_elsewhere() -> None:
    found = compared({**RELAPSE, "age_years": 12, "prior_allo_hct": False})
    both = [i for i in found.recommendations if i.subject == "blinatumomab"]
    assert [ids(i) for i in both] == [([], ["new-blina"]), (["old-blina"], [])]
    assert [[said(r) for r in i.reasons] for i in both] == [
        [(Why.ELSEWHERE, "old-blina")], [(Why.ELSEWHERE, "new-blina")],
    ]  # fmt: skip


def test_a_warning_against_it_comes_first_among_the_reasons() -> None:
    found = compared({**RELAPSE, "abl1_mutations": ["T315I"]})
    assert [said(r) for r in item(found, "dasatinib").reasons] == [(Why.AGAINST, "old-avoid-dasa"), (Why.SILENT, None)]
    assert ids(item(found, "dasatinib", safety=True)) == (["old-avoid-dasa"], [])


def test_warnings_are_asked_about_every_drug_that_either_side_recommends() -> None:
    found = compared(RELAPSE)
    assert ids(item(found, "inotuzumab ozogamicin", safety=True)) == (["old-sos"], [])
    (reason,) = item(found, "inotuzumab ozogamicin", safety=True).reasons
    assert (*said(reason), reason.missing) == (Why.CANNOT_TELL, "new-sos", ("prior_sos",))
    assert ids(item(found, "cytarabine", safety=True)) == ([], ["new-cytarabine-eyes"])
    assert not [i for i in found.safety if i.subject == "mesna"]
    both = item(compared({**RELAPSE, "prior_sos": True}), "inotuzumab ozogamicin", safety=True)
    assert (ids(both), both.changed) == ((["old-sos"], ["new-sos"]), ("act", "category"))


def test_warnings_are_asked_about_what_is_ordered_or_taken() -> None:
    for facts in ({"ordered_drug": ["ifosfamide"]}, {"current_therapies": ["ifosfamide"]}):
        found = compared(facts)
        assert ids(item(found, "mesna", safety=True)) == ([], ["new-mesna"])


def test_a_rule_about_other_drugs_is_no_silence() -> None:
    """The older source warns of the drug, but only where a drug is ordered that nobody speaks of here."""
    asked = Comparer(content(), VOCABULARY, REGISTRY, ("old", "new"))
    facts = facts_from_mapping({"ordered_drug": "cytarabine"}, AS_OF, REGISTRY, VOCABULARY, Site("US"))
    (only,) = asked.sides[1].not_asked("mesna", [("cytarabine",)], facts)
    assert (only.rule.id, only.applies) == ("new-mesna", False)


def test_labels_are_compared_drug_by_drug() -> None:
    (adult,) = [one for one in compared(RELAPSE).labels if one.drug == "inotuzumab ozogamicin"]
    assert (adult.first.standing, adult.second.standing, adult.differs) == ("labelled", "labelled", False)
    (child,) = [one for one in compared({**RELAPSE, "age_years": 12}).labels if one.drug == "inotuzumab ozogamicin"]
    assert (child.first.standing, child.second.standing, child.differs) == ("labelled", "not-labelled", True)
    assert [[leaf.criterion.said for leaf in group] for group in child.second.failing] == [["age_years >= 18"]]
    assert not [one for one in compared(RELAPSE).labels if one.drug == "cytarabine"]


def test_what_went_unchecked_stays_with_the_verdict() -> None:
    (verdict,) = item(compared(RELAPSE), "nelarabine").second
    assert verdict.unchecked == ("cns_status",)


def test_rules_are_counted() -> None:
    one, two = compared({}).tallies
    assert (one.rules, one.applies, one.cannot_tell) == (4, 0, 4)
    assert (two.rules, two.applies) == (6, 0)


def test_an_unknown_source_and_the_same_source_twice_are_refused() -> None:
    with pytest.raises(UnknownSource, match=r"'guide-2016' is not a source.*Did you mean 'guide-2015'"):
        Comparer(content(), VOCABULARY, REGISTRY, ("guide-2016", "new"))
    with pytest.raises(SameSource, match="'guide-2025' and 'new' are the same source, guide-2025"):
        Comparer(content(), VOCABULARY, REGISTRY, ("guide-2025", "new"))


def test_three_sources_stand_side_by_side_each_with_what_it_says_or_why_not() -> None:
    found = facts_from_mapping({"lineage": "B", **RELAPSE}, AS_OF, REGISTRY, VOCABULARY, Site("US"))
    three = Comparer(content(), VOCABULARY, REGISTRY, ("old", "empty-2020", "new")).compare(found)
    assert [source.id for source in three.sources] == ["guide-2015", "empty-2020", "guide-2025"]
    ino = item(three, "inotuzumab ozogamicin")
    assert [[verdict.rule.id for verdict in side] for side in ino.sides] == [["old-ino"], [], ["new-ino"]]
    assert [[reason.why for reason in reasons] for reasons in ino.silences] == [[], [Why.SILENT_TOPIC], []]
    assert ino.changes(0, 2) == ("category", "preference", "page")
    assert ino.changes(0, 1) == ()


def test_among_compares_some_of_the_sources_in_the_order_asked() -> None:
    found = facts_from_mapping({"lineage": "B", **RELAPSE}, AS_OF, REGISTRY, VOCABULARY, Site("US"))
    every = Comparer(content(), VOCABULARY, REGISTRY, ("old", "empty-2020", "new"))
    pair = every.among(("new", "old")).compare(found)
    assert [source.id for source in pair.sources] == ["guide-2025", "guide-2015"]
    subjects = [one.subject for one in every.compare(found).recommendations]
    assert sorted(subjects) == sorted(one.subject for one in pair.recommendations)


def test_among_takes_no_source_twice() -> None:
    every = Comparer(content(), VOCABULARY, REGISTRY, ("old", "new"))
    with pytest.raises(SameSource):
        every.among(("new", "guide-2025"))
