"""Words of the pages: values put together part by part, dates, numbers, and catalogs that are whole."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel.messages.catalog import Catalog

from docs.translations import CATALOGS, messages, pages, present, problems
from service.advice.words import WHY, Words
from service.book.pages import titled
from service.content import read_content
from service.facts.model import Interval, Reason, TokenSet, Value, known, unknown
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import Kind
from service.smart.values import VALUE
from service.smart.words import FOLDER, LANGUAGES, SOURCE, Language, best_language

GERMAN, ENGLISH = Language("de"), Language("en")
TRANSLATED = [code for code in LANGUAGES if code != SOURCE]


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(VOCABULARY, read_content())


def test_every_reason_has_words() -> None:
    assert set(WHY) == {str(reason) for reason in Reason}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ph_like", True, "ja"),
        ("ph_like", False, "nein"),
        ("disease_state", "in-remission", "in Remission"),
        ("sex", "other", "divers"),
        ("line_of_therapy", "frontline", "Erstlinientherapie"),
        ("age_years", 34.0, "34 Jahre"),
        ("age_years", 1.0, "1 Jahr"),
        ("age_years", Interval(17, 18, high_open=True), "17 bis <18 Jahre"),
        ("hemoglobin", 9.25, "9,25 g/dl"),
        ("wbc_current", Interval(high=0.5), "≤0,5 10⁹/l"),
        ("csf_wbc", Interval(low=5, low_open=True), ">5 /µl"),
        ("single_temperature_c", 38.5, "38,5 °C"),
        ("mrd_fraction", 0.00015, "0,015 % der Zellen"),
        ("mrd_fraction", 3.1e-8, "3,1e-06 % der Zellen"),
        ("prior_therapies", TokenSet(frozenset({"vincristine", "allo-HCT"})), "allogene SZT, Vincristin"),
        (
            "prior_therapies",
            TokenSet(frozenset({"vincristine"}), complete=False),
            "Vincristin (Liste vielleicht unvollständig)",
        ),
        ("prior_therapies", TokenSet(frozenset()), "keine"),
        ("prior_therapies", TokenSet(frozenset(), complete=False), "keine (Liste vielleicht unvollständig)"),
        ("abl1_mutations", TokenSet(frozenset({"T315I", "Q999X"})), "Q999X, T315I"),
        ("fusions", TokenSet(frozenset({"KMT2A-r", "ZZZ3::BRD9"})), "KMT2A-Rearrangement, ZZZ3::BRD9"),
        ("diagnosis_date", "2026-02-03", "03.02.2026"),
        ("diagnosis_date", "2026-02", "Feb. 2026"),
        ("ordered_dose", "2.5 mg", "2,5 mg"),
    ],
)
def test_values_are_said_in_german(words: Words, name: str, value: Value, said: str) -> None:
    english = words.value(known(name, value))
    assert GERMAN.value(english, name) == said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("response", "less-than-CR", "less than CR"),
        ("care_setting", "pediatric-oncology", "pediatric oncology"),
        ("mrd_method", "flow", "flow cytometry"),
        ("treatment_phase", "end-of-induction", "end of induction"),
        ("prior_therapies", TokenSet(frozenset({"vincristine", "allo-HCT"})), "allogeneic HCT, vincristine"),
        (
            "prior_therapies",
            TokenSet(frozenset({"cranial-radiation"}), complete=False),
            "cranial radiation (list may be incomplete)",
        ),
        ("fusions", TokenSet(frozenset({"KMT2A-r", "ZZZ3::BRD9"})), "KMT2A rearrangement, ZZZ3::BRD9"),
        ("wbc_current", Interval(high=0.5), "≤0.5 10*9/L"),
        ("diagnosis_date", "2026-02-03", "3 Feb 2026"),
        ("ordered_dose", "2.5 mg", "2.5 mg"),
        ("age_years", 34.0, "34 years"),
        ("mrd_fraction", 0.00015, "0.015 % of cells"),
    ],
)
def test_values_are_said_in_plain_english(words: Words, name: str, value: Value, said: str) -> None:
    assert ENGLISH.value(words.value(known(name, value)), name) == said


def test_no_token_of_ours_stands_on_an_english_page() -> None:
    """Words joined by hyphens as in code are said as people write them; those that are written so are listed here."""
    as_written = {"near-haploid", "near-diploid", "near-triploid", "near-tetraploid", "tbo-filgrastim"}
    tokens = {token for kind in VOCABULARY for token in (*kind.values, *kind.parameters)}
    in_code = {
        token for token in tokens if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+|less-than-CR|KMT2A-r|pcr|ngs|mrd|fish", token)
    }
    assert {token for token in in_code - as_written if ENGLISH.value(token) == token} == set()
    catalog = messages(present(FOLDER / SOURCE / "facts.po", SOURCE))
    assert {key for key in catalog if key[0] != VALUE or key[1] not in tokens | {"list may be incomplete"}} == set(), (
        "translates nothing any more"
    )
    assert ENGLISH.fact("current toxicity grade (CTCAE): ast-alt") == "current toxicity grade (CTCAE): AST or ALT"


@pytest.mark.parametrize("reason", Reason)
def test_an_unknown_value_says_why(words: Words, reason: Reason) -> None:
    said = GERMAN.value(words.value(unknown("cd19", reason)))
    assert said.startswith("unbekannt (")
    assert WHY[str(reason)] not in said


def test_words_of_the_record_stay_as_they_are(words: Words) -> None:
    for karyotype in (
        "46,XX,t(9;22)(q34;q11.2)[20]",
        "47,XY,+21 2.5",
        "46,XY, 12 cells normal",
        "see report of 2026-02-03",
    ):
        assert GERMAN.value(karyotype) == karyotype
    quoted = "unit not convertible: found “no, 2.5 mg”"
    assert GERMAN.value(quoted) == "Einheit nicht umrechenbar: gefunden „no, 2.5 mg“"


def test_a_list_that_does_not_settle_a_decision_is_translated_too(words: Words) -> None:
    fact = known("prior_tkis", TokenSet(frozenset({"imatinib"}), complete=False))
    assert GERMAN.value(words.why_unknown(fact)) == "nur teilweise bekannt: Imatinib (Liste vielleicht unvollständig)"


@pytest.mark.parametrize(
    "said", ["", " ", "foo bar", "unknown (foo)", "a, b", "(", "9;22", "1.2.840.113", "< ", "2020-13-41"]
)
def test_what_has_no_german_stays_english(said: str) -> None:
    assert GERMAN.value(said) == said
    assert GERMAN.fact(said) == said
    assert GERMAN.text(said) == said


def test_a_unit_may_stand_alone() -> None:
    assert GERMAN.value("% of cells") == "% der Zellen"
    assert GERMAN.value("10*9/L") == "10⁹/l"


def test_a_word_may_mean_something_else_of_one_fact() -> None:
    assert GERMAN.value("poor", "tpmt") != GERMAN.value("poor", "cytogenetic_risk")
    assert GERMAN.value("poor", "cytogenetic_risk") == GERMAN.value("poor") == "ungünstig"


@pytest.mark.parametrize(
    ("title", "said", "language"),
    [
        ("Relapse of ALL after transplant", "Rezidiv der ALL nach Transplantation", "de"),
        ("Labels: vincristine", "Zulassungen: Vincristin", "de"),  # the drug is a word of the vocabulary
        ("Safety in ALL: live vaccines", "Sicherheit bei ALL: Lebendimpfstoffe", "de"),
        ("Safety in ALL: our own rules", "Safety in ALL: our own rules", "en"),  # of a site: not by halves
        ("Our clinic: vincristine", "Our clinic: vincristine", "en"),
        ("", "", "en"),
    ],
)
def test_a_topic_is_said_in_german_or_left_english_as_a_whole(title: str, said: str, language: str) -> None:
    assert GERMAN.topic(title) == said
    assert GERMAN.topic_language(title) == language
    assert ENGLISH.topic(title) == title
    assert ENGLISH.topic_language(title) == "en"


def test_every_topic_that_rules_stand_under_has_german_words() -> None:
    content = read_content()
    for topic in {rule.topic for rule in content.rules} | set(content.topics):
        assert GERMAN.topic_language(titled(content, topic)) == "de", topic


def test_every_label_group_and_token_has_german_words(words: Words) -> None:
    for kind in VOCABULARY:
        names = [f"{kind.name}({parameter})" for parameter in kind.parameters] or [kind.name]
        for name in names:
            label = words.label(name)
            assert GERMAN.fact(label) != label or label in (
                "karyotype",
                "MRD",
                "QTc",
                "t(4;11)",
                "TCF3::HLF",
                "iAMP21",
            ), name
        if kind.kind is Kind.NUMBER and kind.unit:
            said = GERMAN.value(f"1.5 {kind.unit}")
            assert said.startswith("1,5 ")
            assert " of " not in said


def test_tokens_that_are_words_are_not_left_english() -> None:
    """Those that are the same in German have no blank and no English word in them: abbreviations, genes, protocols."""
    english = {"of", "with", "and", "end", "day", "week", "line", "high", "low", "early", "late", "cell", "disease"}
    for key, message in messages(present(FOLDER / "de" / "facts.po", "de")).items():
        if message.string == key[1]:
            assert not english & set(key[1].lower().replace("-", " ").split()), key


@pytest.mark.parametrize(
    ("when", "english", "german"),
    [
        ("2026-02-03", "3 Feb 2026", "03.02.2026"),
        ("2026-02-03T23:30:00+01:00", "3 Feb 2026", "03.02.2026"),
        ("2026-02", "Feb 2026", "Feb. 2026"),
        ("2026", "2026", "2026"),
        (date(2026, 12, 31), "31 Dec 2026", "31.12.2026"),
        ("1985-02-30", "1985-02-30", "1985-02-30"),
        ("1985/03/04", "1985/03/04", "1985/03/04"),
        ("", "", ""),
    ],
)
def test_dates_are_as_precise_as_they_are(when: str | date, english: str, german: str) -> None:
    assert ENGLISH.date(when) == english
    assert GERMAN.date(when) == german


@pytest.mark.parametrize(
    ("number", "english", "german"),
    [
        (0.5, "0.5", "0,5"),
        (34, "34", "34"),
        (1234567.891, "1,234,567.891", "1.234.567,891"),
        (0.00001, "0.00001", "0,00001"),
        (0.00099999, "0.001", "0,001"),
        (0, "0", "0"),
        (-0.0000312, "-0.0000312", "-0,0000312"),
    ],
)
def test_numbers_have_the_signs_of_the_language(number: float, english: str, german: str) -> None:
    assert ENGLISH.number(number) == english
    assert GERMAN.number(number) == german


@pytest.mark.parametrize(
    ("wanted", "accepted", "best"),
    [
        (None, None, "en"),
        (None, "de", "de"),
        (None, "de-AT,en;q=0.5", "de"),
        (None, "fr, en;q=0.4, de-CH;q=0.8", "de"),
        (None, "de;q=0, en", "en"),
        (None, "fr, *;q=0.5", "en"),
        (None, "xx;q=zz,,;", "en"),
        ("en", "de", "en"),
        ("de", None, "de"),
        ("fr", "de", "de"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_browsers(wanted: str, accepted: str, best: str) -> None:
    assert best_language(wanted, accepted) == best


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("name", CATALOGS)
def test_every_text_is_translated_and_no_translation_is_left_over(language: str, name: str) -> None:
    wanted = messages(CATALOGS[name](language)).values()
    found = messages(present(FOLDER / language / name, language))
    assert not list(problems(language, wanted, found)), "run python -m docs.translations and translate"


def test_texts_are_found_in_templates_and_python() -> None:
    """Were the extraction to find nothing, every catalog would be whole."""
    found = messages(pages("de"))
    assert ("", "Skip to content") in found  # a template
    assert ("", "Chart") in found  # a title


def test_a_faulty_catalog_is_told_of() -> None:
    wanted, found = Catalog("de"), Catalog("de")
    for text in ("whole", "untranslated", "absent", "%(n)s of %(m)s", ("%(num)s day", "%(num)s days"), ("a", "b")):
        wanted.add(text)
    found.add("whole", "ganz")
    found.add("untranslated", "")
    found.add("%(n)s of %(m)s", "%(n)s von %(k)s")
    found.add(("%(num)s day", "%(num)s days"), ("ein Tag", "%(num)s Tage"))
    found.add("a", "nur eins")
    found.add("gone", "weg")
    told = [one.partition(": ")[2] for one in problems("de", messages(wanted).values(), messages(found))]
    assert told == [
        "not translated: ('', 'untranslated')",
        "not translated: ('', 'absent')",
        "other fields in the translation: ('', '%(n)s of %(m)s')",
        "one form where two are needed, or two for one: ('', 'a')",
        "no such text any more: ('', 'gone')",
    ]
