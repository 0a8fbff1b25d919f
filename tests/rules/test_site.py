"""A site's own content over the shipped one: what it may change, and every mistake with its place."""

from __future__ import annotations

from datetime import date
from typing import Any as Raw

import pytest

from service.rules.checks import opposite_advice
from service.rules.editions import by_policy, every_rule
from service.rules.load import ContentProblems, load_content
from service.rules.rule import Content
from service.rules.templates import template_problems
from tests.rules.support import POLICY, RULE, SOURCE, VOCABULARY, dump, files, rule

DAY = date(2026, 1, 1)
SIGNED = {"because": "Not here.", "by": "The board", "on": "2026-01-01"}
SITE: dict[str, Raw] = {"name": "Hospital", "prefix": "our-"}
OUR_SOURCE = {**SOURCE, "id": "our-sop", "title": "Our SOP", "aliases": []}
OUR_RULE = rule(id="our-note", source={"ref": "our-sop", "at": "p. 2"}, topic="relapse/b")
SHIPPED = {
    **files(RULE, rule(id="avoid-y", advise={"kind": "safety", "act": "avoid", "subject": "imatinib"})),
    "sources/guide-2015.yaml": dump({**SOURCE, "id": "guide-2015", "aliases": ["old"]}),
    "wording/options.md": "{% for option in offered %}{{ option.name }}{% endfor %}{{ sources }}{{ evidence }}",
    "wording/topics.yaml": dump({"relapse": "Relapse"}),
    "tables/tests/relapse.yaml": dump({"order-a": {"title": "A", "kind": "test", "text": "A"},
                                       "order-b": {"title": "B", "kind": "test", "text": "B"}}),
    "tables/against.yaml": dump({
        "title": "t", "source": {"ref": "guide-2025", "at": "p. 2"},
        "rows": {"dasatinib": {"values": ["mesna"], "at": "p. 2"}, "imatinib": {"values": ["mesna"], "at": "p. 3"}},
    }),
}  # fmt: skip
OWN = {
    "site.yaml": dump(SITE),
    "sources/our-sop.yaml": dump(OUR_SOURCE),
    "rules/our-sop/our-note.yaml": dump(OUR_RULE),
}


def with_site(changes: dict[str, Raw] | None = None, more: dict[str, str] | None = None) -> Content:
    """The content with a site's folder: changed ``site.yaml``, further files."""
    made = {**OWN, "site.yaml": dump({**SITE, **(changes or {})}), **(more or {})}
    return load_content(SHIPPED, VOCABULARY, made)


def problems(changes: dict[str, Raw] | None = None, more: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ContentProblems) as caught:
        with_site(changes, more)
    return [str(problem) for problem in caught.value.problems]


def speaking(content: Content) -> set[str]:
    return {one.id for one in by_policy(content, DAY).rules}


def test_a_rule_of_the_site_speaks_beside_the_edition_in_force() -> None:
    found = with_site()
    assert speaking(found) == {"offer-x", "avoid-y", "our-note"}
    assert found.site is not None
    assert (found.site.name, found.site.added, found.site.sources) == ("Hospital", ("our-note",), ("our-sop",))
    assert found.rule("our-note").path == "site:rules/our-sop/our-note.yaml"
    assert found.rule("offer-x").site is None


def test_a_newer_source_of_the_site_silences_no_guideline_where_the_policy_names_none() -> None:
    newer = {"sources/our-sop.yaml": dump({**OUR_SOURCE, "date": "2025-12-01"})}
    shipped = {**SHIPPED, "policy.yaml": dump({**POLICY, "editions": []})}
    assert speaking(load_content(shipped, VOCABULARY, {**OWN, **newer})) == {"offer-x", "avoid-y", "our-note"}


def test_a_source_of_the_site_that_the_policy_names_takes_its_turn() -> None:
    entry = {"topic": "relapse", "population": "adults", "sources": ["our-sop", "guide-2025"]}
    found = with_site(more={"policy.yaml": dump({"editions": [entry]})})
    assert speaking(found) == {"avoid-y", "our-note"}
    assert found.site is not None
    assert found.site.policy == ("editions: relapse for adults: our-sop, guide-2025 instead of guide-2025",)


def test_the_policy_is_merged_key_by_key() -> None:
    found = with_site(more={"policy.yaml": dump({
        "region": "EU", "limits": {"cards_on_chart_open": 2}, "active": ["guide-2015"],
        "populations": {"teens": {"title": "teens", "when": "age < 18"}},
        "editions": [{"topic": "relapse", "population": "teens", "sources": ["guide-2015"]}],
        "hooks": {"encounter-start": {"as": "patient-view", "topics": ["relapse"]}},
    })})  # fmt: skip
    policy = found.policy
    assert (policy.region, policy.cards_on_chart_open) == ("EU", 2)
    assert policy.active == ("guide-2025", "guide-2015", "our-sop")
    assert [(e.topic, e.population) for e in policy.editions] == [("relapse", "adults"), ("relapse", "teens")]
    assert set(policy.populations) == {"adults", "teens"}
    assert found.site is not None
    assert [line.partition(":")[0] for line in found.site.policy] == [
        "region", "limits.cards_on_chart_open", "active", "populations", "editions", "hooks",
    ]  # fmt: skip


def test_what_speaks_at_a_hook_is_the_sites_to_say() -> None:
    ours = {
        "appointment-book": {"as": "patient-view", "topics": ["*"]},
        "order-dispatch": {"as": "order-sign", "topics": ["*"]},
    }
    theirs = {"appointment-book": {"as": "patient-view", "topics": ["relapse/b"], "kinds": {"relapse/b": ["test"]}}}
    shipped = {**SHIPPED, "policy.yaml": dump({**POLICY, "hooks": ours})}
    found = load_content(shipped, VOCABULARY, {**OWN, "policy.yaml": dump({"hooks": theirs})})
    assert found.policy.manner("order-dispatch") == "order-sign"
    assert not found.policy.speaks(found.rule("offer-x"), "appointment-book")
    assert found.site is not None
    assert found.site.policy == ("hooks: appointment-book as patient-view: relapse/b (test) instead of ours",)


def test_a_rule_is_switched_off_and_stays_on_the_list() -> None:
    found = with_site({"switched_off": [{"rule": "avoid-y", **SIGNED}]})
    assert speaking(found) == {"offer-x", "our-note"}
    assert found.rule("avoid-y").status == "switched-off"
    assert found.site is not None
    (off,) = found.site.switched_off
    assert (off.id, off.why.because, off.why.by, off.why.on) == ("avoid-y", "Not here.", "The board", DAY)


def test_what_follows_from_switching_off_is_told() -> None:
    older = rule(id="older", source={"ref": "guide-2025", "at": "p. 9"}, topic="relapse/c")
    newer = rule(id="newer", topic="relapse/d", supersedes=["older"])
    shipped = {**SHIPPED, "rules/older.yaml": dump(older), "rules/newer.yaml": dump(newer)}
    off = dump({**SITE, "switched_off": [{"rule": "newer", **SIGNED}]})
    found = load_content(shipped, VOCABULARY, {**OWN, "site.yaml": off})
    assert "older" in speaking(found)
    assert found.site is not None
    assert [(one.revived, one.silenced) for one in found.site.switched_off] == [(("older",), "relapse/d")]


def test_an_accepted_opposition_needs_no_taking_back_when_one_of_the_two_is_off() -> None:
    against = rule(id="against-x", advise={"kind": "safety", "act": "avoid", "subject": "dasatinib"})
    pair = {"rules": ["against-x", "offer-x"], "because": "both are said"}
    shipped = {**files(RULE, against), "policy.yaml": dump({**POLICY, "accepted_oppositions": [pair]})}
    off = dump({**SITE, "switched_off": [{"rule": "against-x", **SIGNED}]})
    found = load_content(shipped, VOCABULARY, {"site.yaml": off})
    assert not list(opposite_advice(found, every_rule(found), VOCABULARY))


def test_a_whole_source_is_switched_off_by_id_or_alias() -> None:
    found = with_site({"switched_off": [{"source": "guide", **SIGNED}]})
    assert speaking(found) == {"our-note"}
    assert found.site is not None
    assert found.site.rules_off == {"offer-x", "avoid-y"}


def test_words_are_changed_and_the_shipped_ones_kept() -> None:
    found = with_site({"wording": {"offer-x": {"title": "Ours", "note": "As we do it.", "because": "House style"}}})
    assert found.rule("offer-x").title == "Ours"
    assert found.rule("offer-x").advise.note == "As we do it."
    assert found.rule("offer-x").site == "reworded"
    assert found.rule("offer-x").source.ref == "guide-2025"
    assert found.site is not None
    assert [(one.rule, one.title, one.note) for one in found.site.reworded] == [("offer-x", "Offer dasatinib", None)]


def test_a_shipped_rule_is_replaced_where_that_is_said() -> None:
    path = "rules/guide-2025/offer-x.yaml"
    entry = {"replaces": [{"path": path, "because": "Older adults only"}]}
    found = with_site(entry, {path: dump(rule(title="Ours"))})
    assert (found.rule("offer-x").title, found.rule("offer-x").site) == ("Ours", "replaced")
    assert found.rule("offer-x").path == f"site:{path}"
    assert found.site is not None
    assert [(one.path, one.rows) for one in found.site.replaced] == [(path, ())]


def test_rows_of_tables_and_titles_are_added_and_replaced_where_that_is_said() -> None:
    tests = {
        "order-b": {"title": "Ours", "kind": "test", "text": "B"},
        "our-c": {"title": "C", "kind": "test", "text": "C"},
    }
    against = {"rows": {"imatinib": {"values": ["dasatinib"], "at": "SOP"}, "mesna": {"values": ["TKI"], "at": "SOP"}}}
    found = with_site(
        {"replaces": [
            {"path": "tables/tests/relapse.yaml", "rows": ["order-b"], "because": "Another laboratory"},
            {"path": "tables/against.yaml", "rows": ["imatinib"], "because": "Newer data"},
        ]},
        {
            "tables/tests/relapse.yaml": dump(tests),
            "tables/against.yaml": dump(against),
            "wording/topics.yaml": dump({"visits": "Visits"}),
            "tables/drugs/ours.yaml": dump({"our-d": {"title": "D", "kind": "medication", "text": "D"}}),
        },
    )  # fmt: skip
    assert {key: row.title for key, row in found.orderables.items()} == {
        "order-a": "A", "order-b": "Ours", "our-c": "C", "our-d": "D",
    }  # fmt: skip
    rows = found.lookups["against"].rows
    assert {name: row.values for name, row in rows.items()} == {
        "dasatinib": ("mesna",), "imatinib": ("dasatinib",), "mesna": ("TKI",),
    }  # fmt: skip
    assert found.topics == {"relapse": "Relapse", "visits": "Visits"}
    assert found.site is not None
    assert found.site.files == ("tables/drugs/ours.yaml", "wording/topics.yaml")


def test_a_rule_that_rests_on_a_replaced_row_or_scope_says_so() -> None:
    listed = {"all": ["drugs includes any of table(against, imatinib)"]}
    shipped = {
        **SHIPPED,
        "rules/guide-2025/offer-x.yaml": dump(rule(when=listed)),
        "rules/guide-2025/scope.yaml": dump({"when": {"all": ["age >= 15"]}, "because": "all"}),
    }
    rows = {"rows": {"imatinib": {"values": ["dasatinib"], "at": "SOP"}}}
    by_row = {**SITE, "replaces": [{"path": "tables/against.yaml", "rows": ["imatinib"], "because": "Newer data"}]}
    own = {**OWN, "site.yaml": dump(by_row), "tables/against.yaml": dump(rows)}
    found = load_content(shipped, VOCABULARY, own)
    assert {one.id: one.site for one in found.rules} == {"offer-x": "replaced", "avoid-y": None, "our-note": "added"}
    scope = "rules/guide-2025/scope.yaml"
    by_scope = {**SITE, "replaces": [{"path": scope, "because": "Children too"}]}
    own = {**OWN, "site.yaml": dump(by_scope), scope: dump({"when": {"all": ["age >= 1"]}, "because": "all"})}
    found = load_content(shipped, VOCABULARY, own)
    assert {one.id: one.site for one in found.rules} == {
        "offer-x": "replaced",
        "avoid-y": "replaced",
        "our-note": "added",
    }


def test_a_template_is_replaced_where_that_is_said() -> None:
    own = "**{% for option in offered %}{{ option.name }} {{ loop.index }}{% endfor %}** {{ sources }}"
    entry = {"replaces": [{"path": "wording/options.md", "because": "House style"}]}
    assert with_site(entry, {"wording/options.md": own}).wording["options"] == own


def test_the_digest_covers_the_site() -> None:
    plain = load_content(SHIPPED, VOCABULARY).digest
    digests = {plain, with_site().digest, with_site({"name": "Other"}).digest,
               with_site(more={"rules/our-sop/our-note.yaml": dump({**OUR_RULE, "title": "Else"})}).digest}  # fmt: skip
    assert len(digests) == 4
    assert with_site().digest == with_site().digest


OFF = "switched_off[0]"
MISTAKES: list[tuple[dict[str, Raw], str]] = [
    ({"nam": "x"}, "site.yaml:3: nam: is not a key here."),
    ({"prefix": "Our"}, "prefix: 'Our'"),
    ({"prefix": "offer-"}, "prefix: 'offer-' is how the shipped 'offer-x' begins."),
    ({"switched_off": [{"rule": "avoid-y"}]}, f"{OFF}.because: is missing."),
    ({"switched_off": [{"rule": "avoid-y", **SIGNED, "because": ""}]}, f"{OFF}.because: ''"),
    ({"switched_off": [{"rule": "avoid-y", **SIGNED, "on": "soon"}]}, f"{OFF}.on: 'soon'"),
    ({"switched_off": [{"rule": "avoid-z", **SIGNED}]}, f"{OFF}.rule: 'avoid-z' is not a rule. Did you mean 'avoid-y'?"),
    ({"switched_off": [{"rule": "our-note", **SIGNED}]}, f"{OFF}.rule: 'our-note' is the site's own"),
    ({"switched_off": [{"source": "guide-2026", **SIGNED}]}, f"{OFF}.source: 'guide-2026' is not a source. Did you mean"),
    ({"switched_off": [{"source": "our-sop", **SIGNED}]}, f"{OFF}.source: 'our-sop' is the site's own"),
    ({"switched_off": [{"source": "guide-2015", **SIGNED}]}, f"{OFF}.source: 'guide-2015' is not active"),
    ({"switched_off": [SIGNED]}, f"{OFF}: names a rule or a source"),
    ({"switched_off": [{"rule": "avoid-y", **SIGNED}] * 2}, "switched_off[1]: 'avoid-y' is switched off twice."),
    ({"wording": {"ofer-x": {"note": "n", "because": "b"}}}, "wording.ofer-x: 'ofer-x' is not a rule. Did you mean 'offer-x'?"),
    ({"wording": {"offer-x": {"because": "b"}}}, "wording.offer-x: gives neither a title nor a note."),
    ({"wording": {"offer-x": {"note": "n"}}}, "wording.offer-x.because: is missing."),
    ({"wording": {"our-note": {"note": "n", "because": "b"}}}, "wording.our-note: 'our-note' stands in a file of the site"),
    (
        {"wording": {"avoid-y": {"note": "n", "because": "b"}}, "switched_off": [{"rule": "avoid-y", **SIGNED}]},
        "wording.avoid-y: 'avoid-y' is switched off",
    ),
    ({"replaces": [{"path": "rules/offer-z.yaml", "because": "b"}]}, "replaces[0].path: 'rules/offer-z.yaml' is not a shipped file"),
    ({"replaces": [{"path": "wording/options.md", "because": "b"}]}, "replaces[0].path: the site has no file 'wording/options.md'."),
    ({"replaces": [{"path": "policy.yaml", "because": "b"}]}, "replaces[0].path: policy.yaml is merged"),
    ({"replaces": [{"path": "policy.yaml", "because": "b"}] * 2}, "replaces[1].path: 'policy.yaml' is named twice."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), MISTAKES, ids=[says[:50] for _, says in MISTAKES])
def test_a_mistake_in_site_yaml_is_told_with_its_place(changes: dict[str, Raw], says: str) -> None:
    (found,) = [line for line in problems(changes) if says in line]
    assert found.startswith("site:site.yaml:")


OPTIONS = "wording/options.md"
NOTE = "rules/our-sop/our-note.yaml"
FILES: list[tuple[str, str, str]] = [
    ("rules/guide-2025/offer-x.yaml", dump(rule(title="Ours")), "would replace the shipped file. If that is meant"),
    ("rules/guide-2025/offer-x.yaml", SHIPPED["rules/guide-2025/offer-x.yaml"], "is the shipped file, unchanged"),
    ("sources/guide-2025.yaml", dump({**SOURCE, "title": "Ours"}), "would replace the shipped file."),
    (OPTIONS, "ours", "would replace the shipped file."),
    ("wording/option.md", "ours", "no card uses it. Allowed: wording/options.md. Did you mean 'wording/options.md'?"),
    ("tables/tests/relapse.yaml", dump({"order-a": {"title": "O", "kind": "test", "text": "O"}}), "would replace a shipped row"),
    ("tables/against.yaml", dump({"rows": {"imatinib": {"values": [], "at": "a"}}}), "rows.imatinib: would replace a shipped row"),
    ("tables/against.yaml", dump({"title": "x", "rows": {}}), "title: is not a key here. Allowed: rows."),
    ("wording/topics.yaml", dump({"relapse": "Ours"}), "relapse: would replace a shipped row."),
    ("wording/topics.yaml", "- a", "is a mapping of names to sentences."),
    ("rule/our-sop/our-x.yaml", dump(OUR_RULE), "is not read here. Allowed: site.yaml, policy.yaml"),
    ("rule/our-sop/our-x.yaml", dump(OUR_RULE), "Did you mean 'rules/'?"),
    ("polcy.yaml", "region: EU", "Did you mean 'policy.yaml'?"),
    ("rules/our-sop/our-x.yml", dump(OUR_RULE), "is not read here."),
    ("tables/test/ours.yaml", dump({}), "is not read here."),
    ("not_implemented.yaml", "[]", "is not read here."),
    ("rules/our-sop/their-note.yaml", dump({**OUR_RULE, "id": "their-note"}), "id: 'their-note' does not begin with the site's prefix 'our-'."),
    ("sources/sop.yaml", dump({**OUR_SOURCE, "id": "sop"}), "id: 'sop' does not begin with the site's prefix"),
    ("rules/guide-2025/our-x.yaml", dump({**OUR_RULE, "id": "our-x"}), "lies in a folder of the shipped content. Allowed: rules/our-.../."),
    ("rules/guide-2025/scope.yaml", dump({"when": {"all": ["age > 1"]}, "because": "b"}), "lies in a folder of the shipped content."),
    (NOTE, dump({**OUR_RULE, "source": {"ref": "guide-2025", "at": "p"}}), "source.ref: 'guide-2025' is a shipped source"),
    (NOTE, dump({**OUR_RULE, "source": {"ref": "our-sopp", "at": "p"}}), "source.ref: 'our-sopp' is not a source. Did you mean 'our-sop'?"),
    (NOTE, dump({**OUR_RULE, "supersedes": ["avoid-y"]}), "supersedes[0]: 'avoid-y' is a shipped rule: switch it off"),
    (NOTE, dump({**OUR_RULE, "when": {"all": ["agee > 1"]}}), "Did you mean 'age'?"),
    (NOTE, "id: [", "is not YAML"),
    ("policy.yaml", dump({"regio": "EU"}), "regio: is not a key here."),
    ("policy.yaml", dump({"hooks": {"order-dispatch": {"as": "order-sign", "topics": ["frontline"]}}}), "hooks.order-dispatch.topics[0]: 'frontline' is not a topic"),
    ("policy.yaml", dump({"active": ["guide-2024"]}), "active[0]: 'guide-2024' is not a source."),
    ("policy.yaml", dump({"populations": {"a": {"title": "a", "when": "agee > 1"}}}), "populations.a.when: 'agee' is not a fact."),
    ("policy.yaml", dump({"editions": [{"topic": "a", "population": "b", "sources": ["our-sop"]}]}), "editions[0].population: 'b'"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "says"), FILES, ids=[says[:50] for _, _, says in FILES])
def test_a_mistake_in_a_file_of_the_site_is_told_as_the_sites(path: str, text: str, says: str) -> None:
    found = problems(more={path: text})
    assert any(line.startswith(f"site:{path}:") and says in line for line in found), found
    assert all(line.startswith("site:") for line in found), found


def test_a_replaced_rule_cites_what_it_cited_or_the_site() -> None:
    path = "rules/guide-2025/offer-x.yaml"
    entry = {"replaces": [{"path": path, "because": "b"}]}
    other = dump(rule(source={"ref": "guide-2015", "at": "p. 1"}))
    assert (
        "source.ref: 'guide-2015' is not what the replaced rule cites: guide-2025." in problems(entry, {path: other})[0]
    )
    ours = with_site(entry, {path: dump(rule(source={"ref": "our-sop", "at": "p. 1"}))})
    assert ours.rule("offer-x").source.ref == "our-sop"


def test_rows_that_are_nowhere_are_told() -> None:
    path = "tables/tests/relapse.yaml"
    row = dump({"order-a": {"title": "O", "kind": "test", "text": "O"}})
    found = problems(
        {"replaces": [{"path": path, "rows": ["order-a", "order-b", "order-z"], "because": "b"}]}, {path: row}
    )
    assert any("replaces[0].rows[2]: 'order-z' is not a row of the shipped file." in line for line in found)
    assert any("replaces[0].rows: the site's file has no row 'order-b'." in line for line in found)
    whole = {"replaces": [{"path": OPTIONS, "rows": ["a"], "because": "b"}]}
    assert any("only tables and wording/topics.yaml have rows" in line for line in problems(whole, {OPTIONS: "x"}))


def test_without_a_site_yaml_nothing_else_is_called_wrong() -> None:
    own = {path: text for path, text in OWN.items() if path != "site.yaml"}
    with pytest.raises(ContentProblems) as caught:
        load_content(SHIPPED, VOCABULARY, {**own, "rules/guide-2025/offer-x.yaml": dump(RULE)})
    assert [str(problem) for problem in caught.value.problems] == [
        "site:site.yaml:1: is missing: it says whose content this is (name) and its prefix."
    ]


def test_problems_of_both_are_told_at_once() -> None:
    shipped = {**SHIPPED, "policy.yaml": dump({**POLICY, "active": ["guide-2024"]})}
    own = {**OWN, "site.yaml": dump({**SITE, "switched_off": [{"rule": "avoid-z", **SIGNED}]}),
           NOTE: dump({**OUR_RULE, "topic": "other"})}  # fmt: skip
    with pytest.raises(ContentProblems) as caught:
        load_content(shipped, VOCABULARY, own)
    assert [problem.file for problem in caught.value.problems] == ["policy.yaml", f"site:{NOTE}", "site:site.yaml"]


TEMPLATES = [
    ("{% for option in offered %}{{ option.name }{% endfor %}{{ sources }}", "is not a template"),
    ("{{ offered | shout }} {{ option.name }} {{ sources }}", "No filter named 'shout'"),
    ("{% for o in offered %}{{ o.title }}{{ o.name }}{% endfor %}{{ sources }}", "nothing here is called 'title'. Allowed: "),
    ("{% for o in offered %}{{ o['dose'] }}{{ o.name }}{% endfor %}{{ sources }}", "nothing here is called 'dose'."),
    ("{% for o in offered %}{{ o.name }}{% endfor %}", "leaves out 'sources', which a card must show."),
    ("{% include 'other.md' %}{{ offered.name }}{{ sources }}", "'include' is not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), TEMPLATES, ids=[says for _, says in TEMPLATES])
def test_a_template_that_would_fail_or_hide_something_is_refused(text: str, says: str) -> None:
    found = [str(problem) for problem in template_problems({OPTIONS: SHIPPED[OPTIONS]}, {OPTIONS: text})]
    assert any(says in line for line in found), found
    assert all(line.startswith(f"site:{OPTIONS}:1:") for line in found)
