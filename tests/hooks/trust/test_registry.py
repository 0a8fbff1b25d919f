"""The clients file: what it may say, and that everything wrong with it is told at once with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from service.hooks.trust.clients import Algorithm, Client
from service.hooks.trust.keys import ALGORITHMS
from service.hooks.trust.registry import ClientsProblems, clients_of, read_clients
from service.hooks.trust.sign import public_part
from tests.hooks.trust.support import ISS, JWKS, key_of

GOOD = {"name": "ehr", "iss": ISS, "jwks_urls": [JWKS]}


def problems_of(text: str, profiles: Any = None) -> tuple[str, ...]:
    with pytest.raises(ClientsProblems) as caught:
        clients_of(text, "c.yaml", profiles)
    return caught.value.problems


def file_of(*clients: Any) -> str:
    return yaml.safe_dump({"clients": list(clients)}, sort_keys=False)


def test_all_members(tmp_path: Path) -> None:
    given = {
        **GOOD,
        "keys": [public_part(key_of())],
        "algorithms": ["ES384", "EdDSA"],
        "audiences": ["https://typed.example.org"],
        "tenants": ["tenant one"],
        "profile": "epic",
        "fhir_servers": ["https://ehr.example.org/fhir"],
        "max_lifetime_s": 600,
    }
    for name, text in (("c.yaml", file_of(given)), ("c.json", json.dumps({"clients": [given]}, indent="\t"))):
        (tmp_path / name).write_text(text)
        (client,) = read_clients(tmp_path / name, profiles=("epic",))
        assert client.model_dump(mode="json") == given
        assert client.given_keys.keys() == {"k1"}


def test_what_need_not_be_said() -> None:
    (client,) = clients_of(file_of(GOOD), "c.yaml")
    assert client.algorithms == ("ES384", "RS384")
    assert (client.tenants, client.audiences, client.keys, client.servers) == ((), (), (), None)
    assert client.max_lifetime_s == 3600


def test_the_model_knows_the_algorithms_that_keys_know() -> None:
    assert get_args(Algorithm) == ALGORITHMS
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name == "none"]


def test_everything_wrong_is_told_at_once_with_its_line() -> None:
    text = """clients:
  - name: EHR One
    iss: https://ehr.example.org
    jwks_urls: [http://ehr.example.org/jwks]
    algorithm: [ES384]
  - name: two
    algorithms: [ES384, HS256, none]
    profile: epik
    max_lifetime_s: 10
  - name: three
    iss: https://three.example.org
    jwks_urls: [https://three.example.org/jwks]
    profile: epik
more: 1
"""
    found = problems_of(text, profiles=("epic", "oracle"))
    expected = [
        ("c.yaml:2: clients[0].name: ", "'EHR One' is not allowed. Allowed: small letters"),
        ("c.yaml:4: clients[0].jwks_urls: ", "is not an https address"),
        ("c.yaml:5: clients[0].algorithm: ", "no such key. Allowed: name, iss"),
        ("c.yaml:5: clients[0].algorithm: ", "Did you mean 'algorithms'?"),
        ("c.yaml:6: clients[1].iss: ", "is missing"),
        ("c.yaml:7: clients[1].algorithms[1]: ", "'HS256' is not allowed. Allowed: 'ES256', 'ES384'"),
        ("c.yaml:7: clients[1].algorithms[2]: ", "'none' is not allowed"),
        ("c.yaml:9: clients[1].max_lifetime_s: ", "10 input should be greater than or equal to 60"),
        ("c.yaml:13: clients[2].profile: ", "'epik' is no profile. Allowed: epic, oracle. Did you mean 'epic'?"),
        ("c.yaml:14: more: ", "no such key. Allowed: clients"),
    ]
    for start, words in expected:
        assert [one for one in found if one.startswith(start) and words in one], (start, words, found)
    assert len(found) == len(expected) - 1


def key_without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**public_part(key_of()), **more}.items() if name not in names}


WRONG_KEYS: list[tuple[dict[str, Any], str]] = [
    (dict(key_of()), "holds its private part"),
    ({"kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256"}, "is a symmetric key"),
    (key_without("kid"), "has no kid"),
    (key_without("kty"), "unknown kind (kty). Allowed: EC, RSA, OKP"),
    (key_without(crv="secp256k1"), "unknown curve (crv). Allowed: P-256"),
    (key_without(alg="HS384"), "cannot verify. Allowed for it: ES384"),
    (key_without(alg="ES256"), "cannot verify. Allowed for it: ES384"),
    (key_without(use="enc"), "is not for signatures"),
    (key_without(key_ops=["sign"]), "is not for signatures"),
    (key_without(key_ops=5), "is not for signatures"),
    (key_without(x="AAAA"), "cannot be read"),
    (key_without("x"), "cannot be read"),
    (key_without(y=5), "cannot be read"),
    ({"kty": "RSA", "kid": "r", "n": "AQAB" * 22, "e": "AQAB"}, "has 521 bits"),
    ({"kty": "RSA", "kid": "r", "n": "_" * 25_000, "e": "AQAB"}, "more than 20000 characters"),
]


@pytest.mark.parametrize(("jwk", "words"), WRONG_KEYS)
def test_keys_that_cannot_be_used(jwk: dict[str, Any], words: str) -> None:
    (found,) = problems_of(file_of({"name": "ehr", "iss": ISS, "keys": [jwk]}))
    assert re.match(r"c\.yaml:4: clients\[0\]\.keys: key 0 ", found)
    assert words in found
    assert key_of()["d"] not in found


def test_a_weak_rsa_key_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    weak = rsa.generate_private_key(65537, 1024).public_key()
    jwk = {**RSAAlgorithm.to_jwk(weak, as_dict=True), "kid": "weak"}
    jwk.pop("key_ops", None)
    (found,) = problems_of(file_of({"name": "ehr", "iss": ISS, "keys": [jwk]}))
    assert "has 1024 bits. Allowed: 2048 to 8192" in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must look like `clients:`"),
        ("- a", "must look like `clients:`"),
        ("clients: []", "at least one client"),
        ("clients: {a: 1}", "at least one client"),
        ("clients:\n  - [", "is neither YAML nor JSON"),
        ("clients: [5]", "clients[0]: "),
        (file_of(GOOD, GOOD), "more than one client has name 'ehr'"),
        (file_of(GOOD, {**GOOD, "name": "b"}), "more than one client has iss"),
        (file_of({"name": "a", "iss": ISS}), "has no keys. Allowed: jwks_urls"),
        (file_of({**GOOD, "iss": "a b"}), "'a b' is not allowed. Allowed: text without blanks"),
        (file_of({**GOOD, "jwks_urls": JWKS}), "clients[0].jwks_urls: "),
        (file_of({**GOOD, "jwks_urls": [JWKS + "#x"]}), "is not an https address"),
        (file_of({**GOOD, "jwks_urls": ["https://u:p@ehr.example.org/jwks"]}), "is not an https address"),
        (file_of({**GOOD, "jwks_urls": ["file:///etc/passwd"]}), "is not an https address"),
        (file_of({**GOOD, "fhir_servers": ["ehr"]}), "is not the http(s) address of a FHIR server"),
        (file_of({**GOOD, "keys": [public_part(key_of())] * 2}), "kid 'k1' is given to more than one key"),
        (
            file_of({**GOOD, "keys": [public_part(key_of())], "algorithms": ["RS384"]}),
            "allows none that these keys verify: k1",
        ),
        ("clients:\n  - name: a\n    iss: b\n    iss: c\n    jwks_urls: [https://a.example.org/j]\n", "c.yaml:4: clients[0].iss: is there twice"),
    ],
)  # fmt: skip
def test_files_that_are_refused(text: str, words: str) -> None:
    assert words in "\n".join(problems_of(text))


def test_keys_on_this_machine_may_come_without_tls() -> None:
    for url in ("http://localhost:9000/jwks", "http://127.0.0.1/jwks", "http://[::1]/jwks", "https://x.example/k?p=1"):
        assert Client.model_validate({**GOOD, "jwks_urls": [url]})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClientsProblems, match="cannot be read: No such file"):
        read_clients(tmp_path / "none.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ClientsProblems, match="not text in UTF-8"):
        read_clients(tmp_path / "binary")
