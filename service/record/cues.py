"""The words, English and German, that say how a finding beside them is meant.

``..._BEFORE`` is searched in the words before a finding, ``..._AFTER`` matched right behind it. All are used on a few
hundred characters at the most, and none can backtrack over more than a few words.
"""

from __future__ import annotations

import re


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# What may stand between a finding and the word that says whether it was found.
_BETWEEN = (
    r"(?:[\s:,=\-\"')\]]|\.{2,}|\([^)]*\)|\[[^\]]*\]|\b(?:is|was|were|are|be|been|has|have|had|could|can|ist|war|waren|wurden?|werden"
    r"|sind|konnten?|kann|können|sich|hat|haben|lässt|lie(?:ß|ss)(?:en)?|also|derzeit|aktuell|bislang|bisher|momentan|currently|so far"
    r"|at this time|sicher|fusions?|fusionsgen\w*|re-?arrangements?|rearrangiert|umlagerung\w*|transcripts?|transkript\w*"
    r"|mutation(?:s|en)?|genes?|gen|translo[ck]ation\w*|chromosom\w*|signal(?:s|en?)?|expression|fish|(?:rt|q|rq|rt-q)?-?pcr|ngs|flow"
    r"|assay|test(?:s|ing|ung)?|analys[ie]s?|results?|befund|ergebnis|status|level|count|anteil|zahl|populations?|cells?|zell\w*|clones?|klone?|infiltrat\w*|(?:felt|thought|considered|deemed) to be|p190|p210|e\d+a\d+|major|minor"
    r"|(?:and|or|und|oder)(?=\s+(?:p190|p210|e\d+a\d+|transcript|transkript))|confirmed(?=\s+(?:as\s+|to be\s+)?(?:absent|negativ))|in (?:allen? )?[1-9]\d*\s+[^\W\d]\w*|performed and|durchgeführt und|looked for|tested for|sought|gesucht|(?:but|aber)(?=\s+(?:not|nicht))|and (?=(?:is|was|were|are)\b)"
    r"|und (?=(?:ist|war|waren)\b)|\w+isch|(?:after|nach|following|unter|during)\s+\w+|(?:of|der|des|von)\s+(?:the\s+|bekannten\s+)?(?:ALL|disease|leuk\w+|grunderkrankung)|(?:by|per|using|mittels) (?:rt-|q|rq-|multiplex )?\w+"
    r"|(?:in|im|in der|in the) (?:blood|marrow|bone marrow|csf|sample|specimen|knochenmark|blut|liquor|probe))\b)*+"
)
_FOUND = (
    r"(?:detect\w*|present|seen|found|identified|observed|demonstrated|confirmed|evident|visible|noted|abgrenzbar|darstellbar|sichtbar|nachweis\w*|nachgewiesen"
    r"|nachzuweisen|gefunden|gesehen|beobachtet|detektier\w*|vorhanden|erkennbar|bestätigt|amplified|rearranged"
    r"|rearrangiert|expressed)"
)
_ABOUT = r"(?!\s+(?:for|für|fuer|auf|bezüglich|hinsichtlich|bzgl)\b)"  # "negative for CD20" speaks of what follows
_ENDED = r"(?=\s*(?:[.,;)]|$))"
# Behind a comma such a word belongs to what follows it ("ALL, possible relapse"), unless it ends the statement.
_OWN = r"(?<!,)(?<!,\s)"
_NOUN = (
    r"(?:re-?arrangements?|fusions?|umlagerung\w*|fusion\w*|translo[ck]ation\w*|nachweis\w*|anhalt\w*|hinweis\w*|evidence|signal\w*)"
    r"(?!\s+(?:of|for|von|vom|für|fuer|auf|eine[rsnm]?|de[rsmn])\b)"
)
_SETTLED = r"(?:ausgeschlossen|excluded|ruled out|ausgeräumt|entkräftet|(?:not|nicht|n't)\s+(?:be\s+|been\s+)?(?:confirmed|bestätigt))\b"
_NOT_SEEN = (
    rf"(?:{_OWN}neg(?:ativ\w*)?\b{_ABOUT}|neg(?:ativ\w*)?\b{_ENDED}|(?:not|nicht|never|nie(?:mals)?|no longer|(?:was|were|is|are|could|has)n't)\s+(?:been\s+|be\s+|mehr\s+"
    rf"|nachweislich\s+)*{_FOUND}|absent\b|undetect\w*|non-?\s?(?:reactive|detect\w*)|nicht reaktiv|(?:within normal limits|normal|unauffällig){_ENDED}|trat(?:en)?\s+(?:\w+\s+){{0,2}}nicht auf|{_SETTLED}|none\b|nil\b|fehlt\b|fehlend\w*|n\.\s?n\.?(?=\W|$)"
    r"|(?:lag|liegt|liegen|lagen|besteht|bestand|fand(?:en)? sich|find(?:et|en) sich|zeigten? sich|ergab sich)\s+(?:\w+\s+){0,2}nicht\b"
    r"|free\b(?!\s+of)|frei\w*+(?!\s+von))"
)
_NO_SUCH = (
    rf"(?:{_OWN}(?:no|kein\w*)\s+(?:\w+\s+)?{_NOUN}|(?:not|nicht|nie(?:mals)?|never)\s+(?:achieved|erreicht|aufgetreten|occurred)"
    r"|(?:in\s+)?0(?:[.,]0+)?\s?%|(?:in\s+)?0\s*(?:of|von|/)\s*\d+)"
)
_NOT_FOUND = rf"(?:{_NOT_SEEN}|{_NO_SUCH})"
NOT_FOUND_AFTER = _words(_BETWEEN + _NOT_FOUND + r"|\s*\(\s*(?:-|neg\w*)\s*\)")
SETTLED_AFTER = _words(rf"\w*{_BETWEEN}{_SETTLED}")
FOUND_AFTER = _words(rf"{_BETWEEN}(?:(?P<sure>positiv\w*)|{_FOUND})|\s*\(\s*(?P<plus>\+)\s*\)")
CONFIRMED_AFTER = _words(rf"{_BETWEEN}(?:confirmed|bestätigt|gesichert|bewiesen|proven)\b")
ANSWERED_NO = _words(rf"\s*(?:\?|\s-|[:=])\s*(?:-\s*)?(?:no|none|nein|kein\w*|nie|never|nil)\b{_ENDED}")
ANSWERED_YES = _words(rf"\s*(?:\?|\s-|[:=])\s*(?:-\s*)?(?:yes|ja)\b{_ENDED}")
_GENE = r"(?:t?\(?[\w:-]{0,20}\d[\w():;./*-]{0,30})"
# "BCR::ABL1 and KMT2A rearrangements not detected", "t(9;22), t(4;11) and t(1;19) negative", "BCR::ABL1, KMT2A: negative"
LIST_NOT_FOUND_AFTER = _words(
    rf"[\s)]*(?:(?:\s*[,/]\s*{_GENE}){{0,12}}\s*,?\s*(?:and|or|und|oder|sowie|/)\s*{_GENE}{_BETWEEN}"
    rf"|(?:\s*[,/]\s*{_GENE}){{1,12}}\s*:\s*){_NOT_FOUND}"
)

# Somebody else's
_KIN = (
    r"(?:mother|father|brother|sister|sibling|twin|aunt|uncle|cousin|niece|nephew|(?:his|her|patient's) (?:son|daughter)"
    r"|grand(?:mother|father|parent)|mutter|vater|(?:halb|zwillings)?bruder|(?:halb|zwillings)?schwester|zwilling|geschwister|onkel"
    r"|tante|cousine|nichte|neffe|sohn|tochter|groß(?:mutter|vater)|gross(?:mutter|vater)|oma|opa)s?\b"
    # a relative may be the donor, or the one who tells
    r"(?!'?s?[\s-]+(?:donor|allo|hct|hsct|sct|bmt|transplant|stem|marrow|spende|stammzell|szt|kmt|report|state|say"
    r"|note|berichte|gibt|as (?:a )?donor|als spender|(?:is|ist|was|war) (?:an? |the |der )?(?:HLA|donor|spender|match)|HLA))"
)
_NOT_A_DONOR = (
    r"(?<!from )(?<!von )(?<!matched )(?<!hla-identical )(?<!hla identical )(?<!haploidentical )(?<!identische )(?<!identischer )"
    r"(?<!identischen )(?<!donor )(?<!with )(?<!with his )(?<!with her )(?<!mit )(?<!mit der )(?<!mit dem )"
)
_DONOR = (
    r"(?:^|[,(]|\bthe\b|\bder\b|\bdie\b)\s*(?:stem[\s-]cell\s+|unrelated\s+|sibling\s+)?(?:donor|spender(?:in)?)(?:'s)?\b"
    r"(?:\s+$|\s*(?:[:(]|\s(?:is|was|has|had|tested|ist|war|hat|hatte)\b)[\s:(]*(?:\w+\s+){0,2}$)"
)
FAMILY_BEFORE = _words(
    rf"\bfamily h(?:istory|x)|\bfhx?\b|\bFA:|\bfamilienanamnes|\bin (?:der|the) famil(?:ie|y)\b|{_NOT_A_DONOR}\b{_KIN}|{_DONOR}"
)
FAMILY_AFTER = _words(
    r"\s*(?:\(|,?\s*(?:in|of|bei|beim)\s+)(?:(?:his|her|the|a|an|patient's|der|dem|seiner|seinem|ihrer|ihrem)\s+)?"
    rf"(?:(?:maternal|paternal|older|younger|ältere\w*|jüngere\w*|\d+-jährigen?|\d+-year-old)\s+)?{_KIN}"
)

# Doubted
_EXCLUDE = r"(?:exclu\w+|rul(?:e[sd]?|ing)[ -]out|auszuschl\w+|ausschl\w+|ausgeschlossen)"
_NOT = r"(?:\bnot\b|n't\b|\bcannot\b|\bunable\b|\bnicht\b|\bkein\w*)"
_VAGUE = r"(?:definit\w+|clear|conclusive|convincing|unequivocal|certain|sicher\w*|eindeutig\w*|zweifelsfrei\w*|beweisend\w*)"
_ASSESSED = (
    r"(?:tested|done|performed|assessed|evaluated|available|evaluable|interpretable|assessable|determined|informative|untersucht"
    r"|durchgeführt|beurteilbar|auswertbar|bestimmt|bestimmbar|gesichert|getestet|completed|abgeschlossen|verfügbar|sicher|eindeutig|bewertbar)"
)
HYPOTHETICAL_BEFORE = _words(
    r"\bif\b|\bfalls\b|\bsofern\b|\bwenn\b|\bwhether\b|\bob\b|\bin (?:the )?(?:case|event) of\b|\bim falle?\b|\bunless\b|\buntil\b"
    r"|\bbis zu[mr]?\b|\bshould\s+(?:an?\s+|the\s+)?$|\bsollten?\s+(?:\w+\s+){0,3}$|\bbei\s+(?:nachweis|bestätigung|vorliegen|positive[mnr]?|auftreten|verdacht)\b"
    # a risk, or what is to be prevented
    r"|\b(?:at )?risks? (?:of|for)\b|\b(?:therapie)?ziel\b|\bgoal\b|\brisiko (?:für|eine[rs]?|auf)\b|\bto (?:prevent|avoid)\b|\bprevent(?:ion|ing)\b|\bprophyla\w+\s+(?:for|of|against|gegen|der|von)\b"
    r"|\bzur (?:vermeidung|vorbeugung)\b"
)
ASKED_BEFORE = _words(
    r"\br/o\b|\brule[- ]out\b|\bto (?:exclude|rule out)\b|\bzum ausschlu|\bz\.\s?a\.|\bquery\b|\bfrage(?:stellung)?\b(?:\s+nach\b)?|\bbitte um\b"
    r"|\b(?:evaluat\w+|assess\w*|work-?up|screen\w*|monitor\w*|surveillance|check\w*|test(?:s|ed|ing)?|look(?:ed|ing)?|search\w*|watch\w*)\s+(?:for|auf)\b"
    r"|\bin case of\b"
)
DOUBT_BEFORE = _words(
    rf"{_NOT}\s+(?:\w+\s+){{0,3}}?{_EXCLUDE}|\b(?:no|without|kein\w*|ohne)\s+{_VAGUE}\b|\bpossib\w+|\bsuspect\w*|\bsuspici\w+|\bsusp\b"
    r"|\?\s*$|\bverdacht\w*|\bverdächt\w+|\bsuspekt\w*|\bv\.\s?a\.|\bva\.?\s|\bvd\.?\s|\bverd\.\s|\bfraglich\w*|\bdifferen[tz]ial\s?diagnos\w*"
    r"|\bddx?\b|\bprobabl\w+|\b(?:un)?likely\b|\bwahrscheinlich\w*|\bm(?:ö|oe)glich\w*|\bvermutlich\w*|\bmutma(?:ß|ss)lich\w*|\bevtl\b"
    r"|\beventuell\w*|\bequivocal\b|\bindetermin\w+|\bconcern(?:ing|ed)?\s+for\b|\bworrisome\b|\bquestionabl\w+|\bpresum\w+|\bputative\b"
    r"|\bfavou?r(?:s|ed|ing)?\b|\bam ehesten\b|\b(?:may|might|could)\s+(?:well\s+)?(?:be|represent|reflect|indicate|have)\b"
    r"|\b(?:working|provisional) diagnos\w+|\barbeitsdiagnose|\bsuggest(?:ive|s|ing)\b|\bcompatible with\b|\bvereinbar mit\b"
    r"|\bhinweis\w*\s+(?:auf|für)\b|\bnot diagnostic of\b|\bnicht (?:beweisend|diagnostisch|gegen)\b|\b(?:vs\.?|versus)\s*$"
)
NO_DOUBT_BEFORE = _words(
    rf"\b(?:no|without|kein\w*|ohne)\s+(?!{_VAGUE}\b)(?:\w+\s+)?(?:suspicion|suspected|verdacht\w*|hinweis\w*|anhalt\w*)"
    r"|\b(?:not|nicht)\s+(?:\w+\s+)?(?:suggestive|suspicious|suggesting|indicative|consistent|compatible|verdächtig|suspekt|vereinbar)"
)
_DOUBTFUL = (
    r"(?:suspected|fraglich\w*|possible|indetermin\w*|equivocal|inconclusive|uncertain|unclear|unklar|verdächtig|unknown|unbekannt"
    r"|(?:considered |thought |eher |sehr )?(?:(?:un)?likely|(?:un)?wahrscheinlich))"
)
DOUBT_AFTER = _words(
    rf"\s*\(\s*\?|\w{{0,3}}(?:verdacht|verdächtig)\w*|{_BETWEEN}(?:(?:{_NOT}|\bcan not\b)\s+(?:\w+\s+){{0,3}}?{_EXCLUDE}|{_OWN}{_DOUBTFUL}"
    rf"|{_DOUBTFUL}{_ENDED}|(?:noch )?(?:not|nicht)\s+(?:yet\s+|be\s+|been\s+)?{_ASSESSED}|excluded with certainty"
    r"|(?:confirmation\s+)?pending|awaited|to follow|ausstehend|steht (?:noch )?aus|folgt|n/a\b|not applicable|entfällt"
    r"|(?:quantity )?(?:not sufficient|insufficient)|qns\b|_{2,}|vs\b|versus\b)"
)
QUESTION_AFTER = _words(
    rf"{_BETWEEN}(?:positiv\w*|negativ\w*|pos|neg|detected|present|excluded|nachweisbar|ausgeschlossen)?\s?\?"
)
# A risk, a prevention, a search: not the thing itself
AROUND_AFTER = _words(
    r"\w{0,3}(?:[\s-]*(?:risk\b|risiko|prophyla|prevention\b|screening|surveillance)|diagnostik|überwachung|kontrolle)"
)
# "Hochrisiko" names a group and fears nothing.
AROUND_WITHIN = _words(r"(?:verdacht|verdächtig|(?<!hoch)(?<!niedrig)(?<!standard)risiko|prophyla|screening)\w*$")
FREE_WITHIN = _words(r"(?:frei|free)\w*$")

# Denied
NEGATED_BEFORE = _words(
    r"\bno\b(?!\.?\s*\d)|\b(?:not|without|denie[sd]|never|neither|nor|none|lack(?:s|ing)?|free of|frei von|absen(?:ce|t)|rule[sd] out|exclud\w+"
    r"|negativ\w*|undetect\w*|kein\w*|ohne|nicht|nie|niemals|weder|fehlt|fehlen\w*|verneint|ausschlu(?:ss|ß)|ausgeschlossen"
    r"|fail(?:ed|s) to|argues? against|spr(?:icht|echen) gegen|0\s?(?:of|von|/)\s?\d+|normal (?:study )?for|unauffällig (?:für|bezüglich|hinsichtlich))\b|(?<![\d.,])0(?:[.,]0+)?\s?%|n't\b|\bo\.\s?a\.|\bnon[- ]?$"
)
# Not denials of what follows: "not only", "no doubt", "no change in", "asparaginase not given: ..."
NO_DENIAL = _words(
    r"\b(?:not only|nicht nur|no doubt|kein\w* zweifel|not otherwise specified"
    r"|(?:no|without|kein\w*|ohne)\s+(?:\w+\s+)?(?:changes?|alterations?|\w*änderung\w*|\w*veränderung\w*)"
    r"|not\s+(?:\w+\s+)?(?:tolerat\w+|given|administered|receiv\w+|eligible)|nicht\s+(?:vertragen|gegeben|verabreicht|geeignet|appliziert))\b"
)
# A denial behind its own finding ("KMT2A negative, ...") is spent: it says nothing of the next one.
SPENT = _words(
    rf"(?<=[\w)\]:])\s*[-:=]?\s*(?:(?:is|was|were|are|ist|war|wurden?|sind|konnten?)\s+)*(?:{_NOT_SEEN}(?!\s*:)|{_NO_SUCH}(?=\s*[.,;)]))"
    r"|[:?]\s*(?:no|nein|none|kein\w*)(?=\s*[.,;)])"
)
ADJACENT = _words(r"(?<!-)(?<!MRD )\b(?:negativ\w*|absent)\s+$")
# Where what was denied or doubted ends, and a cause, a time or an exception begins
REACH_ENDS = _words(
    r"(?<=[\w,]\s)positiv\w*\s+(?:for|für)\b|\b(?:because|due to|owing to|secondary to|after|(?<!the )following|since|despite|except|apart from|other than|besides|aside from"
    r"|wegen|auf\s?grund|infolge|nach|seit|trotz|außer|ausser|bis auf|abgesehen von|in (?:an?|this|the) (?:[\w-]+\s){0,3}?patient\w*"
    r"|bei[mr]?(?!\s+(?:de[rmn]\s+|einer?\s+)?(?:\w+-)?(?:untersuch|analy|fish|pcr|testung)))\b"
)
REACHES_ON = _words(r"\b(?:auf|für|fuer)\s+(?:\w+\s+){0,2}$")
NEXT_ITEM = _words(r",|\band\b|\bund\b")
SAME_LIST = _words(r"\b(?:or|oder|nor|noch)\b")
_EXCLUDES = r"\bschlie(?:ß|ss)(?:t|en)\b"
RULES_OUT_BEFORE = _words(rf"{_EXCLUDES}[^,;]*$")
RULES_OUT_AFTER = _words(r"(?P<words>[^,;.]{0,60}?)\baus\b")
HEDGED = _words(r"\b(?:nicht|weitgehend|fast|nahezu|kaum|weitestgehend)\b")

# Of the past
HISTORY_BEFORE = _words(
    r"\bhistory of\b(?! present)|\bpast (?:\w+ )?history\b|\bpmhx?\b|\bhx\b|\bh/o\b|\bz\.\s?n\.?|\bzn\b|\bzust(?:and|\.)\s?n(?:ach|\.)"
    r"|\banamnestisch|\bstatus post\b|\bstatus nach\b|\bs/p\b|\bst\.?\s?[pn]\.|\bsurvivor|\büberlebende\w*|\bvorerkrankung\w*"
    r"|\bvorgeschichte\b|\bvorbefund\w*|\bprevious (?:report|result|sample)s?\b"
    r"|\bpreviously\b(?!\s+(?:un)?(?:treated|diagnosed|healthy|known|fit))[^,]*$"
    r"|\b(?:prior|previous|abgelaufene\w?|stattgehabte\w?|resolved|resolution of(?: the)?|als kind|frühere[nrs]?|früher(?!\s+(?:rück|t-)))"
    r"\s+(?!to\b)(?:[\w-]+\s+)?$"
)
HISTORY_ENDS = _words(r"\b(?:for|due to|because of|wegen|bei|auf\s?grund|infolge)\b")
HISTORY_AFTER = _words(
    rf"\s*\(?(?:in the past\b|in der vorgeschichte|in der anamnese|survivor|anamnestisch|cured|geheilt|resolved|abgeklungen)|{_BETWEEN}(?:resolved|cured|geheilt|abgeklungen|ausgeheilt|abgeheilt)\b|[^.;]{{0,30}}\b(?:has|have|hat sich)\s+(?:\w+\s+)?(?:resolved|zurückgebildet)\b"
)
