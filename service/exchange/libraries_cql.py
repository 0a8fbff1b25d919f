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

// A category that the fact does not have, as one that is spelled otherwise, tells nothing.
define function Category(told List<FHIR.Observation>, allowed List<String>):
  First(allowed A where A = Token(The(told).value as FHIR.CodeableConcept))

// A category that has other tokens by a pattern.
define function Spelled(told List<FHIR.Observation>):
  Token(The(told).value as FHIR.CodeableConcept)

define function Token(concept FHIR.CodeableConcept):
  First(concept.coding C where C.system.value = %(values)s return C.code.value)

define function Part(concept FHIR.CodeableConcept):
  First(concept.coding C where C.system.value = %(parts)s return C.code.value)

define function Numeric(told List<FHIR.Observation>, unit String):
  NumberOf(The(told), unit)

// The ends of an interval are the components low and high, with or without comparators; else the value is the number.
define function NumberOf(told FHIR.Observation, unit String):
  if exists (told.component C where Part(C.code) = 'low' or Part(C.code) = 'high')
    then Within(End(told, 'low'), End(told, 'high'), unit)
    else Within(Value(told, { '<', '<=' }), Value(told, { '>', '>=' }), unit)

define function End(told FHIR.Observation, part String):
  (told.component C where Part(C.code) = part return all (C.value as FHIR.Quantity)) Q where Q is not null

define function Value(told FHIR.Observation, never List<String>):
  ({ told.value as FHIR.Quantity }) Q where Q is not null and not exists (never N where N = Q.comparator.value)

define function Within(low List<FHIR.Quantity>, high List<FHIR.Quantity>, unit String):
  if Fits(low, unit, { '<', '<=' }) and Fits(high, unit, { '>', '>=' }) and (exists (low) or exists (high))
    then Bounds(First(low), First(high))
    else null

define function Fits(told List<FHIR.Quantity>, unit String, never List<String>):
  Count(told) <= 1 and not exists (
    told Q where Q.value is null or Q.code is null or Q.code.value != unit or exists (never N where N = Q.comparator.value)
  )

define function Bounds(low FHIR.Quantity, high FHIR.Quantity):
  Tuple {
    low: low.value.value,
    lowOpen: Coalesce(low.comparator.value = '>', false),
    high: high.value.value,
    highOpen: Coalesce(high.comparator.value = '<', false)
  }

define function TokenSet(told List<FHIR.Observation>, allowed List<String>):
  TokensOf(The(told), allowed)

// A token that the fact does not have, or that has another system, may stand for any: then nothing else is absent for sure.
// Where a fact takes tokens by a pattern, ``allowed`` is null and each of them counts.
define function TokensOf(told FHIR.Observation, allowed List<String>):
  if told is null then null
  else Tuple {
    members: (Tokens(told, 'member')) T where T is not null,
    excluded: (Tokens(told, 'excluded')) T where T is not null,
    complete: First(told.component C where Part(C.code) = 'complete' return (C.value as FHIR.boolean).value)
      and not exists (
        told.component C where Part(C.code) = 'member' and Unread(Token(C.value as FHIR.CodeableConcept), allowed)
      )
  }

define function Tokens(told FHIR.Observation, part String):
  told.component C where Part(C.code) = part return Token(C.value as FHIR.CodeableConcept)

define function Unread(token String, allowed List<String>):
  token is null or (allowed is not null and not exists (allowed A where A = token))

// A member carries others, as a drug its class.
define function Carrying(told Tuple { members List<String>, excluded List<String>, complete Boolean }, carried List<Tuple { token String, by List<String> }>):
  if told is null then null
  else Tuple {
    members: told.members union (carried C where exists (C.by B where exists (told.members M where M = B)) return C.token),
    excluded: told.excluded,
    complete: told.complete
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
    lists = _Lists()
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
    facts_told: list[str] = []
    for name, kind in zip(used, told, strict=True):
        facts_told += [f"// {kind.label}", f"define {identifier(name)}:", f"  {_reader(name, kind, lists)}", ""]
    return "\n".join([*lines, *lists.lines, *facts_told])


def _codes(used: Iterable[str]) -> Iterator[str]:
    for name in used:
        yield f'code {identifier(f"code of {name}")}: {quoted(name)} from "Allcue facts"'


class _Lists:
    """Lists that facts share, such as the names of drugs: each is defined once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: dict[str, str] = {}

    def named(self, name: str, text: str) -> str:
        """The name of a list, which is defined under it unless it has one."""
        if text not in self._names:
            self._names[text] = identifier(name)
            self.lines += [f"define {self._names[text]}:", f"  {text}", ""]
        return self._names[text]


def _reader(name: str, kind: FactType, lists: _Lists) -> str:
    told = f"[Observation: {identifier(f'code of {name}')}]"
    match kind.kind:
        case Kind.NUMBER:
            return f"Numeric({told}, {quoted(ucum(kind))})"
        case Kind.BOOLEAN:
            return f"YesOrNo({told})"
        case Kind.TEXT:
            return f"Words({told})"
    allowed = lists.named(f"values of {name}", _listed(kind.values))
    if kind.kind is Kind.CATEGORY:
        return f"Spelled({told})" if kind.pattern else f"Category({told}, {allowed})"
    members = f"TokenSet({told}, {'null as List<String>' if kind.pattern else allowed})"
    if not kind.implies:
        return members
    return f"Carrying({members}, {lists.named(f'carried in {name}', _carried(kind))})"


def _listed(texts: Iterable[str]) -> str:
    return f"{{ {', '.join(quoted(text) for text in texts)} }}"


def _carried(kind: FactType) -> str:
    """Each token that others carry, with these."""
    by: dict[str, list[str]] = {}
    for token, carried in kind.implies.items():
        for one in carried:
            by.setdefault(one, []).append(token)
    rows = (f"Tuple {{ token: {quoted(one)}, by: {_listed(sorted(by[one]))} }}" for one in sorted(by))
    return "{\n    " + ",\n    ".join(rows) + "\n  }"


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
