"""Loading content: what is read, what is inherited, and every problem at once with its place."""

from __future__ import annotations

from typing import Any as Raw

import pytest

from service.rules.expression import leaves
from service.rules.load import ContentProblems, load_content
from tests.rules.support import POLICY, RULE, SOURCE, VOCABULARY, content, dump, files, rule


def problems(made: dict[str, str]) -> list[str]:
    with pytest.raises(ContentProblems) as caught:
        load_content(made, VOCABULARY)
    return [str(problem) for problem in caught.value.problems]


HOOK = "encounter-start"
MOMENT: dict[str, Raw] = {"as": "patient-view", "topics": ["relapse"]}


def hooks(entry: dict[str, Raw]) -> str:
    return dump({**POLICY, "hooks": entry})


def test_a_table_may_be_a_folder_of_files_with_ids_unique_over_all() -> None:
    row = {"trial": "T", "figures": "x", "citation": "c", "at": "p. 1"}
    made = files(tables__evidence={"one": row})
    made["tables/evidence/other.yaml"] = dump({"two": row})
    assert sorted(load_content(made, VOCABULARY).evidence) == ["one", "two"]
    made["tables/evidence/third.yaml"] = dump({"two": row})
    assert problems(made) == ["tables/evidence/third.yaml:1: two: the id is also in another file of this table."]


def test_a_whole_folder_is_read() -> None:
    found = content(
        tables__tests={"order-a": {"title": "A", "kind": "test", "text": "A", "answers": ["lineage"]}},
        tables__questions={"transplanted": "Was there a transplant?"},
        tables__evidence={"trial": {"trial": "T", "n": 10, "figures": "x", "citation": "c", "at": "p. 1"}},
        tables__against={
            "title": "t",
            "source": {"ref": "guide-2025", "at": "p. 2"},
            "rows": {"dasatinib": {"values": ["mesna"], "at": "p. 2"}},
        },
        not_implemented=[{"id": "guide-1", "reason": "evidence only"}],
    )
    (only,) = found.rules
    assert [leaf.criterion.said for leaf in leaves(only.when)] == ["lineage is B", "age >= 18"]
    assert only.advise.subjects == ("dasatinib",)
    assert found.orderables["order-a"].answers == ("lineage",)
    assert found.questions["transplanted"].startswith("Was")
    assert found.evidence["trial"].n == 10
    assert found.lookups["against"].rows["dasatinib"].values == ("mesna",)
    assert found.not_implemented["guide-1"].reason == "evidence only"
    assert found.rule("offer-x") is only
    assert found.source_named("guide").id == "guide-2025"
    assert found.source_named("guide-2025").label == "Guide, 2025"
    with pytest.raises(KeyError):
        found.rule("none")
    with pytest.raises(KeyError):
        found.source_named("none")


def test_scopes_of_all_folders_above_are_inherited_outermost_first() -> None:
    made = files()
    made["rules/guide-2025/relapse/offer-x.yaml"] = made.pop("rules/guide-2025/offer-x.yaml")
    made["rules/guide-2025/scope.yaml"] = dump({"when": {"all": ["age >= 15"]}, "because": "adults and AYA"})
    made["rules/guide-2025/relapse/scope.yaml"] = dump({"unless": {"any": ["lineage is T"]}, "because": "B only"})
    made["rules/guide-2025/other/scope.yaml"] = dump({"when": {"all": ["age < 1"]}, "because": "not above it"})
    (only,) = load_content(made, VOCABULARY).rules
    assert [leaf.criterion.said for leaf in leaves(only.when)] == ["age >= 15", "lineage is B", "age >= 18"]
    assert [leaf.criterion.said for leaf in leaves(only.unless)] == ["lineage is T", "transplanted is true"]
    assert only.facts == {"age", "lineage", "transplanted"}


def test_the_digest_changes_with_the_content() -> None:
    assert content().digest == content().digest
    assert content().digest != content(rule(title="Offer dasatinib now")).digest


BROKEN: list[tuple[dict[str, Raw], str]] = [
    (rule(id="other"), "id: 'other' is not the file's name 'offer-x'."),
    (rule(titel="x"), "titel: is not a key here."),
    (rule(titel="x"), "Did you mean 'title'?"),
    ({k: v for k, v in RULE.items() if k != "topic"}, "topic: is missing."),
    (rule(status="aktive"), "status: 'aktive' is not allowed. Allowed: draft, active, retired. Did you mean 'active'?"),
    (rule(topic="Relapse B"), "topic: 'Relapse B'"),
    (rule(hooks=["patient-vew"]), "hooks[0]: 'patient-vew' is not allowed."),
    (rule(hooks=[]), "hooks: []"),
    (
        rule(source={"ref": "guide-2026", "at": "p"}),
        "source.ref: 'guide-2026' is not a source. Did you mean 'guide-2025'?",
    ),
    (rule(source={"ref": "guide-2025", "at": "p", "pref": "x"}), "source.pref: is not a key here. Allowed: ref, at, "),
    (rule(source="guide"), "source: 'guide' is not a mapping of keys to values."),
    (rule(when={"all": ["lineage is Q"]}), "when.all[0]: 'Q' is not a value of 'lineage'."),
    (rule(when=["lineage is B"]), "when: is 'all:' with a list of criteria."),
    (rule(when={"all": []}), "when.all: is a list of at least one criterion."),
    (rule(when={"all": [5]}), "when.all[0]: 5 is not a criterion."),
    (rule(when={"all": [{"all": ["age > 1"], "any": ["age > 1"]}]}), "needs exactly one of 'all', 'any'"),
    (rule(when={"all": [{"nor": ["age > 1"]}]}), "when.all[0].nor: is not a key here."),
    (
        rule(when={"all": [{"criterion": "age > 1", "if_unknown": "skip"}]}),
        "'skip' is not allowed. Allowed: block, name.",
    ),
    (rule(when={"all": [{"criterion": "age > 1", "if_unknown": "name"}]}), "needs 'because:'"),
    (rule(when={"all": [{"criterion": "age > 1", "because": 5}]}), "when.all[0].because: is a sentence."),
    (rule(unless={"all": ["age > 90"]}), "unless: is 'any:' with a list of criteria."),
    (rule(suggest=["order-x"]), "suggest[0]: 'order-x' is not a row of tables/tests or tables/drugs."),
    (rule(replace=["order-x"]), "replace[0]: 'order-x' is not a row of tables/tests or tables/drugs."),
    (rule(advise={**rule()["advise"], "critical": True}), "advise.critical: is for safety rules: kind safety."),
    (rule(evidence=["trial"]), "evidence[0]: 'trial' is not a record in tables/evidence."),
    (rule(cautions=["offer-y"]), "cautions[0]: 'offer-y' is not a rule. Did you mean 'offer-x'?"),
    (rule(supersedes=["old"]), "supersedes[0]: 'old' is not a rule."),
    (rule(questions={"agee": "How old?"}), "questions.agee: 'agee' is not a fact."),
    (rule(examples=[]), "examples: none expects applies or applies_unchecked."),
    (rule(examples=[{"name": "n", "given": {"agee": 5}, "expect": "applies"}]), "'agee' is not a fact."),
    (rule(examples=[{"name": "n", "given": {}, "expect": "perhaps"}]), "examples[0].expect: 'perhaps'"),
    (
        rule(examples=[{"name": "n", "given": {}, "expect": {"cannot_tell": ["age"], "applies_unchecked": ["age"]}}]),
        "examples[0].expect: names one verdict.",
    ),
    (rule(advise={"kind": "therapy", "act": "offr", "subject": "x"}), "Did you mean 'offer'?"),
]


@pytest.mark.parametrize(("broken", "says"), BROKEN, ids=[says[:50] for _, says in BROKEN])
def test_a_broken_rule_is_refused(broken: dict[str, Raw], says: str) -> None:
    made = files()
    made["rules/guide-2025/offer-x.yaml"] = dump(broken)
    found = problems(made)
    assert any(says in line for line in found), found
    assert all(line.startswith("rules/guide-2025/offer-x.yaml:") for line in found)


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("rules/guide-2025/offer-x.yaml", "id: [", "is not YAML"),
        ("rules/guide-2025/offer-x.yaml", "", "the file is empty"),
        ("rules/guide-2025/offer-x.yaml", "- a", "is not a mapping"),
        ("rules/guide-2025/scope.yaml", dump({"when": {"all": ["age > 1"]}}), "because: is missing."),
        ("sources/guide-2025.yaml", dump({**SOURCE, "id": "guide"}), "'guide' is not the file's name"),
        ("sources/guide-2025.yaml", dump({**SOURCE, "date": "soon"}), "date: 'soon'"),
        ("sources/guide-2025.yaml", "date: 2025-99-99\n", "is not YAML"),
        ("policy.yaml", dump({**POLICY, "active": ["guide-2024"]}), "active[0]: 'guide-2024' is not a source."),
        ("policy.yaml", dump({**POLICY, "region": "XX"}), "region: 'XX' is not allowed. Allowed: US, EU."),
        (
            "policy.yaml",
            dump({**POLICY, "editions": [{"topic": "a", "population": "adults", "sources": ["b"]}]}),
            "editions[0].sources[0]: 'b' is not a source.",
        ),
        (
            "policy.yaml",
            dump({**POLICY, "accepted_oppositions": [{"rules": ["a", "offer-x"], "because": "c"}]}),
            "'a' is not a rule.",
        ),
        ("policy.yaml", hooks({"encounter-stop": MOMENT}), "hooks.encounter-stop: 'encounter-stop' is not allowed. Allowed: order-"),
        ("policy.yaml", hooks({"encounter-stop": MOMENT}), "Did you mean 'encounter-start'?"),
        ("policy.yaml", hooks({"patient-view": MOMENT}), "hooks.patient-view: 'patient-view' is not allowed."),
        ("policy.yaml", hooks({HOOK: {"topics": ["relapse"]}}), f"hooks.{HOOK}.as: is missing."),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "as": "order-select"}}), f"hooks.{HOOK}.as: 'order-select' is not allowed. Allowed: patient-view, order-sign."),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "topics": []}}), f"hooks.{HOOK}.topics: []"),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "topics": ["relapse", "relaps/b"]}}), f"hooks.{HOOK}.topics[1]: 'relaps/b' is not a topic of any rule. Did you mean 'relapse/b'?"),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "kinds": {"relapse": ["tests"]}}}), f"hooks.{HOOK}.kinds.relapse[0]: 'tests' is not allowed. Allowed: therapy,"),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "kinds": {"relapse": []}}}), f"hooks.{HOOK}.kinds.relapse: names no kind"),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "kinds": {"relapse/b": ["test"]}}}), f"hooks.{HOOK}.kinds.relapse/b: 'relapse/b' is not a topic of hooks.{HOOK}.topics."),
        ("policy.yaml", hooks({HOOK: {**MOMENT, "kind": ["test"]}}), f"hooks.{HOOK}.kind: is not a key here. Allowed: as, topics, kinds. Did you mean 'kinds'?"),
        ("tables/tests.yaml", "- a", "is a mapping of ids to rows."),
        (
            "tables/tests.yaml",
            dump({"t": {"title": "t", "kind": "test", "text": "t", "answers": ["agee"]}}),
            "Did you mean 'age'",
        ),
        ("tables/tests.yaml", dump({"t": None}), "t.title: is missing."),
        ("tables/questions.yaml", "- a", "is a mapping of names to sentences."),
        ("tables/questions.yaml", dump({"age": 5}), "age: 5 is not a sentence."),
        ("wording/topics.yaml", dump({"Relapse B": "x"}), "is not a topic"),
        ("tables/against.yaml", dump({"title": "t"}), "rows: is missing."),
        ("not_implemented.yaml", "a: b", "is a list of {id, reason}."),
        ("not_implemented.yaml", dump([{"id": "a"}, None]), "[1].id: is missing."),
        ("not_implemented.yaml", dump([{"id": "a", "reason": "b"}] * 2), "[1].id: 'a' is listed twice."),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused(path: str, text: str, says: str) -> None:
    found = problems({**files(), path: text})
    assert any(line.startswith(f"{path}:") and says in line for line in found), found


def test_a_topic_is_called_by_the_closest_title() -> None:
    found = content(wording__topics={"relapse": "Relapse", "relapse/b": "Relapse of B-ALL"})
    assert found.topic_title("relapse/b/late") == "Relapse of B-ALL"
    assert found.topic_title("relapse/t") == "Relapse"
    assert found.topic_title("other") == "other"
    assert "topic: 'relapse/b' has no title" in problems(files(wording__topics={"frontline": "Frontline"}))[0]


def test_without_a_policy_nothing_is_served() -> None:
    made = files()
    del made["policy.yaml"]
    assert problems(made) == ["policy.yaml:1: is missing."]


def test_every_problem_is_told_at_once_with_its_line() -> None:
    made = files()
    made["rules/guide-2025/offer-x.yaml"] = (
        dump(RULE)
        .replace("lineage is B\n  - age >= 18", "lineage is Q\n  - agee >= 18")
        .replace("act: offer", "act: ofer")
    )
    lines = made["rules/guide-2025/offer-x.yaml"].splitlines()
    found = problems(made)
    assert [line.split(": ")[0] for line in found] == [
        f"rules/guide-2025/offer-x.yaml:{lines.index('  act: ofer') + 1}",
    ] or len(found) == 1  # the shape is mended first; criteria of a misshapen rule are read after it
    made["rules/guide-2025/offer-x.yaml"] = made["rules/guide-2025/offer-x.yaml"].replace("ofer", "offer")
    assert [line.split(": ")[0] for line in problems(made)] == [
        f"rules/guide-2025/offer-x.yaml:{lines.index('  - lineage is Q') + 1}",
        f"rules/guide-2025/offer-x.yaml:{lines.index('  - agee >= 18') + 1}",
    ]


def test_a_key_twice_and_an_id_twice_are_problems() -> None:
    made = files()
    made["rules/guide-2025/offer-x.yaml"] += "title: again\n"
    made["rules/guide-2025/other/offer-x.yaml"] = dump(RULE)
    found = problems(made)
    assert any("title: the key stands here twice." in line for line in found)
    assert any("'offer-x' is also in rules/guide-2025/offer-x.yaml" in line for line in found)
