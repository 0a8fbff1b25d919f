"""BCR::ABL1 transcripts: a ratio of its own, never a share of cells."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from tests.facts.mrd_resources import LOINC, mrd, read, transcript


def test_answers_of_molecular_response_classes() -> None:
    code = {"coding": [{"system": "urn:registry", "code": "mr_4.5"}]}
    assert read(transcript(None, valueCodeableConcept=code)).value("bcr_abl1_ratio") == Interval(0, 3.16228e-05)


@pytest.mark.parametrize(
    ("resource", "ratio", "detected"),
    [
        pytest.param(transcript(0.5), 5e-3, True, id="p190 ratio"),
        pytest.param(transcript(0.0066, "% (IS)", "69380-4"), 6.6e-5, True, id="international scale"),
        pytest.param(transcript(4, "{log}", "74041-5"), 1e-4, True, id="molecular response"),
        pytest.param(transcript(-4, "{log}", "50195-7"), 1e-4, True, id="log ratio"),
        pytest.param(transcript("POSITIVE [0.0066% (IS) and MR4.18]"), 6.6e-5, True, id="device text"),
        pytest.param(transcript("POSITIVE [Above upper LoQ]"), None, True, id="above the range"),
        pytest.param(
            transcript("NEGATIVE [Sufficient ABL transcript]", referenceRange=[{"text": "0.0030 to 55.00"}]),
            Interval(0, 3e-5, high_open=True), False, id="negative within the range of the assay",
        ),
        pytest.param(transcript(0, "%"), 0.0, False, id="zero"),
        pytest.param(
            transcript(1.21, "% (IS)", code="MR"), None, None, id="unknown local code"
        ),
    ],
)  # fmt: skip
def test_transcript_ratio_is_never_a_share_of_cells(
    resource: dict[str, Any], ratio: Any, detected: bool | None
) -> None:
    facts = read(resource)
    assert facts.value("mrd_fraction") is None
    assert facts.value("mrd_status") is None
    assert facts.value("bcr_abl1_transcript_detected") is detected
    if isinstance(ratio, float):
        assert facts.value("bcr_abl1_ratio") == pytest.approx(ratio, rel=1e-3)


def test_a_device_row_called_mr_is_a_log() -> None:
    row = mrd(1.21, "% (IS)", title="BCR::ABL1 ratio", component=None) | {
        "code": {"coding": [{"system": "urn:local", "code": "MR"}], "text": "BCR::ABL1 p210 quantitative, IS"}
    }
    assert read(row).value("bcr_abl1_ratio") == pytest.approx(6.17e-2, rel=1e-2)


def test_another_fusion_is_no_bcr_abl1() -> None:
    assert read(transcript(0.5, code="72218-1")).value("bcr_abl1_ratio") is None


def test_transcript_unknowns() -> None:
    assert read(transcript(0.5, effectiveDateTime="2024-01-01"))["bcr_abl1_ratio"].reason is Reason.STALE
    facts = read(transcript(3, "{log_reduction}", "50195-7"))
    assert (facts["bcr_abl1_ratio"].reason, facts["bcr_abl1_transcript_detected"].reason) == (Reason.UNIT, Reason.UNIT)
    below = read(transcript("<0.0032 %"))
    assert below["bcr_abl1_transcript_detected"].reason is Reason.NOT_DECIDED
    failed = read(transcript("NO RESULT"), transcript(0.5, effectiveDateTime="2025-05-01"))
    assert failed.value("bcr_abl1_ratio") == 5e-3


def test_qualitative_transcript_test() -> None:
    code = {"coding": [{"system": LOINC, "code": "21823-0"}]}
    facts = read(mrd("Not detected") | {"code": code})
    assert facts.value("bcr_abl1_transcript_detected") is False
    assert facts.value("mrd_status") is None


def test_cells_and_transcripts_in_one_result_stay_apart() -> None:
    facts = read(mrd("IG/TR MRD 2E-4; BCR::ABL1/ABL1 0.05 %", title="MRD marrow"))
    assert (facts.value("mrd_fraction"), facts.value("bcr_abl1_ratio")) == (2e-4, 5e-4)
    facts = read(mrd("<0.01 %", note=[{"text": "BCR::ABL1 not detected."}]))
    assert (facts.value("mrd_status"), facts.value("bcr_abl1_transcript_detected")) == ("negative", False)


@pytest.mark.parametrize("title", ["MRD in BCR::ABL1-positive ALL, flow, marrow", "MRD flow BM (BCR-ABL1 pos. ALL)"])
def test_a_disease_called_after_the_fusion_makes_no_transcript(title: str) -> None:
    facts = read(mrd(0.02, "%", title=title))
    assert (facts.value("mrd_fraction"), facts.value("bcr_abl1_ratio")) == (2e-4, None)


@pytest.mark.parametrize("text", ["KMT2A::AFF1 fusion transcript 2E-4", "ETV6::RUNX1 transcript positive 0.3 %"])
def test_other_fusion_transcripts_are_neither(text: str) -> None:
    facts = read(mrd(text, title="MRD RQ-PCR marrow"))
    assert (facts.value("mrd_fraction"), facts.value("bcr_abl1_ratio")) == (None, None)
    assert facts["mrd_fraction"].reason is Reason.NOT_DECIDED


def test_rows_of_an_analyzer_with_local_codes() -> None:
    def row(code: str, name: str, **value: Any) -> dict[str, Any]:
        return mrd(None, **value) | {"code": {"coding": [{"system": "urn:lab", "code": code, "display": name}]}}

    percent = row("BCRIS", "BCR-ABL p210 ratio IS", valueString="POSITIVE [0.0066% (IS) and MR4.18]")
    log = row("MR", "BCR-ABL p210 quant MR", valueQuantity={"value": 4.18, "unit": "% (IS)"})
    for rows in ((percent,), (log,), (percent, log)):
        found = read(*rows).value("bcr_abl1_ratio")
        assert found == pytest.approx(6.6e-5, rel=0.01)
        assert read(*rows).value("mrd_fraction") is None


def test_ratio_and_word_in_rows_of_their_own() -> None:
    word = mrd("positiv", title="BCR-ABL1") | {"code": {"coding": [{"system": LOINC, "code": "75892-0"}]}}
    copies = mrd(45000, "1", title="Kontrollgen") | {"code": {"coding": [{"system": LOINC, "code": "62374-4"}]}}
    facts = read(transcript(0.03, "%", "46434-7"), word, copies)
    assert (facts.value("bcr_abl1_ratio"), facts.value("bcr_abl1_transcript_detected")) == (3e-4, True)
