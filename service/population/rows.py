"""What a population run says: its tables, each a list of columns with what they mean. Parquet is drawn from here.

Rows are plain tuples in the order of the columns, so that they can be made without pyarrow, on any engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow


class Kind(StrEnum):
    """The type of a column: text, list of text, true or false, number, whole number, day."""

    TEXT = "text"
    TEXTS = "texts"
    FLAG = "flag"
    NUMBER = "number"
    COUNT = "count"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; null always means "unknown" or "does not arise", never "no"."""

    name: str
    kind: Kind
    means: str


class Row(NamedTuple):
    """One row of a table, in the order of its columns."""

    table: str
    values: tuple[Any, ...]


_PATIENT = Column("patient_id", Kind.TEXT, "id of the Patient resource")
_DAY = Column("as_of", Kind.DAY, "day of judgement; what came later is not seen")
_CONTENT = Column("content", Kind.TEXT, "digest of the guideline content that spoke")

# Facts of the vocabulary that a row about a patient carries under their own name.
TOLD = (
    "sex", "age_group", "care_setting", "diagnosis", "lineage", "diagnosis_date", "ph_status", "disease_state", "relapse_number",
    "remission_number", "treatment_phase", "response", "mrd_status", "prior_allo_hct",
)  # fmt: skip
_COUNTS = frozenset({"relapse_number", "remission_number"})
_FLAGS = frozenset({"prior_allo_hct"})


def _told(name: str) -> Column:
    kind = Kind.COUNT if name in _COUNTS else Kind.FLAG if name in _FLAGS else Kind.TEXT
    return Column(name, kind, f"the fact `{name}`")


PATIENTS = (
    _PATIENT,
    _DAY,
    Column("has_all", Kind.FLAG, "whether the record points to ALL or a disease that its rules speak of; null: cannot be told"),
    Column("deceased", Kind.FLAG, "whether the patient had died by that day; then there are no verdicts"),
    Column("age_years", Kind.NUMBER, "the fact `age_years`, in completed years"),
    *map(_told, TOLD),
    Column("mrd_low", Kind.NUMBER, "least that the newest MRD may be, as a fraction of cells"),
    Column("mrd_high", Kind.NUMBER, "most that it may be; the same where it is known exactly"),
    Column("mrd_date", Kind.TEXT, "date of the newest MRD, also where its result is too old or cannot be read"),
    Column("populations", Kind.TEXTS, "populations of the policy that the patient may belong to"),
    Column("unknown", Kind.TEXTS, "facts of this row that are unknown, each with its reason: `ph_status: record-empty`"),
    Column("applies", Kind.COUNT, "rules that apply"),
    Column("cannot_tell", Kind.COUNT, "rules that wait for a fact"),
    Column("does_not_apply", Kind.COUNT, "rules that do not apply"),
    Column("resources", Kind.COUNT, "resources that came of this patient"),
    Column("set_aside", Kind.COUNT, "of these not used: entered in error, another patient's, later than that day"),
    _CONTENT,
)  # fmt: skip

VERDICTS = (
    _PATIENT,
    _DAY,
    Column("rule", Kind.TEXT, "id of the rule"),
    Column("source", Kind.TEXT, "id of its source"),
    Column("topic", Kind.TEXT, "the decision it belongs to"),
    Column("kind", Kind.TEXT, "what it speaks of: therapy, test, safety, label, ..."),
    Column("act", Kind.TEXT, "what it says of it: offer, consider, avoid, ..."),
    Column("outcome", Kind.TEXT, "applies, does_not_apply or cannot_tell"),
    Column("excluded", Kind.FLAG, "a does_not_apply by an exclusion alone"),
    Column("missing", Kind.TEXTS, "facts that could still settle a cannot_tell"),
    Column("unchecked", Kind.TEXTS, "facts that an applies went on without"),
    Column("populations", Kind.TEXTS, "populations of the policy that the patient may belong to"),
    _CONTENT,
)

QUESTIONS = (
    _PATIENT,
    _DAY,
    Column("question", Kind.TEXT, "key of the question, as in the definitions"),
    Column("answer", Kind.TEXT, "yes, no or unknown"),
    Column("rules", Kind.TEXTS, "rules that the answer rests on"),
    Column("because", Kind.TEXTS, "what else it rests on: a condition as written, an order"),
    Column("missing", Kind.TEXTS, "facts that would settle an unknown"),
    Column("ordered", Kind.FLAG, "whether what a yes asks for is ordered already; null where it does not arise"),
    _CONTENT,
)

ORDERS = (
    _PATIENT,
    _DAY,
    Column("order", Kind.TEXT, "reference of the order: MedicationRequest/123"),
    Column("drugs", Kind.TEXTS, "drugs it was read as"),
    Column("ordered_on", Kind.TEXT, "its date, as found"),
    Column("says", Kind.TEXT, "what speaks against it: avoid, require, caution (a rule), ruled-out, not-listed, open (where it stands among the options); unreadable"),
    Column("rule", Kind.TEXT, "the rule that says so, where one does"),
    Column("outcome", Kind.TEXT, "of that rule"),
    Column("missing", Kind.TEXTS, "facts that it hangs on"),
    Column("deviates", Kind.FLAG, "whether the guidelines rule the order out; null: cannot be told"),
    _CONTENT,
)  # fmt: skip

NOT_JUDGED = (
    _PATIENT,
    _DAY,
    Column("error", Kind.TEXT, "type of the error that judging raised; never its words, which may quote the record"),
    Column("where", Kind.TEXT, "module and line of Allcue in which it was raised"),
    _CONTENT,
)

TABLES: Mapping[str, tuple[Column, ...]] = {
    "patients": PATIENTS,
    "verdicts": VERDICTS,
    "questions": QUESTIONS,
    "orders": ORDERS,
    "not_judged": NOT_JUDGED,
}
OUTCOME = next(at for at, column in enumerate(VERDICTS) if column.name == "outcome")


class NoPyarrow(RuntimeError):
    """pyarrow is not installed; the message says what to install."""


def arrow() -> Any:
    """The library that writes Parquet.

    Raises:
        NoPyarrow: it is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise NoPyarrow(
            "Parquet needs pyarrow, which is not installed. Run: pip install 'allcue[population]'"
        ) from None
    return pyarrow


def schema(table: str) -> pyarrow.Schema:
    """The columns of a table for Parquet, each with its meaning as metadata.

    Raises:
        NoPyarrow: pyarrow is not installed.
    """
    pa = arrow()
    types = {
        Kind.TEXT: pa.string(),
        Kind.TEXTS: pa.list_(pa.string()),
        Kind.FLAG: pa.bool_(),
        Kind.NUMBER: pa.float64(),
        Kind.COUNT: pa.int32(),
        Kind.DAY: pa.date32(),
    }
    return pa.schema([pa.field(c.name, types[c.kind], metadata={"means": c.means}) for c in TABLES[table]])
