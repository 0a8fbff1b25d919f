"""What each page shows of a case. A view is pure: it takes a case and gives values for its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from service.smart.case import Case
from service.smart.words import Language


class NothingThere(LookupError):
    """The address names something that there is not; the page says so, with status 404. ``what``: for people, in
    their language."""

    def __init__(self, what: str):
        self.what = what
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a view. ``form``: the fields of a form that was sent. ``query``: what the address says after the
    question mark; never anything of a patient. ``part``: what the address names below the
    view, such as the id of a rule. ``card``: uuid of the card that the session came from; ``told``: how it came about."""

    language: Language
    form: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    card: str = ""
    told: tuple[object, ...] = ()
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """What the address says once under a name; empty where it says nothing."""
        return next(iter(self.query.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class View:
    """One page of a chart. ``title``: English; ``listed``: whether the navigation names it."""

    name: str
    title: str
    template: str
    build: Callable[[Case, Asked], Mapping[str, object]]
    listed: bool = True
