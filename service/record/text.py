"""Reading free text with care: is a thing stated, denied, doubted, someone else's, or of the past?

Small patterns in English and German, after the idea of NegEx (Chapman et al. 2001, J Biomed Inform 34:301) and its
successor ConText (Harkema et al. 2009, J Biomed Inform 42:839): a text is cut into clauses, and in its clause a finding
is judged by the words before and behind it, as far as these reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from service.record import cues
from service.record.clauses import clauses, plain
from service.record.pieces import holds, matches

__all__ = ["Mention", "clauses", "mention_of", "plain", "states", "strongest"]

_BACK, _AHEAD = 400, 160  # characters of a clause that are looked at before and behind a finding
_MOST = 64  # mentions of one thing that are judged; a text with more is no prose, and what it says stays open
_CLOSED = re.compile(r"\([^()]{0,200}\)")
_OPENED = str.maketrans("()", "  ")


class Mention(StrEnum):
    PRESENT = "present"
    NEGATED = "negated"
    UNCERTAIN = "uncertain"
    FAMILY = "family"  # somebody else's: a relative's, the donor's
    HISTORY = "history"


_STRONGEST = (Mention.PRESENT, Mention.UNCERTAIN, Mention.NEGATED, Mention.HISTORY, Mention.FAMILY)


def mention_of(text: str, pattern: re.Pattern[str]) -> Mention | None:
    """How a text mentions something; ``None`` if it does not.

    Each clause is judged by what stands before and behind the match in it; a plain statement anywhere wins over a
    denial elsewhere ("t(9;22) detected. No evidence of t(4;11)" is asked per pattern, so they do not meet).

    >>> mention_of("kein Nachweis von BCR::ABL1", re.compile("BCR::ABL1")) is Mention.NEGATED
    True
    """
    text = plain(text)
    if not holds(pattern, text):  # as a rule: the rest is for the few texts that do mention it
        return None
    found: Mention | None = None
    left = _MOST
    for clause in clauses(text):
        for match in matches(pattern, clause):
            if not left:
                return Mention.UNCERTAIN
            left -= 1
            start, end = match.span()
            judged = _judge(clause[max(0, start - _BACK) : start], match.group(), clause[end : end + _AHEAD])
            if judged is Mention.PRESENT:
                return judged
            found = strongest((found, judged))
    return found


def strongest(mentions: Iterable[Mention | None]) -> Mention | None:
    """Of several mentions of one thing the one that counts: a statement before a doubt before a denial."""
    return min((m for m in mentions if m is not None), key=_STRONGEST.index, default=None)


def states(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text plainly states something of this patient now."""
    return mention_of(text, pattern) is Mention.PRESENT


def _judge(before: str, term: str, after: str) -> Mention:
    if cues.FAMILY_BEFORE.search(before) or cues.FAMILY_AFTER.match(after):
        return Mention.FAMILY
    before = _CLOSED.sub(" ", before) if "(" in before else before  # an aside is about what stands before it
    if cues.ANSWERED_NO.match(after):
        return Mention.NEGATED
    if cues.ANSWERED_YES.match(after):
        return Mention.PRESENT
    if cues.HYPOTHETICAL_BEFORE.search(before) or cues.AROUND_AFTER.match(after) or cues.QUESTION_AFTER.match(after):
        return Mention.UNCERTAIN
    if cues.FREE_WITHIN.search(term):
        return Mention.NEGATED
    settled = cues.SETTLED_AFTER.match(after) is not None
    doubted = not settled and (cues.DOUBT_AFTER.match(after) is not None or cues.AROUND_WITHIN.search(term) is not None)
    if doubted:
        return Mention.UNCERTAIN
    return _judge_reach(before, term, after, settled)


def _judge_reach(before: str, term: str, after: str, settled: bool) -> Mention:
    """By the cues that reach the finding from before, against the finding's own words behind it."""
    own = cues.FOUND_AFTER.match(after)
    denied = settled or _not_found(term, after, own is not None)
    doubt, asked = _reaching(cues.DOUBT_BEFORE, before), _reaching(cues.ASKED_BEFORE, before)
    next_item = doubt is not None and cues.NEXT_ITEM.search(doubt) is not None
    unsuspected = _reaching(cues.NO_DOUBT_BEFORE, before) is not None
    if denied:
        return Mention.UNCERTAIN if doubt is not None and not (settled or next_item or unsuspected) else Mention.NEGATED
    if unsuspected:
        return Mention.NEGATED
    if doubt is not None and cues.CONFIRMED_AFTER.match(after) is None and not (own and next_item):
        return Mention.UNCERTAIN
    if asked is not None and doubt is None and not own:
        return Mention.UNCERTAIN
    if asked is None and doubt is None:
        mention = _ruled_out(before, after) or _denied_before(before, after, own)
        if mention is not None:
            return mention
    past = _reaching(cues.HISTORY_BEFORE, before, cues.HISTORY_ENDS)
    return Mention.HISTORY if past is not None or cues.HISTORY_AFTER.match(after) else Mention.PRESENT


def _not_found(term: str, after: str, found: bool) -> bool:
    """Whether the words behind a finding, in brackets or not, deny it."""
    if cues.NOT_FOUND_AFTER.match(after):
        return True
    if not found and "(" in after and cues.NOT_FOUND_AFTER.match(after.translate(_OPENED)):
        return True
    is_gene = "::" in term or any(c.isdigit() for c in term)
    return is_gene and cues.LIST_NOT_FOUND_AFTER.match(after) is not None


def _reaching(cue: re.Pattern[str], before: str, ends: re.Pattern[str] = cues.REACH_ENDS) -> str | None:
    """The words between the last cue before a finding and the finding, if it reaches that far; else ``None``."""
    found = list(cue.finditer(before))
    if not found:
        return None
    between = before[found[-1].end() :]
    return between if _within_reach(between, ends) else None


def _within_reach(between: str, ends: re.Pattern[str]) -> bool:
    end = ends.search(between)
    return end is None or cues.REACHES_ON.search(between, end.end()) is not None


def _ruled_out(before: str, after: str) -> Mention | None:
    """The parted verb of German: "schließt ein Rezidiv (nicht) aus"."""
    if not cues.RULES_OUT_BEFORE.search(before):
        return None
    found = cues.RULES_OUT_AFTER.match(after)
    if found is None:
        return None
    return Mention.UNCERTAIN if cues.HEDGED.search(found["words"]) else Mention.NEGATED


def _denied_before(before: str, after: str, own: re.Match[str] | None) -> Mention | None:
    """What a denial before a finding makes of it; ``None`` without one that reaches it.

    A finding with a word of its own ("no KMT2A rearrangement, BCR::ABL1 positive") is not denied by the item before
    it; where the list leaves that open ("no KMT2A, BCR::ABL1 detected") it stays in doubt.
    """
    if cues.ADJACENT.search(before):
        return Mention.PRESENT if own else Mention.NEGATED
    rest = cues.NO_DENIAL.sub(" ", cues.SPENT.sub("", before))
    denials = list(cues.NEGATED_BEFORE.finditer(rest))
    if not denials:
        return None
    between = rest[denials[-1].end() :]
    if not _within_reach(between, cues.REACH_ENDS) or _has_its_own(rest, after):
        return None
    if own and cues.NEXT_ITEM.search(between) and not cues.SAME_LIST.search(between):
        return Mention.PRESENT if own.groupdict()["sure"] else Mention.UNCERTAIN
    return Mention.NEGATED


def _has_its_own(before: str, after: str) -> bool:
    """Whether each item of a list but the last has a denial of its own: "kein ZNS-Befall, kein Fieber, Mediastinaltumor"."""
    *items, last = before.split(",")
    if len(items) < 2 or not all(cues.NEGATED_BEFORE.search(item) for item in items):
        return False
    return not (cues.NEGATED_BEFORE.search(last) or cues.SAME_LIST.search(last + after.partition(".")[0]))
