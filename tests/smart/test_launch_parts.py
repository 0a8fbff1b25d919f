"""The registrations file, what servers say, scopes and tokens: part by part."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.app import create_app
from service.hooks.trust.sign import new_key
from service.listing import ListProblems
from service.settings import Settings, SettingsError
from service.smart.launch.keys import UnusableKey, signing_key
from service.smart.launch.pending import Pending, cookie_name, pending_of, sealed
from service.smart.launch.registrations import Registration, Registrations, read_registrations
from service.smart.launch.request import authorize_url, challenge, new_secret, scopes
from service.smart.launch.server import Configuration, Configurations, configuration_of
from service.smart.launch.token import card_of, granted
from service.smart.ports import CannotShow, Reply
from service.smart.session import Seal

ISS = "https://fhir.example.org/r4"
GOOD = {"iss": ISS, "client_id": "allcue"}
SERVER = Configuration("https://auth.example.org/authorize", "https://auth.example.org/token")


def written(folder: Path, *servers: Any) -> Path:
    path = folder / "smart.yaml"
    path.write_text(yaml.safe_dump({"servers": list(servers)}, sort_keys=False))
    return path


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem(ec.generate_private_key(ec.SECP384R1())))
    (tmp_path / "secret").write_text("s3cret\n")
    path = written(
        tmp_path,
        {**GOOD, "label": "City Hospital", "extra_scopes": ["launch/encounter"], "tenant": "one"},
        {"iss": "https://b.example.org/", "client_id": "x", "authentication": "client_secret_basic", "secret_file": "secret"},
        {"iss": "https://c.example.org", "client_id": "x", "authentication": "client_secret_basic", "secret_env": "THE_SECRET"},
        {"iss": "https://d.example.org", "client_id": "x", "authentication": "private_key_jwt", "key_file": "key.pem", "kid": "k"},
        {"iss": "http://127.0.0.1:8182/fhir/R4", "client_id": "x"},
    )  # fmt: skip
    found = read_registrations(path, {"THE_SECRET": "from-the-environment"})
    assert [one.registration.name for one in found][:2] == ["City Hospital", "https://b.example.org"]
    assert [one.secret for one in found] == ["", "s3cret", "from-the-environment", "", ""]
    key = list(found)[3].key
    assert key is not None
    assert (key.kid, key.algorithm) == ("k", "ES384")
    for shown in (repr(list(found)), repr(key), str(vars(found))):
        assert "s3cret" not in shown
        assert "PRIVATE" not in shown
    assert found.find(f"{ISS}/") is next(iter(found))
    assert found.find("https://FHIR.example.org:443/r4") is next(iter(found))
    assert found.find("https://fhir.example.org/R4") is None
    assert found.at(4) is list(found)[4]
    assert (found.at(5), found.at(-1)) == (None, None)


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("""servers:
  - iss: http://fhir.example.org/r4
    client_id: allcue
  - iss: https://b.example.org
    client: allcue
  - iss: https://c.example.org
    client_id: allcue
    authentication: client_secret_post
  - iss: https://d.example.org
    client_id: allcue
    authentication: client_secret_basic
  - iss: https://e.example.org
    client_id: allcue
    authentication: private_key_jwt
    key_file: none.pem
  - iss: https://f.example.org
    client_id: allcue
    secret_env: X
  - iss: https://g.example.org
    client_id: allcue
    authentication: client_secret_basic
    secret_env: ALLCUE_SECRET
  - iss: https://h.example.org
    client_id: allcue
    scopes: ["a b"]
  - iss: https://h.example.org/
    client_id: other
  - iss: https://i.example.org
    client_id: allcue
    authentication: client_secret_basic
    secret_env: NOT_SET
""")
    with pytest.raises(ListProblems) as caught:
        read_registrations(path, {})
    told = caught.value.problems
    expected = [
        (2, "servers[0].iss: ", "is not an https address (http only on this machine)"),
        (4, "servers[1].client_id: ", "is missing"),
        (5, "servers[1].client: ", "no such key. Allowed: iss, client_id"),
        (8, "servers[2].authentication: ", "Allowed: 'none', 'client_secret_basic' or 'private_key_jwt'"),
        (9, "servers[3]: ", "needs its secret. Allowed: one of secret_file and secret_env"),
        (15, "servers[4].key_file: ", "cannot be read: No such file"),
        (16, "servers[5]: ", "secret_env does not go with authentication none"),
        (22, "servers[6].secret_env: ", "not beginning with ALLCUE_"),
        (25, "servers[7].scopes[0]: ", "is not allowed. Allowed: a scope of printable ASCII"),
        (31, "servers[9].secret_env: ", "holds no secret"),
    ]
    for line, place, words in expected:
        assert [one for one in told if one.startswith(f"{path}:{line}: {place}") and words in one], (line, place, told)
    assert len(told) == len(expected)


def test_a_server_is_registered_once(tmp_path: Path) -> None:
    with pytest.raises(ListProblems, match=r"servers\[1\].iss: .* is the server of servers\[0\] too"):
        read_registrations(written(tmp_path, GOOD, {**GOOD, "iss": f"{ISS}/"}))


@pytest.mark.parametrize("text", ["", "[]", "servers: []", "clients: []", "servers: [", "servers: {}"])
def test_files_that_are_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(ListProblems, match=r"s\.yaml"):
        read_registrations(tmp_path / "s.yaml")


def test_where_nothing_is_registered_only_this_machine_may_launch() -> None:
    local = Registrations(open_loopback=True)
    for iss in ("http://localhost:8080/fhir", "http://127.0.0.1/fhir", "http://[::1]:9/fhir"):
        found = local.find(iss)
        assert found is not None
        assert (found.registration.client_id, found.registration.authentication) == ("allcue", "none")
    for iss in ("https://ehr.example.org", "http://10.0.0.1/fhir", "http://127.0.0.1.example.org", "", "x", "http://"):
        assert local.find(iss) is None
    assert Registrations().find("http://localhost:8080/fhir") is None


SMART: dict[str, Any] = {"public_base_url": "https://cds.example.org", "site_secret": "s" * 32, "open_mode": True}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({**SMART, "public_base_url": ""}, "needs ALLCUE_PUBLIC_BASE_URL"),
        ({**SMART, "site_secret": ""}, "needs ALLCUE_SITE_SECRET"),
        ({**SMART, "site_secret": "", "public_base_url": ""}, "ALLCUE_PUBLIC_BASE_URL .* and ALLCUE_SITE_SECRET"),
        ({**SMART, "public_base_url": "http://cds.example.org"}, "needs an https address"),
        ({"public_base_url": "http://cds.example.org"}, "needs an https address"),
    ],
)
def test_beyond_this_machine_a_smart_file_needs_address_and_secret(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=words):
        create_app(Settings(database_url="", smart_file=written(tmp_path, GOOD), **settings))


def test_a_bad_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"ALLCUE_SMART_FILE has 1 problems\n.*:2: servers\[0\].client_id: is missing"
    ):
        create_app(Settings(database_url="", smart_file=written(tmp_path, {"iss": ISS})))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("https://ehr.example.org", ("https://ehr.example.org",)),
        ("https://*.example.org, https://b.example.org:8443/", ("https://*.example.org", "https://b.example.org:8443")),
        ("http://localhost:3000", ("http://localhost:3000",)),
    ],
)
def test_frames(value: str, found: tuple[str, ...]) -> None:
    assert Settings.from_env({"ALLCUE_SMART_FRAMES": value}).smart_frames == found


@pytest.mark.parametrize(
    "value", ["*", "https://*", "http://ehr.example.org", "https://a.example.org;script-src", "'none'", "https://a/b"]
)
def test_frames_that_are_none(value: str) -> None:
    with pytest.raises(SettingsError, match="must be origins"):
        Settings.from_env({"ALLCUE_SMART_FRAMES": value})


def test_keys_that_sign() -> None:
    for private, algorithm in (
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (rsa.generate_private_key(65537, 2048), "RS384"),
    ):
        key = signing_key(pem(private), "k1")
        token = key.assertion("allcue", SERVER.token, now=1_900_000_000)
        header = jwt.get_unverified_header(token)
        assert header == {"alg": algorithm, "kid": "k1", "typ": "JWT"}
        claims = jwt.decode(
            token,
            jwt.PyJWK.from_dict(key.public).key,
            [algorithm],
            audience=SERVER.token,
            options={"verify_iat": False},
        )
        assert (claims["iss"], claims["sub"], claims["exp"] - claims["iat"]) == ("allcue", "allcue", 240)
        assert not {"d", "p", "q"} & key.public.keys()
        assert claims["jti"] not in key.assertion("allcue", SERVER.token)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no private key"),
        ("{", "no private key"),
        ('{"kty": "oct", "k": "c2VjcmV0"}', "no private key"),
        (json.dumps(new_key("ES256")), "of a kind that SMART does not name"),
        (pem(rsa.generate_private_key(65537, 1024)), "of a kind that SMART does not name"),
        (json.dumps({name: value for name, value in new_key("ES384").items() if name != "d"}), "of a kind"),
    ],
)
def test_keys_that_do_not(text: str, words: str) -> None:
    with pytest.raises(UnusableKey, match=words):
        signing_key(text, "k")


def test_a_key_needs_a_name() -> None:
    with pytest.raises(UnusableKey, match="has no kid"):
        signing_key(pem(ec.generate_private_key(ec.SECP384R1())), None)
    assert signing_key(json.dumps(new_key("RS384", "own")), None).kid == "own"
    assert signing_key(json.dumps(new_key("RS384", "own")), "other").kid == "other"


ABOUT = {
    "authorization_endpoint": "https://auth.example.org/authorize",
    "token_endpoint": "https://auth.example.org/token",
    "code_challenge_methods_supported": ["S256"],
    "capabilities": ["permission-v2"],
}


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({}, False),
        ({"capabilities": ["permission-v1", "permission-v2"]}, False),
        ({"capabilities": ["permission-v1"]}, True),
        ({"capabilities": []}, False),
        ({"capabilities": [], "scopes_supported": ["patient/*.read"]}, True),
        ({"capabilities": None, "scopes_supported": ["patient/*.rs"]}, False),
    ],
)
def test_which_scopes_a_server_understands(change: dict[str, Any], first: bool) -> None:
    assert configuration_of(ISS, {**ABOUT, **change}).first_version is first


@pytest.mark.parametrize(
    ("iss", "change"),
    [
        (ISS, {"token_endpoint": "https://10.0.0.5/token"}),
        (ISS, {"token_endpoint": "https://[fd00::1]/token"}),
        (ISS, {"token_endpoint": "http://localhost:6379/"}),
        (ISS, {"token_endpoint": "https://localhost/"}),
        (ISS, {"token_endpoint": "https://auth.example.org/token#x"}),
        (ISS, {"token_endpoint": "https://auth.example.org/" + "x" * 3000}),
        (ISS, {"token_endpoint": 5}),
        ("http://localhost/fhir", {"token_endpoint": "http://auth.example.org/token"}),
        (ISS, {"code_challenge_methods_supported": "S256"}),
    ],
)
def test_endpoints_that_lead_astray(iss: str, change: dict[str, Any]) -> None:
    with pytest.raises(CannotShow):
        configuration_of(iss, {**ABOUT, **change})


def test_a_server_with_an_address_has_its_endpoints_there() -> None:
    here = {"authorization_endpoint": "https://10.0.0.5/a", "token_endpoint": "https://10.0.0.5:8443/t"}
    assert configuration_of("https://10.0.0.5/fhir", {**ABOUT, **here}).token == here["token_endpoint"]


def test_scopes_follow_the_registration() -> None:
    types = ("Patient", "Condition")
    plain = Registration(**GOOD)
    assert scopes(plain, SERVER, types, standalone=False) == "launch patient/Patient.rs patient/Condition.rs"
    assert scopes(plain, SERVER, types, standalone=True) == "launch/patient patient/Patient.rs patient/Condition.rs"
    more = Registration(**GOOD, extra_scopes=("launch/encounter", "launch"))
    assert scopes(more, SERVER, types, standalone=False).split()[-1] == "launch/encounter"
    own = Registration(**GOOD, scopes=("patient/*.read",))
    assert scopes(own, SERVER, types, standalone=False) == "launch patient/*.read"


def test_an_authorization_endpoint_with_a_query_keeps_it() -> None:
    server = Configuration("https://auth.example.org/authorize?tenant=a", "https://auth.example.org/token")
    url = authorize_url(server, "c", "https://a/cb", "launch", "s", "v", ISS, "l&x=1")
    assert url.startswith("https://auth.example.org/authorize?tenant=a&response_type=code&")
    assert "launch=l%26x%3D1" in url


def test_pkce_of_the_standard_and_secrets_that_differ() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {43}  # RFC 7636: 43 to 128 unreserved characters


PENDING = Pending("s" * 43, "v" * 43, ISS, "launch", "https://cds.example.org/smart/callback")


def test_a_pending_launch_comes_back_to_its_own_state_only() -> None:
    seal = Seal("s" * 32, "launch")
    cookies = {cookie_name(PENDING.state): sealed(seal, PENDING)}
    assert pending_of(seal, PENDING.state, cookies) == PENDING
    assert pending_of(Seal("x" * 32, "launch"), PENDING.state, cookies) is None
    renamed = {cookie_name("other"): cookies[cookie_name(PENDING.state)]}
    assert pending_of(seal, "other", renamed) is None
    for state in ("", "x" * 101, "ß", "\ud800"):
        assert pending_of(seal, state, {**cookies, cookie_name(state): cookies[cookie_name(PENDING.state)]}) is None


def test_a_launch_that_does_not_fit_a_cookie_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        sealed(Seal(), Pending("s", "v", ISS, "patient/X.rs " * 300, "r"))


class Silent:
    """A server that does not answer, until it does."""

    def __init__(self) -> None:
        self.asked, self.answers = 0, False

    def get(self, url: str) -> Reply:
        self.asked += 1
        if not self.answers:
            raise ConnectionError("no answer in time")
        return Reply(200, ABOUT)

    def post(self, url: str, form: Any, headers: Any) -> Reply:
        raise AssertionError("not asked here")


def test_a_server_that_is_silent_is_not_asked_by_each_launch() -> None:
    web, now = Silent(), [0.0]
    servers = Configurations(web, lambda: now[0])
    for _ in range(3):
        with pytest.raises(CannotShow, match="no answer in time"):
            servers.of(ISS)
    assert web.asked == 1
    web.answers, now[0] = True, 5.0
    assert servers.of(ISS).token == ABOUT["token_endpoint"]
    now[0] = 304.0
    servers.of(ISS)
    assert web.asked == 2
    now[0] = 305.0
    servers.of(ISS)
    assert web.asked == 3


TOKEN = {"access_token": "t", "token_type": "bearer", "patient": "p1", "expires_in": 60, "scope": "launch"}


def test_a_token_answer() -> None:
    found = granted(TOKEN, "asked")
    assert (found.token, found.patient, found.scope, found.expires_in, found.card) == ("t", "p1", "launch", 60, "")
    assert granted({name: value for name, value in TOKEN.items() if name != "scope"}, "asked").scope == "asked"
    assert "access_token" not in repr(found)
    assert "'t'" not in repr(found)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2F1B5C1E-6A53-5C1F-9D2B-0A1B2C3D4E5F", "2f1b5c1e-6a53-5c1f-9d2b-0a1b2c3d4e5f"),
        (" 2f1b5c1e-6a53-5c1f-9d2b-0a1b2c3d4e5f\n", "2f1b5c1e-6a53-5c1f-9d2b-0a1b2c3d4e5f"),
        ("2f1b5c1e6a535c1f9d2b0a1b2c3d4e5f", ""),
        ('{"card": "2f1b5c1e-6a53-5c1f-9d2b-0a1b2c3d4e5f"}', ""),
        (5, ""),
    ],
)
def test_the_uuid_of_a_card(value: object, found: str) -> None:
    assert card_of(value) == found


def test_a_server_that_is_silent_holds_one_launch_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Launches need no login: any number of them must not hold all threads of the service."""
    monkeypatch.setattr("service.smart.launch.server.WAITED_S", 0.01)
    asked, answered = threading.Event(), threading.Event()
    urls: list[str] = []

    class Silent:
        def get(self, url: str) -> Reply:
            urls.append(url)
            asked.set()
            assert answered.wait(30)
            return Reply(200, {
                "authorization_endpoint": SERVER.authorize, "token_endpoint": SERVER.token,
                "code_challenge_methods_supported": ["S256"],
            })  # fmt: skip

        def post(self, url: str, form: Any, headers: Any) -> Reply:
            raise AssertionError(url)

    servers = Configurations(Silent())
    found: list[Configuration] = []
    first = threading.Thread(target=lambda: found.append(servers.of(ISS)))
    first.start()
    assert asked.wait(30)
    for _ in range(3):
        with pytest.raises(CannotShow, match="asked already"):
            servers.of(ISS)
    answered.set()
    first.join(30)
    assert found == [SERVER]
    assert servers.of(ISS) == SERVER
    assert len(urls) == 1
