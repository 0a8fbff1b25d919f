"""The specimen of a result, where it came as a resource of its own: what it is and when it was taken.

A result that only refers to a Specimen (contained or beside it) gets the words of that Specimen as ``specimen.display``,
so that readers find marrow, blood or CSF in one place. A result without an effective time takes that of the collection:
when the sample was taken counts, not when the report was issued.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.record.values import as_dict, as_list, as_text, codings_of, concept_text
from service.record.whose import id_of, reference_in, type_and_id

_EFFECTIVE = ("effectiveDateTime", "effectivePeriod", "effectiveInstant")
# Specimen codes that often come without a display: SNOMED CT, and HL7 v2 table 0487.
_WORDS = {
    "119359002": "bone marrow", "396997002": "bone marrow aspirate", "14016003": "bone marrow", "MAR": "bone marrow",
    "119297000": "blood", "122555007": "venous blood", "258580003": "whole blood", "87612001": "blood", "BLD": "blood",
    "258450006": "cerebrospinal fluid", "CSF": "cerebrospinal fluid",
}  # fmt: skip


class Specimens:
    """The Specimen resources of one record, by what results may refer to them with."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}

    def add(self, full_url: str | None, resource: Mapping[str, Any]) -> None:
        """A Specimen that results of the record may refer to."""
        if id_of(resource):
            self._known[f"Specimen/{id_of(resource)}"] = resource
        if as_text(full_url):
            self._known[as_text(full_url)] = resource

    def joined(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        """A result with the words and the time of its specimens; as it was where there is none to be found."""
        links = as_list(resource.get("specimen"))
        found = [specimen for link in links if (specimen := self._of(resource, reference_in(link))) is not None]
        if not found:
            return resource
        made = dict(resource)
        words = " | ".join(dict.fromkeys(filter(None, (specimen_words(specimen) for specimen in found))))
        if words and not any(as_text(as_dict(link).get("display")) for link in links):
            made["specimen"] = [
                {**as_dict(links[0]), "reference": reference_in(links[0]), "display": words},
                *links[1:],
            ]
        if not any(resource.get(name) for name in _EFFECTIVE):
            collection = as_dict(found[0].get("collection"))
            for taken, name in (("collectedDateTime", "effectiveDateTime"), ("collectedPeriod", "effectivePeriod")):
                if collection.get(taken):
                    made[name] = collection[taken]
        return made

    def _of(self, resource: Mapping[str, Any], target: str) -> Mapping[str, Any] | None:
        if target.startswith("#"):
            inner = (as_dict(raw) for raw in as_list(resource.get("contained")))
            return next((raw for raw in inner if id_of(raw).removeprefix("#") == target[1:]), None)
        found = self._known.get(target)
        return found if found is not None or not target else self._known.get("/".join(type_and_id(target)))


def specimen_words(specimen: Mapping[str, Any]) -> str:
    """What a Specimen is of, in words: its type, the site it was taken from, or what its code stands for."""
    site = as_dict(specimen.get("collection")).get("bodySite")
    said = [concept_text(specimen.get("type")), concept_text(site)]
    said += [_WORDS.get(code, "") for element in (specimen.get("type"), site) for _, code in codings_of(element)]
    return " | ".join(dict.fromkeys(part for part in said if part))
