"""Signing in through an identity provider: OpenID Connect's code flow with PKCE, and nothing looser.

The provider says who somebody is; the gate says what they may do: an account of that name and of source `oidc`
must be open here. What is declared in `gate.toml` under `[web.oidc]` is all that is believed: issuer, addresses and
client id; no address is learned from a message.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from tre_toolkit.errors import TreError
from tre_toolkit.gate import journal, orm
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.refusals import NotAllowed, NotFound
from tre_toolkit.gate.web.guard import begin_session

COOKIE = "__Host-gate-oidc"  # Lax, for the way back only: the session's own cookie is Strict
MINUTES = 10
SKEW = 60  # seconds two clocks may differ
PATIENCE = 10
LARGEST = 100_000
NEEDED = ("issuer", "client_id", "client_secret_file", "authorization", "token", "jwks", "redirect")


@require_GET
def start(request: Any) -> HttpResponse:
    """Off to the provider, with a state, a nonce and a PKCE challenge of this browser's own."""
    told = _declared(request.gate)
    held = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(held["verifier"].encode()).digest()).rstrip(b"=").decode()
    )
    words = {
        "response_type": "code",
        "scope": "openid profile",
        "client_id": told["client_id"],
        "redirect_uri": told["redirect"],
        "state": held["state"],
        "nonce": held["nonce"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    response = redirect(f"{told['authorization']}?{urllib.parse.urlencode(words)}")
    kept = signing.dumps(held, salt=COOKIE)
    response.set_cookie(
        COOKIE, kept, max_age=MINUTES * 60, secure=True, httponly=True, samesite="Lax", path="/"
    )
    return response


@require_GET
def back(request: Any) -> HttpResponse:
    """From the provider: check everything, and begin a session of the account it names."""
    told = _declared(request.gate)
    held = _held(request)
    state = request.GET.get("state", "")
    if not secrets.compare_digest(state.encode(), held["state"].encode()) or "code" not in request.GET:
        raise _refused(request, "the answer is not to a question of this browser")
    try:
        raw = _exchange(told, request.GET["code"], held["verifier"])
        claims = check_token(
            raw, _keys(told), issuer=told["issuer"], client=told["client_id"], nonce=held["nonce"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise _refused(request, "the provider's answer can't be believed") from None
    login = str(claims.get(told.get("claim", "preferred_username"), ""))
    account = (
        models.Account.objects.select_related("person")
        .filter(login=login, source="oidc", active=True)
        .first()
    )
    if account is None:
        raise _refused(request, "no account here is of that name")
    begin_session(request, account)
    response = render(
        request, "signed_in.html", {"title": "Signed in"}
    )  # a page of ours, so that the next step is
    response.delete_cookie(COOKIE, path="/")
    return response


def check_token(
    raw: str, keys: Mapping[str, Any], *, issuer: str, client: str, nonce: str, now: float | None = None
) -> dict[str, Any]:
    """The claims of an ID token signed by one of `keys`. Raises ValueError for anything that is not as asked for."""
    head, body, sealed = raw.split(".")
    header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
    key = keys[header["kid"]]
    if header["alg"] != ALGORITHMS.get((key["kty"], key.get("crv"))) or key.get("use", "sig") != "sig":
        raise ValueError
    _check_signature(key, _decoded(sealed), f"{head}.{body}".encode())
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    moment = time.time() if now is None else now
    holds = (
        claims["iss"] == issuer,
        client in audience,
        len(audience) == 1 or claims.get("azp") == client,
        secrets.compare_digest(str(claims["nonce"]).encode(), nonce.encode()),
        claims["exp"] > moment - SKEW,
        claims["iat"] < moment + SKEW,
    )
    if not all(holds):
        raise ValueError
    return dict(claims)


ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}


def _check_signature(key: Mapping[str, str], signature: bytes, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    def number(name: str) -> int:
        return int.from_bytes(_decoded(key[name]))

    try:
        if key["kty"] == "RSA":
            public = rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
            public.verify(signature, message, padding.PKCS1v15(), SHA256())
        elif key["kty"] == "EC":
            halves = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            curve = ec.EllipticCurvePublicNumbers(number("x"), number("y"), ec.SECP256R1()).public_key()
            curve.verify(encode_dss_signature(*halves), message, ec.ECDSA(SHA256()))
        else:
            ed25519.Ed25519PublicKey.from_public_bytes(_decoded(key["x"])).verify(signature, message)
    except InvalidSignature:
        raise ValueError from None


def _declared(gate: Any) -> Mapping[str, str]:
    told: dict[str, str] = dict(gate.oidc)
    if not told:
        raise NotFound("there is no such page")
    if missing := [name for name in NEEDED if not told.get(name)]:
        raise TreError(f"[web.oidc] in gate.toml lacks {', '.join(missing)}")
    return told


def _held(request: Any) -> dict[str, str]:
    try:
        held: dict[str, str] = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=MINUTES * 60
        )
    except signing.BadSignature:
        raise _refused(request, "this way back was not begun here, or too long ago") from None
    return held


def _exchange(told: Mapping[str, str], code: str, verifier: str) -> str:
    """The ID token for the code."""
    words = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": told["redirect"],
        "client_id": told["client_id"],
        "client_secret": Path(told["client_secret_file"]).read_text(encoding="utf-8").strip(),
        "code_verifier": verifier,
    }
    return str(_fetched(told["token"], urllib.parse.urlencode(words).encode())["id_token"])


def _keys(told: Mapping[str, str]) -> dict[str, Any]:
    return {key["kid"]: key for key in _fetched(told["jwks"])["keys"]}


def _fetched(address: str, body: bytes | None = None) -> dict[str, Any]:
    if urllib.parse.urlsplit(address).scheme not in ("https", "http"):
        raise ValueError
    asked = urllib.request.Request(address, body)  # noqa: S310  # the scheme was checked, the address is declared
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=PATIENCE) as answer:
        return dict(json.loads(answer.read(LARGEST)))


def _refused(request: Any, what: str) -> NotAllowed:
    with orm.change():
        journal.write(request.gate, "sign-in refused", by="", account="unknown", locked=False)
    return NotAllowed(what, hint="begin again from the sign-in page")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
