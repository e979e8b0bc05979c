"""A32: signing in through an identity provider, and each way of forging it refused."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tre_toolkit.gate.orm import models
from tre_toolkit.gate.web.oidc import check_token

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def coded(raw: bytes | dict[str, Any]) -> str:
    return (
        base64.urlsafe_b64encode(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
        .rstrip(b"=")
        .decode()
    )


def signed(claims: dict[str, Any], *, key: Any = KEY, alg: str = "RS256", kid: str = "k1") -> str:
    text = f"{coded({'alg': alg, 'kid': kid})}.{coded(claims)}"
    return f"{text}.{coded(key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def jwk() -> dict[str, str]:
    numbers = KEY.public_key().public_numbers()
    return {
        "kid": "k1",
        "kty": "RSA",
        "use": "sig",
        "e": coded(numbers.e.to_bytes(3)),
        "n": coded(numbers.n.to_bytes(256)),
    }


class Provider:
    """An identity provider on loopback: gives what the test tells it to give."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.bend: Callable[[str], str] = lambda token: token
        self.asked: list[dict[str, list[str]]] = []
        outer = self

        class Desk(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._give({"keys": [jwk()]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append(urllib.parse.parse_qs(body))
                self._give({"id_token": outer.bend(signed(outer.claims))})

            def _give(self, value: Any) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(value).encode())

            def log_message(self, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Desk)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider(house: Any, tmp_path: Path) -> Iterator[Provider]:
    made = Provider()
    (tmp_path / "secret").write_text("s\n")
    declared = {
        "issuer": "https://id.example",
        "client_id": "gate",
        "client_secret_file": str(tmp_path / "secret"),
        "authorization": "https://id.example/authorize",
        "token": f"{made.address}/token",
        "jwks": f"{made.address}/jwks",
        "redirect": "https://gate.example/oidc/back",
    }
    house.gate = replace(house.gate, oidc=tuple(declared.items()))
    models.Account.objects.filter(login="ben").update(source="oidc")
    yield made
    made.server.shutdown()
    made.server.server_close()


def begin(client: Any) -> dict[str, str]:
    sent = client.get("/oidc/start")
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent.url).query))


def claims_for(asked: dict[str, str], **more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": "https://id.example", "aud": "gate", "nonce": asked["nonce"], "exp": now + 60, "iat": now,
            "preferred_username": "ben", **more}  # fmt: skip


def test_who_the_provider_vouches_for_comes_in(house: Any, browse: Any, provider: Provider) -> None:
    client = browse()
    assert b"Sign in with your organisation" in client.get("/sign-in").content
    asked = begin(client)
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    provider.claims = claims_for(asked)
    assert client.get("/oidc/back", {"state": asked["state"], "code": "c"}).status_code == 200
    assert provider.asked[0]["code_verifier"][0]
    assert client.get("/queue").status_code == 200
    assert (
        client.get("/oidc/back", {"state": asked["state"], "code": "c"}).status_code == 403
    )  # the way back is gone


FORGED = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "other"},
    "several audiences and no party": {"aud": ["gate", "other"]},
    "another nonce": {"nonce": "other"},
    "expired": {"exp": 1},
    "from the future": {"iat": 9_999_999_999},
    "nobody here": {"preferred_username": "nobody"},
    "a local account": {"preferred_username": "cam"},
    "no name": {"preferred_username": None},
}


@pytest.mark.parametrize("how", FORGED)
def test_a32_claims_that_are_not_as_asked_for_are_refused(
    house: Any, browse: Any, provider: Provider, how: str
) -> None:
    client = browse()
    asked = begin(client)
    provider.claims = claims_for(asked, **FORGED[how])
    assert client.get("/oidc/back", {"state": asked["state"], "code": "c"}).status_code == 403
    assert client.get("/queue").status_code == 302
    assert "sign-in refused" in house.gate.log.read_text()


def _no_algorithm(token: str) -> str:
    return f"{coded({'alg': 'none', 'kid': 'k1'})}.{token.split('.')[1]}."


def _by_mac(token: str) -> str:
    return f"{coded({'alg': 'HS256', 'kid': 'k1'})}.{token.split('.')[1]}.{token.split('.')[2]}"


def _other_key(token: str) -> str:
    body = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return signed(body, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _other_body(token: str) -> str:
    head, body, seal = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{coded({**claims, 'preferred_username': 'sam'})}.{seal}"


@pytest.mark.parametrize(
    "bend", [_no_algorithm, _by_mac, _other_key, _other_body, lambda t: "x", lambda t: t + "."]
)
def test_a32_a_token_not_signed_as_it_should_be_is_refused(
    house: Any, browse: Any, provider: Provider, bend: Callable[[str], str]
) -> None:
    client = browse()
    asked = begin(client)
    provider.claims, provider.bend = claims_for(asked), bend
    assert client.get("/oidc/back", {"state": asked["state"], "code": "c"}).status_code == 403
    assert client.get("/queue").status_code == 302


def test_a32_an_answer_to_another_browsers_question_is_refused(
    house: Any, browse: Any, provider: Provider
) -> None:
    asked = begin(browse())
    provider.claims = claims_for(asked)
    mine = browse()
    assert mine.get("/oidc/back", {"state": asked["state"], "code": "c"}).status_code == 403
    own = begin(mine)
    assert mine.get("/oidc/back", {"state": asked["state"], "code": "c"}).status_code == 403
    assert own["state"] != asked["state"]


def test_a_gate_without_a_provider_has_no_such_page(house: Any, browse: Any) -> None:
    assert browse().get("/oidc/start").status_code == 404


def test_tokens_of_other_kinds_of_key_are_checked_too() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    now = int(time.time())
    claims = {"iss": "i", "aud": "c", "nonce": "n", "exp": now + 60, "iat": now}
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    point = curve.public_key().public_numbers()
    keys = {
        "e": {
            "kid": "e",
            "kty": "EC",
            "crv": "P-256",
            "x": coded(point.x.to_bytes(32)),
            "y": coded(point.y.to_bytes(32)),
        },
        "o": {
            "kid": "o",
            "kty": "OKP",
            "crv": "Ed25519",
            "x": coded(edwards.public_key().public_bytes_raw()),
        },
    }
    text = f"{coded({'alg': 'ES256', 'kid': 'e'})}.{coded(claims)}"
    halves = decode_dss_signature(curve.sign(text.encode(), ec.ECDSA(SHA256())))
    by_curve = f"{text}.{coded(b''.join(h.to_bytes(32) for h in halves))}"
    text = f"{coded({'alg': 'EdDSA', 'kid': 'o'})}.{coded(claims)}"
    by_edwards = f"{text}.{coded(edwards.sign(text.encode()))}"
    for token in (by_curve, by_edwards):
        assert check_token(token, keys, issuer="i", client="c", nonce="n")["iss"] == "i"
        bent = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
        with pytest.raises(ValueError, match=r"^$"):
            check_token(bent, keys, issuer="i", client="c", nonce="n")
