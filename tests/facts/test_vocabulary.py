"""The vocabulary names every fact and value that the sources and the synthetic patients use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.facts.model import Interval, TokenSet, Value
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import (
    FactType,
    Kind,
    ValueProblem,
    Vocabulary,
    boolean,
    category,
    number,
    text,
    token_set,
)
from service.facts.vocabulary.drugs import CLASSES, DRUG_ALIASES, DRUG_NAMES, DRUG_OF_CONCEPT, DRUGS, IMPLIES, may_hide
from service.facts.vocabulary.toxicity import KIND_ALIASES, KINDS

TERMINOLOGY = Path(__file__).resolve().parents[2] / "service" / "record" / "data" / "terminology.json"
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
TYPES = list(VOCABULARY)
# about documents, not about patients
NOT_FACTS = {
    "evidence_category", "preference", "guideline", "evidence_category_printed", "comparator_type",
    "content_confirmed_footnote_aaa",
}  # fmt: skip
NOT_DRUGS = {"therapy.any_chemo", "therapy.hct_donor", "therapy.intrathecal", "therapy.radiation"}
needs_folder = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder with the sources' inventories is not here")


def leaves(node: Any) -> Iterator[tuple[str, object]]:
    """Every fact and value in an inventory's criteria."""
    if isinstance(node, dict):
        if "fact" in node:
            yield str(node["fact"]), node.get("value")
        for child in node.values():
            yield from leaves(child)
    elif isinstance(node, list):
        for child in node:
            yield from leaves(child)


@needs_folder
def test_every_fact_and_value_of_the_inventories_is_known() -> None:
    refused = []
    seen = 0
    for path in sorted((SHARED / "knowledge").glob("*.yaml")):
        for name, value in leaves(yaml.safe_load(path.read_text())):
            if name in NOT_FACTS:
                continue
            kind = VOCABULARY.lookup("toxicities_present" if name == "toxicity" else name)
            for item in value if isinstance(value, list) else [value]:
                seen += 1
                try:
                    kind.parse(item)
                except ValueProblem as problem:
                    refused.append(f"{path.name}: {problem}")
    assert seen > 1000
    assert refused == []


@needs_folder
def test_every_fact_named_in_the_list_of_facts_is_known() -> None:
    text = (SHARED / "facts.md").read_text().split("be asked:")[1]
    names = set(re.findall(r"\b[a-z][a-z0-9_]+\b", text))
    assert len(names) > 100
    assert sorted(name for name in names if name not in VOCABULARY) == []


@needs_folder
def test_codes_are_groups_of_the_terminology_and_every_drug_group_has_a_name() -> None:
    groups = set(re.findall(r'group:\s*"?([\w.]+)', (SHARED / "terminology.yaml").read_text()))
    shipped = {concept["group"] for concept in json.loads(TERMINOLOGY.read_text(encoding="utf-8"))["concepts"]}
    assert {code for kind in TYPES for code in kind.codes} - groups - shipped == set()
    drugs = {group for group in groups if group.startswith("therapy.")} - NOT_DRUGS
    assert drugs - set(DRUG_OF_CONCEPT) == set()


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_every_fact_says_what_it_is(kind: FactType) -> None:
    assert kind.label
    assert kind.group
    assert kind.judgement or kind.read_from
    if kind.kind is Kind.NUMBER:
        assert kind.low is not None
        assert kind.high is not None
        assert kind.low < kind.high
    assert bool(kind.values) == (kind.kind in (Kind.CATEGORY, Kind.SET))
    assert len(set(kind.values)) == len(kind.values)


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind.values], ids=lambda kind: kind.name)
def test_values_and_their_aliases_are_canonical(kind: FactType) -> None:
    for value in kind.values:
        assert kind.canonical(value) == value
        assert kind.canonical(f" {value.upper()} ") in kind.values
    for alias, value in kind.value_aliases.items():
        if value in kind.values:
            assert kind.canonical(alias) == value or alias in kind.values


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        ("ordered_drug", " Besponsa ", "inotuzumab ozogamicin"),
        ("ordered_drug", "no such drug", None),
        ("fusions", "ZNF384::EP300", "ZNF384::EP300"),
        ("fusions", "a fusion", None),
        ("abl1_mutations", "D276G", "D276G"),
        ("abl1_mutations", "", None),
    ],
)
def test_a_word_is_known_or_an_error(name: str, word: str, value: str | None) -> None:
    kind = VOCABULARY.lookup(name)
    assert kind.known(word) == value
    if value is None:
        with pytest.raises(ValueProblem, match="is not a value of"):
            kind.canonical(word)
    else:
        assert kind.canonical(word) == value


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("care_setting", ["paediatric-oncology", "pediatric", "Pediatric Oncology"], "pediatric-oncology"),
        ("jurisdiction", ["DE", "eu"], "EU"),
        ("relapse_site", ["cns", "isolated-cns"], "isolated-CNS"),
        ("relapse_site", ["testis", "isolated_testicular"], "isolated-testicular"),
        ("relapse_site", ["marrow"], "isolated-marrow"),
        ("relapse_site", ["extramedullary"], "isolated-extramedullary"),
        ("relapse_risk_group", ["high-risk", "high"], "high"),
        ("response", ["complete-remission", "complete response", "cr"], "CR"),
        ("disease_state", ["remission"], "in-remission"),
        ("ordered_drug", ["VSLI", "vincristine sulfate liposome injection", "Marqibo"], "vincristine-liposomal"),
        ("ordered_drug", ["6-MP", "6-mercaptopurine", "purinethol"], "mercaptopurine"),
        ("ordered_drug", ["6-TG", "tioguanine"], "thioguanine"),
        ("ordered_drug", ["InO", "inotuzumab", "Besponsa"], "inotuzumab ozogamicin"),
        ("ordered_drug", ["crisantaspase", "Rylaze", "erwinia asparaginase"], "asparaginase-erwinia"),
        ("ordered_drug", ["L-asparaginase"], "asparaginase-e-coli"),
        ("concurrent_drugs", ["H2-antagonist"], "H2-blocker"),
        ("fusions", ["BCR-ABL1", "BCR/ABL1", "bcr::abl1"], "BCR::ABL1"),
        ("fusions", ["MLL-r"], "KMT2A-r"),
        ("fusions", ["TCF3-HLF"], "TCF3::HLF"),
        ("fusions", ["ZNF384::EP300"], "ZNF384::EP300"),
        ("abl1_mutations", ["T315I"], "T315I"),
        ("abl1_mutations", ["D276G"], "D276G"),
        ("cns_status", ["CNS3", "cns-3"], "CNS-3"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_synonyms_have_one_canonical_value(name: str, words: list[str], value: str) -> None:
    assert {VOCABULARY.lookup(name).canonical(word) for word in words} == {value}


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("relapsed_after_hct", "relapse_after_hct"),
        ("marrow_response", "response"),
        ("country", "jurisdiction"),
        ("suggested_drug", "ordered_drug"),
        ("tolerates_multiagent", "tolerates_multiagent_chemotherapy"),
        ("toxicity( Pancreatitis )", "toxicity(pancreatitis)"),
    ],
)
def test_aliases_resolve(alias: str, name: str) -> None:
    assert VOCABULARY.resolve(alias) == name


@pytest.mark.parametrize(
    ("set_name", "given", "carried"),
    [
        ("concurrent_drugs", "voriconazole", {"azole", "strong-CYP3A4-inhibitor"}),
        ("ordered_drug", "tecartus", {"CAR-T", "anti-CD19", "brexucabtagene autoleucel"}),
        ("ordered_drug", "pegaspargase", {"asparaginase", "chemotherapy"}),
        ("concurrent_drugs", "omeprazole", {"PPI"}),
        ("fusions", "KMT2A::AFF1", {"KMT2A-r"}),
        ("prior_therapies", "hyper-CVAD", {"doxorubicin", "anthracycline", "corticosteroid", "chemotherapy"}),
        ("prior_therapies", "Larson", {"daunorubicin", "anthracycline", "asparaginase"}),
    ],
)
def test_tokens_carry_others(set_name: str, given: str, carried: set[str]) -> None:
    assert carried <= VOCABULARY.lookup(set_name).token_set([given]).members


def test_a_regimen_without_anthracycline_carries_none() -> None:
    assert "anthracycline" not in VOCABULARY.lookup("prior_therapies").token_set(["mini-hyper-CVD"]).members


def test_the_list_of_drugs_hangs_together() -> None:
    assert set(DRUG_ALIASES.values()) <= set(DRUGS)
    assert set(DRUG_OF_CONCEPT.values()) <= set(DRUGS)
    assert {token for tokens in IMPLIES.values() for token in tokens} <= set(DRUGS)
    folded = [alias.lower() for alias in DRUG_ALIASES]
    assert len(folded) == len(set(folded))
    assert not {name.lower() for name in DRUG_NAMES} & {name.lower() for name in CLASSES}
    assert DRUG_OF_CONCEPT["therapy.inotuzumab_ozogamicin"] == "inotuzumab ozogamicin"


@pytest.mark.parametrize(
    ("members", "token", "hidden"),
    [
        (["TKI"], "dasatinib", True),
        (["targeted"], "TKI", True),
        (["immunotherapy"], "blinatumomab", True),
        (["immunotherapy"], "dasatinib", False),
        (["dasatinib", "TKI", "targeted"], "ponatinib", False),
        (["maintenance"], "anthracycline", True),
        (["maintenance"], "blinatumomab", False),
        (["IT chemotherapy"], "anthracycline", False),
        ([], "blinatumomab", False),
    ],
)
def test_a_class_or_regimen_may_stand_for_a_drug(members: list[str], token: str, hidden: bool) -> None:
    assert may_hide(members, token) is hidden


def test_toxicity_kinds_hang_together() -> None:
    assert set(KIND_ALIASES.values()) <= set(KINDS)
    assert VOCABULARY.lookup("toxicity(CRS)").parameters == VOCABULARY.lookup("toxicity_worst(CRS)").parameters == KINDS
    assert set(VOCABULARY.lookup("toxicities_present").values) == set(KINDS)


@pytest.mark.parametrize(
    ("name", "raw"),
    [("wbc_current", 2000), ("age_years", 0), ("mrd_fraction", 1), ("mrd_fraction", 0), ("months_cr1_duration", 600)],
)
def test_real_extremes_are_plausible(name: str, raw: float) -> None:
    assert VOCABULARY.lookup(name).parse(raw) == raw


@pytest.mark.parametrize(("name", "raw"), [("age_years", 131), ("mrd_fraction", 1.01), ("wbc_current", -1)])
def test_impossible_numbers_are_refused(name: str, raw: float) -> None:
    with pytest.raises(ValueProblem, match="Allowed"):
        VOCABULARY.lookup(name).parse(raw)


NUMBER = number("n", "n", unit="mg", low=0, high=10)
FLAG = boolean("f", "f", value_aliases={"rearranged": "true", "germline": "false"})
WORD = category("c", "c", "yes", "no", "1")
LIST = token_set("s", "s", "a", "b", "ab", pattern="[x-z]", implies={"ab": ("a", "b")})
TEXT = text("t", "t")


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (NUMBER, 3, 3.0),
        (NUMBER, "3.5", 3.5),
        (NUMBER, "< 3", Interval(high=3, high_open=True)),
        (NUMBER, "≤3", Interval(high=3)),
        (NUMBER, ">3", Interval(low=3, low_open=True)),
        (NUMBER, "≥3", Interval(low=3)),
        (NUMBER, "unknown", None),
        (FLAG, True, True),
        (FLAG, "ja", True),
        (FLAG, "absent", False),
        (FLAG, "Rearranged", True),
        (FLAG, "germline", False),
        (WORD, True, "yes"),
        (WORD, False, "no"),
        (WORD, 1, "1"),
        (LIST, "ab", TokenSet(frozenset({"a", "b", "ab"}))),
        (LIST, ["x"], TokenSet(frozenset({"x"}))),
        (LIST, None, None),
        (TEXT, "unknown", "unknown"),
    ],
    ids=str,
)
def test_a_value_is_read_as_its_kind(kind: FactType, raw: object, value: Value | None) -> None:
    assert kind.parse(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw", "allowed"),
    [
        (NUMBER, True, "a number from 0 to 10 mg"),
        (NUMBER, "about 3", "a number from 0 to 10 mg"),
        (NUMBER, float("nan"), "a number from 0 to 10 mg"),
        (number("free", "free"), "many", "a number"),
        (FLAG, "perhaps", "true, false"),
        (FLAG, 1, "true, false"),
        (WORD, ["yes"], "one of: yes, no, 1"),
        (WORD, "maybe", "one of: yes, no, 1"),
        (LIST, {"a": 1}, "any of: a, b, ab, or a token like"),
        (LIST, [True], "any of: a, b, ab, or a token like"),
        (LIST, ["q"], "any of: a, b, ab, or a token like"),
        (TEXT, 3, "text"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_what_is_allowed(kind: FactType, raw: object, allowed: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        kind.parse(raw)
    assert f"Allowed: {allowed}" in str(caught.value)


def test_a_vocabulary_has_each_name_once() -> None:
    with pytest.raises(ValueError, match="defined twice"):
        Vocabulary((NUMBER, number("n", "again")))
    with pytest.raises(ValueError, match="is taken"):
        Vocabulary((NUMBER, number("m", "m", aliases=("n",))))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("toxicity", "needs a kind"),
        ("toxicity(sadness)", "is not a kind"),
        ("age_years(now)", "takes no kind"),
        ("age_yaers", "Did you mean 'age_years'"),
    ],
)
def test_a_wrong_name_is_refused(name: str, said: str) -> None:
    assert name not in VOCABULARY
    with pytest.raises(ValueProblem, match=said):
        VOCABULARY.resolve(name)
