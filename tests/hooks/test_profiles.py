"""Client profiles: what each kind of client gets, with real answers of example patients."""

from __future__ import annotations

import json
from functools import cache
from html import unescape
from typing import Any

import pytest
from markdown_it import MarkdownIt

from fhir_examples.request import day_of
from service.advice.words import escape
from service.hooks.profiles import Profile, ProfileChoice, Shaped, profiles, shape
from service.settings import Settings, SettingsError
from tests.apps import client_of
from tests.hooks.support import CARD, Recorder, app_of, body, post
from tests.test_hooks import CONTEXT, NEW, collection, order, request

RELAPSED = "relapsed-ph-positive-t315i"
VINCRISTINE = {"draftOrders": collection(order(NEW, "vincristine 2 mg intrathecal", status="draft"))}


@cache
def answer(profile: str, name: str = RELAPSED, hook: str = "patient-view", hosts: tuple[str, ...] = ()) -> Any:
    """What the whole service answers for an example patient under a profile."""
    client = client_of(Settings(as_of=day_of(name), profile=profile, link_hosts=hosts))
    context = VINCRISTINE if hook in ("order-sign", "order-select") else {}
    found = client.post(f"/cds-services/allcue-{hook}", json=request(name, hook, context))
    assert found.status_code == 200, found.data
    return found.json


@cache
def discovery(profile: str) -> Any:
    return client_of(Settings(profile=profile)).get("/cds-services").json["services"]


def words(value: Any) -> set[str]:
    """Every word of the details, whatever the Markdown around it."""
    text = " ".join(card["detail"] for card in value["cards"])
    return set(text.replace("*", " ").replace("-", " ").replace("&lt;", "<").split())


def test_there_are_the_profiles() -> None:
    assert list(profiles()) == ["3.0", "strict-2.0", "sandbox", "inferno-crd", "epic-like", "oracle-like"]
    assert all(profile.about for profile in profiles().values())


@pytest.mark.parametrize("name", list(profiles()))
@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_no_profile_changes_what_is_said(name: str, hook: str) -> None:
    """Whatever the shape: the same cards with the same words, urgency, reasons and suggestions."""
    plain, found = answer("3.0", NEW, hook), answer(name, NEW, hook)
    assert plain["cards"]
    for kept in ("uuid", "summary", "indicator", "overrideReasons", "selectionBehavior"):
        assert [card.get(kept) for card in found["cards"]] == [card.get(kept) for card in plain["cards"]]
    labels = [[row["label"] for row in card.get("suggestions", ())] for card in plain["cards"]]
    assert [[row["label"] for row in card.get("suggestions", ())] for card in found["cards"]] == labels
    assert words(found) == words(plain)


def test_the_default_is_what_the_engine_says() -> None:
    plain = post(app_of(Recorder({"cards": [CARD]})), body()).json
    assert plain == {"cards": [CARD]}
    assert Settings().profile == "3.0"
    assert all(service["version"] == "3.0.0" and service["hookVersion"] for service in discovery("3.0"))


def test_strict_2_0_has_nothing_of_later_versions() -> None:
    known = {"hook", "title", "description", "id", "prefetch", "usageRequirements"}
    assert all(set(service) == known for service in discovery("strict-2.0"))
    assert len(discovery("strict-2.0")) == len(discovery("3.0"))
    card = {**CARD, "suggestions": [{"label": "x", "actionSelectionBehavior": "any"}], "selectionBehavior": "any"}
    found = shape(profiles()["strict-2.0"], "patient-view", {"cards": [card]})
    assert found["cards"][0]["suggestions"] == [{"label": "x"}]
    assert "systemActions" not in answer("strict-2.0", NEW, "order-sign")


@pytest.mark.parametrize("hook", sorted(CONTEXT))
def test_system_actions_stand_where_the_profile_says(hook: str) -> None:
    """The Inferno suite wants the array at three hooks; the specification wants no empty arrays anywhere."""
    wanted = hook in ("order-sign", "order-dispatch", "appointment-book")
    assert (answer("inferno-crd", NEW, hook).get("systemActions") == []) == wanted
    assert "systemActions" not in answer("3.0", NEW, hook)


def test_inferno_finds_a_topic_on_every_card() -> None:
    for hook in ("patient-view", "order-sign"):
        for card in answer("inferno-crd", NEW, hook)["cards"]:
            assert card["source"]["topic"]["code"]
            assert card["source"]["topic"]["system"]
    (bare,) = shape(profiles()["inferno-crd"], "patient-view", {"cards": [CARD]})["cards"]
    assert bare["source"]["topic"]["code"] == "guideline"
    own = {**CARD, "source": {"label": "x", "topic": {"system": "s", "code": "c"}}}
    (kept,) = shape(profiles()["inferno-crd"], "patient-view", {"cards": [own]})["cards"]
    assert kept["source"]["topic"] == {"system": "s", "code": "c"}


def test_the_sandbox_gets_no_html_and_the_medication_first() -> None:
    change = {"type": "create", "description": "x", "resource": {"resourceType": "MedicationRequest"}}
    test = {"type": "create", "description": "x", "resource": {"resourceType": "ServiceRequest"}}
    gone = {"type": "delete", "description": "x", "resourceId": "MedicationRequest/1"}
    rows = [{"label": "x", "actions": [gone, test, change]}]
    card = {**CARD, "detail": "<img src=x> ANC < 500 <b>", "suggestions": rows, "selectionBehavior": "any"}
    (found,) = shape(profiles()["sandbox"], "order-sign", {"cards": [card]})["cards"]
    assert found["suggestions"][0]["actions"] == [change, gone, test]
    assert found["detail"] == "&lt;img src=x> ANC < 500 &lt;b>"
    assert card["detail"].startswith("<img")
    assert rows[0]["actions"] == [gone, test, change]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (r"dasatinib \<b\> 5", r"dasatinib &lt;b\> 5"),
        (r"two \\<b>", r"two \\&lt;b>"),
        (r"three \\\<b>", r"three \\&lt;b>"),
        ("</script><!-- <?x", "&lt;/script>&lt;!-- &lt;?x"),
        (r"ANC < 500, \< 5, <", r"ANC < 500, \< 5, <"),
    ],
)
def test_an_escaped_tag_is_not_escaped_twice(written: str, sent: str) -> None:
    """In Markdown a backslash before the entity would show it letter by letter (CommonMark 2.4, 2.5)."""
    (found,) = shape(profiles()["sandbox"], "patient-view", {"cards": [{**CARD, "detail": written}]})["cards"]
    assert found["detail"] == sent


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "\\<b>x\\</b>", "\\\\<b>x", "\\\\\\<b>x", "a < b", "<!-- x -->", "&lt;b&gt;"]
)
def test_escaped_html_is_read_as_it_was_written(text: str) -> None:
    """A text of the record, as the cards quote it, rendered: no element, and the same characters again."""
    card = {**CARD, "detail": escape(text)}
    (found,) = shape(profiles()["sandbox"], "patient-view", {"cards": [card]})["cards"]
    rendered = MarkdownIt("commonmark", {"html": True}).render(found["detail"])
    inner = rendered.strip().removeprefix("<p>").removesuffix("</p>")
    assert "<" not in inner
    assert unescape(inner) == text


def test_epic_like_is_offered_the_chart_and_orders() -> None:
    hooks = [service["hook"] for service in discovery("epic-like")]
    assert hooks == ["patient-view", "order-select", "order-sign"]
    assert any("extension" in card for card in answer("3.0", NEW, "order-sign")["cards"])
    assert not any("extension" in card for card in answer("epic-like", NEW, "order-sign")["cards"])


def test_oracle_like_is_offered_the_chart_in_a_narrow_column() -> None:
    assert [service["hook"] for service in discovery("oracle-like")] == ["patient-view"]
    plain, found = answer("3.0"), answer("oracle-like")
    assert any("\n  - " in card["detail"] for card in plain["cards"])
    for card in found["cards"]:
        assert not any(line[:1] in " |#" for line in card["detail"].splitlines() if line)
        assert "links" not in card
        assert "url" not in card["source"]


def test_links_of_oracle_like_lead_to_registered_hosts() -> None:
    urls = {link["url"] for card in answer("3.0")["cards"] for link in card["links"]}
    assert urls == {"https://www.nccn.org/", "https://jnccn.org/"}
    found = answer("oracle-like", hosts=("nccn.org",))["cards"]
    assert {link["url"] for card in found for link in card.get("links", ())} == {"https://www.nccn.org/"}
    assert {card["source"].get("url") for card in found} == {None, "https://www.nccn.org/"}
    (none,) = shape(
        profiles()["oracle-like"].model_copy(update={"link_hosts": ("cn.org",)}),
        "patient-view",
        {"cards": [{**CARD, "links": [{"label": "x", "url": "https://nccn.org/", "type": "absolute"}]}]},
    )["cards"]
    assert "links" not in none


def test_oracle_like_gets_no_app_context() -> None:
    link = {"label": "App", "url": "https://app.example.org/launch", "type": "smart", "appContext": "x"}
    profile = profiles()["oracle-like"].model_copy(update={"link_hosts": ("app.example.org",)})
    (found,) = shape(profile, "patient-view", {"cards": [{**CARD, "links": [link]}]})["cards"]
    assert found["links"] == [{name: value for name, value in link.items() if name != "appContext"}]


def test_a_client_gets_its_own_profile() -> None:
    choice = ProfileChoice("strict-2.0", ["app.example.org"])
    assert choice.named("oracle-like").name == "oracle-like"
    assert choice.named("oracle-like").link_hosts == ("app.example.org",)
    assert choice.named(None).name == "strict-2.0"


def test_a_profile_that_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"no such profile: 'orcale-like'\. Allowed: 3\.0, strict-2\.0"):
        ProfileChoice("orcale-like")
    with pytest.raises(SettingsError, match=r"ALLCUE_PROFILE='4\.0': must be one of 3\.0, strict-2\.0"):
        Settings.from_env({"ALLCUE_PROFILE": "4.0"})
    with pytest.raises(SettingsError, match="ALLCUE_LINK_HOSTS"):
        Settings.from_env({"ALLCUE_LINK_HOSTS": "https://nccn.org"})


def test_settings_choose_the_profile() -> None:
    found = Settings.from_env({"ALLCUE_PROFILE": "oracle-like", "ALLCUE_LINK_HOSTS": "NCCN.org, jnccn.org"})
    assert (found.profile, found.link_hosts) == ("oracle-like", ("nccn.org", "jnccn.org"))


@pytest.mark.parametrize(
    "wrong", [{"without": ["extension"]}, {"empty_system_actions_on": ["order-sing"]}, {"links": "some"}, {"more": 1}]
)
def test_a_profile_that_says_nothing_sensible_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        Profile(name="x", answer=Shaped(**wrong))


@pytest.mark.parametrize("name", list(profiles()))
def test_shaping_leaves_the_answer_alone(name: str) -> None:
    before = answer("3.0", NEW, "order-sign")
    text = json.dumps(before)
    shape(profiles()[name], "order-sign", before)
    assert json.dumps(before) == text
