"""The CQL libraries: how facts are asked, the facts themselves, and the rules of each source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.exchange.conditions import rule_cql
from service.exchange.names import Names, identifier, machine_name, quoted
from service.exchange.observations import ucum
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import FactType, Kind
from service.rules.rule import Rule, Source

LOGIC, FACTS = "AllcueLogic", "AllcueFacts"
_READERS = {Kind.BOOLEAN: "YesOrNo", Kind.CATEGORY: "Category", Kind.SET: "TokenSet", Kind.TEXT: "Words"}
_NUMBER = "Tuple { low Decimal, lowOpen Boolean, high Decimal, highOpen Boolean }"
_SET = "Tuple { members List<String>, excluded List<String>, complete Boolean }"
_FINDING = "Tuple { truth Boolean, missing List<String>, assumed List<String> }"

_LOGIC = f"""
// A number is known within bounds; an end that is null is open to infinity. Null where the bounds leave the answer open.
define function Less(told {_NUMBER}, limit Decimal):
  case
    when told.high < limit or (told.high = limit and told.highOpen) then true
    when told.low >= limit then false
    else null
  end

define function AtMost(told {_NUMBER}, limit Decimal):
  case
    when told.high <= limit then true
    when told.low > limit or (told.low = limit and told.lowOpen) then false
    else null
  end

define function AtLeast(told {_NUMBER}, limit Decimal):
  not Less(told, limit)

define function More(told {_NUMBER}, limit Decimal):
  not AtMost(told, limit)

define function Equals(told {_NUMBER}, limit Decimal):
  case
    when told.low = limit and told.high = limit and not told.lowOpen and not told.highOpen then true
    when Less(told, limit) or More(told, limit) then false
    else null
  end

// A token that is neither there nor ruled out is absent only from a set that is complete.
define function Includes(told {_SET}, token String):
  case
    when exists (told.members M where M = token) then true
    when told.complete then false
    when exists (told.excluded E where E = token) then false
    else null
  end

define function Empty(told {_SET}):
  case
    when exists (told.members) then false
    when told.complete then true
    else null
  end

// How a rule came to its answer: what is true of a line or group, the unknown facts it waits for, and those it went on without.
define function Settled(truth Boolean):
  Tuple {{ truth: truth, missing: List<String>{{}}, assumed: List<String>{{}} }}

define function Line(truth Boolean, fact String):
  Tuple {{ truth: truth, missing: if truth is null then {{ fact }} else List<String>{{}}, assumed: List<String>{{}} }}

define function GoOn(found {_FINDING}, goOnAs Boolean):
  if found.truth is null
    then Tuple {{ truth: goOnAs, missing: List<String>{{}}, assumed: found.missing union found.assumed }}
    else found

define function Combine(parts List<{_FINDING}>, decisive Boolean):
  case
    when exists (parts P where P.truth = decisive and not exists (P.assumed)) then Settled(decisive)
    when exists (parts P where P.truth = decisive) then
      Tuple {{ truth: decisive, missing: List<String>{{}}, assumed: flatten (parts P where P.truth = decisive return P.assumed) }}
    when exists (parts P where P.truth is null) then
      Tuple {{
        truth: null as Boolean,
        missing: flatten (parts P where P.truth is null return P.missing),
        assumed: flatten (parts P return P.assumed)
      }}
    else Tuple {{ truth: not decisive, missing: List<String>{{}}, assumed: flatten (parts P return P.assumed) }}
  end

define function Reverse(found {_FINDING}):
  Tuple {{ truth: not found.truth, missing: found.missing, assumed: found.assumed }}

define function Both(one {_FINDING}, other {_FINDING}):
  Combine({{ one, other }}, false)

define function Unchecked(found {_FINDING}):
  if found.truth then distinct found.assumed else null
"""

_READING = """
// One Observation a fact. Two of one fact contradict each other or one is old: the fact is unknown. So is one that says that it
// is absent, or that is in another unit.
define function The(told List<FHIR.Observation>):
  Only(told O where O.status.value in { 'final', 'amended', 'corrected' } and O.dataAbsentReason is null)

define function Only(told List<FHIR.Observation>):
  if Count(told) = 1 then First(told) else null

define function YesOrNo(told List<FHIR.Observation>):
  (The(told).value as FHIR.boolean).value

define function Words(told List<FHIR.Observation>):
  (The(told).value as FHIR.string).value

define function Category(told List<FHIR.Observation>):
  Token(The(told).value as FHIR.CodeableConcept)

define function Token(concept FHIR.CodeableConcept):
  First(concept.coding C where C.system.value = %(values)s return C.code.value)

define function Part(concept FHIR.CodeableConcept):
  First(concept.coding C where C.system.value = %(parts)s return C.code.value)

define function Numeric(told List<FHIR.Observation>, unit String):
  Within(Quantities(The(told)), unit)

define function Quantities(told FHIR.Observation):
  (
    if exists (told.component) then (told.component C return all (C.value as FHIR.Quantity))
    else { told.value as FHIR.Quantity }
  ) Q where Q is not null

define function Within(told List<FHIR.Quantity>, unit String):
  if not exists (told) or exists (told Q where Q.code is null or Q.code.value != unit) then null
  else Bounds(
    First(told Q where Q.comparator is null or Q.comparator.value in { '>', '>=' }),
    First(told Q where Q.comparator is null or Q.comparator.value in { '<', '<=' })
  )

define function Bounds(low FHIR.Quantity, high FHIR.Quantity):
  Tuple {
    low: low.value.value,
    lowOpen: Coalesce(low.comparator.value = '>', false),
    high: high.value.value,
    highOpen: Coalesce(high.comparator.value = '<', false)
  }

define function TokenSet(told List<FHIR.Observation>):
  TokensOf(The(told))

define function TokensOf(told FHIR.Observation):
  if told is null then null
  else Tuple {
    members: told.component C where Part(C.code) = 'member' return Token(C.value as FHIR.CodeableConcept),
    excluded: told.component C where Part(C.code) = 'excluded' return Token(C.value as FHIR.CodeableConcept),
    complete: First(told.component C where Part(C.code) = 'complete' return (C.value as FHIR.boolean).value)
  }
"""


def library_name(source: Source) -> str:
    """The CQL library of a source's rules."""
    return f"Allcue{machine_name(source.id)}"


def logic(names: Names) -> str:
    """The library of functions that rules and facts use; knows nothing of FHIR."""
    return f"library {LOGIC} version {quoted(names.version)}\n{_LOGIC}"


def facts(names: Names, used: Iterable[str]) -> str:
    """The library of facts: each one read from the Observation that tells it."""
    told = [VOCABULARY.lookup(name) for name in used]
    lines = [
        f"library {FACTS} version {quoted(names.version)}",
        "",
        "using FHIR version '4.0.1'",
        "",
        f'codesystem "Allcue facts": {quoted(names.facts)}',
        *_codes(used),
        "",
        "context Patient",
        _READING % {"values": quoted(names.values), "parts": quoted(names.parts)},
    ]
    for name, kind in zip(used, told, strict=True):
        lines += [f"// {kind.label}", f"define {identifier(name)}:", f"  {_reader(name, kind)}", ""]
    return "\n".join(lines)


def _codes(used: Iterable[str]) -> Iterator[str]:
    for name in used:
        yield f'code {identifier(f"code of {name}")}: {quoted(name)} from "Allcue facts"'


def _reader(name: str, kind: FactType) -> str:
    told = f"[Observation: {identifier(f'code of {name}')}]"
    if kind.kind is Kind.NUMBER:
        return f"Numeric({told}, {quoted(ucum(kind))})"
    return f"{_READERS[kind.kind]}({told})"


def rules(names: Names, source: Source, own: Iterable[Rule]) -> str:
    """The library of a source: one expression a rule, by its id; true applies, false does not, null cannot tell.

    Raises:
        service.exchange.conditions.NotInCql: a criterion that has no translation.
    """
    version = quoted(names.version)
    head = [
        f"library {library_name(source)} version {version}",
        "",
        "using FHIR version '4.0.1'",
        "",
        f"include {LOGIC} version {version} called Logic",
        f"include {FACTS} version {version} called Facts",
        "",
        "context Patient",
        "",
    ]
    return "\n".join([*head, *(rule_cql(rule) for rule in own)])
