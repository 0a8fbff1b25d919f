"""Which treatments there are, from when, and which a synthetic patient gets first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Any

import yaml

from service.population.synthesis.disease import Disease
from service.population.synthesis.person import Person

TKIS = ("imatinib", "dasatinib", "ponatinib", "bosutinib", "nilotinib")
CAR_T = ("tisagenlecleucel", "brexucabtagene autoleucel", "obecabtagene autoleucel")


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase of a regimen. ``drugs``: with the route where it is not the usual one."""

    name: str
    days: int
    drugs: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    text = resources.files("service.population.synthesis").joinpath("regimens.yaml").read_text("utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


@lru_cache(maxsize=64)
def stages(regimen: str) -> tuple[Stage, ...]:
    """The phases of a first-line regimen in their order."""
    return tuple(Stage(name, days, _routed(drugs)) for name, days, drugs in _data()["regimens"][regimen])


@lru_cache(maxsize=64)
def salvage(regimen: str) -> tuple[tuple[str, str], ...]:
    """The drugs of a block after relapse, with their routes."""
    return _routed(_data()["salvage"][regimen])


def approved(drug: str) -> date:
    """The first day a drug may be given; of drugs older than the cohort the first day there is."""
    row = _data()["approved"].get(drug)
    return row["day"] if row else date.min


def used_from(use: str) -> date:
    """The first day of a further use of blinatumomab: ph-positive, mrd, consolidation."""
    day: date = _data()["uses"][use]["day"]
    return day


def _routed(drugs: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((drug.removesuffix(" it"), "intrathecal" if drug.endswith(" it") else "") for drug in drugs)


def first_line(rng: Random, person: Person, disease: Disease) -> str:
    """The first regimen, as the guidelines of the day list them for the age and lineage."""
    year, years = person.diagnosed.year, person.age_on(person.diagnosed)
    if disease.ph_positive:
        if person.setting == "pediatric-oncology":
            return rng.choice(("AALL0622", "EsPhALL"))
        return "TKI with prednisone" if years >= 60 or (year >= 2021 and rng.random() < 0.4) else "hyper-CVAD"
    if person.group == "infant":
        return "Interfant-06"
    if person.setting == "pediatric-oncology":
        return _pediatric(disease, years, year)
    if years < 40:
        return "CALGB 10403" if rng.random() < 0.7 else "hyper-CVAD"
    if years < 65:
        if disease.lineage == "B" and year >= 2019 and rng.random() < 0.5:
            return "ECOG 1910"
        return rng.choice(("hyper-CVAD", "CALGB 8811"))
    return rng.choice(("GMALL", "mini-hyper-CVD"))


def _pediatric(disease: Disease, years: int, year: int) -> str:
    if disease.lineage == "T":
        return "AALL0434" if year < 2015 else "AALL1231"
    standard = 1 <= years < 10 and disease.wbc < 50  # NCI
    if standard:
        return "AALL0932" if year < 2019 else "AALL1731"
    return "AALL1131" if year < 2019 else "AALL1732"


def first_tki(rng: Random, person: Person) -> str:
    """The TKI of the first treatment."""
    day = person.diagnosed
    if person.setting == "adult-oncology" and day.year >= 2018 and rng.random() < 0.35:
        return "ponatinib"
    return "imatinib" if rng.random() < (0.5 if day.year < 2016 else 0.25) else "dasatinib"
