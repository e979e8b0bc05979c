"""The pages: each opens for who may see it, does what it offers, and refuses the rest kindly."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tre_toolkit.gate import requests
from tre_toolkit.gate.orm import models


def version_of(key: str) -> int:
    return int(requests.outputs(models.Request.objects.get(pk=key))[0].pk)


def test_the_whole_way_by_pages(house: Any, browse: Any) -> None:
    ada, ben, cam = browse("ada"), browse("ben"), browse("cam")
    made = ada.post(
        "/requests/new", {"title": "Regions", "context": "Counts of invented children by region."}
    )
    assert made.status_code == 302
    key = made.url.rsplit("/", 1)[1]
    file = SimpleUploadedFile("table.csv", b"area,children\nNorth,120\n")
    assert ada.post(f"/requests/{key}/files", {"files": [file], "kind": "output"}).status_code == 302
    assert ada.post(f"/requests/{key}/do/submit").status_code == 302
    page = f"/requests/{key}/files/{version_of(key)}"
    for client in (ben, cam):
        assert b"table.csv" in client.get(f"/requests/{key}").content
        assert b"Approve" in client.get(page).content
        done = client.post(f"/requests/{key}/do/vote", {"approve": "yes", "file": "table.csv"})
        assert done.status_code == 302
    assert house.state(key) == "approved"


@pytest.mark.parametrize(
    ("login", "pages"),
    [
        ("ada", ["/requests", "/requests/new", "/you", "/help"]),
        ("ben", ["/queue", "/queue?show=late", "/queue?show=fails", "/queue?show=to+vote+on", "/metrics"]),
        ("ova", ["/audit", "/audit?verify=1", "/queue", "/metrics"]),
        ("kit", ["/accounts", "/metrics"]),
    ],
)
def test_pages_open_for_those_they_are_for(house: Any, browse: Any, login: str, pages: list[str]) -> None:
    house.submitted()
    client = browse(login)
    for page in pages:
        assert client.get(page).status_code == 200, page


def test_every_page_has_the_strict_headers(house: Any, browse: Any) -> None:
    key = house.submitted()
    for login, page in [
        (None, "/sign-in"),
        ("ben", "/queue"),
        ("ben", f"/requests/{key}"),
        ("ben", "/nowhere"),
        ("ada", "/audit"),
    ]:
        answer = browse(login).get(page)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert b"<script>" not in answer.content
        assert b"style=" not in answer.content


def test_a_file_is_shown_in_a_frame_where_nothing_runs(house: Any, browse: Any) -> None:
    house.write("page.html", "<h1>Hello</h1><script>alert(1)</script><img src='http://elsewhere/x'>")
    key = house.submitted("page.html")
    answer = browse("ben").get(f"/requests/{key}/files/{version_of(key)}/content")
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert b"alert" not in answer.content
    assert b"elsewhere" not in answer.content
    assert b"Hello" in answer.content


def test_a_refusal_is_told_on_the_page_with_its_status(house: Any, browse: Any) -> None:
    key = house.submitted()
    answer = browse("ben").post(f"/requests/{key}/do/vote", {"approve": "no", "note": ""})
    assert answer.status_code == 400
    assert b"a refusal says why" in answer.content
    answer = browse("ada").post(f"/requests/{key}/do/vote", {"approve": "yes"})
    assert answer.status_code == 403
    assert b"nobody checks their own work" in answer.content


def test_an_administrator_finds_no_request(house: Any, browse: Any) -> None:
    key = house.submitted()
    kit = browse("kit")
    for page in (f"/requests/{key}", f"/requests/{key}/files/{version_of(key)}", "/requests/999"):
        assert kit.get(page).status_code == 404


def test_a_stale_page_does_not_vote(house: Any, browse: Any) -> None:
    key = house.submitted()
    answer = browse("ben").post(
        f"/requests/{key}/do/vote", {"approve": "yes", "file": "table.csv", "sha256": "0" * 64}
    )
    assert answer.status_code == 409
    assert models.Vote.objects.count() == 0


def test_a_download_is_logged_and_named_as_not_released(house: Any, browse: Any) -> None:
    key = house.submitted()
    answer = browse("ben").get(f"/requests/{key}/files/{version_of(key)}/download")
    assert "NOT-RELEASED-ben-" in answer["Content-Disposition"]
    assert "file downloaded" in house.gate.log.read_text()
    assert browse("ada").get(f"/requests/{key}/files/{version_of(key)}/download").status_code == 403


def test_what_changed_is_shown_cell_by_cell(house: Any, browse: Any) -> None:
    from tre_toolkit.gate import reviews

    key = house.submitted()
    reviews.give_back(house.gate, house.ben, key, note="round")
    house.write("table.csv", "area,children\nNorth,125\nSouth,340\n")
    requests.add(house.gate, house.ada, key, house.workspace, ["table.csv"])
    requests.submit(house.gate, house.ada, key)
    text = browse("ben").get(f"/requests/{key}/files/{version_of(key)}/changes").content.decode()
    assert "120" in text
    assert "125" in text


def test_an_account_is_opened_and_closed_by_its_administrator(house: Any, browse: Any) -> None:
    kit = browse("kit")
    words = {"login": "eve", "person": "Eve New", "role": "checker", "password": "violet kettle 4141"}
    assert kit.post("/accounts", words).status_code == 302
    eve = browse("eve")
    assert eve.get("/queue").status_code == 200
    assert kit.post("/accounts/eve/close").status_code == 302
    assert eve.get("/queue").status_code == 302  # the session has ended
    assert kit.post("/accounts/kit/close").status_code == 400


def test_a_second_factor_is_asked_for_once_it_is_set(house: Any, browse: Any) -> None:
    import base64
    import time

    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    ben = browse("ben")
    secret = ben.post("/you", {}).content.decode().split("<code>", 1)[1].split("<", 1)[0]
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    now = time.time()
    assert ben.post("/you", {"code": totp.generate(int(now) - 30).decode()}).status_code == 200
    anyone = browse()
    words = {"login": "ben", "password": "violet kettle 4141"}
    assert anyone.post("/sign-in", words).status_code == 403
    assert anyone.post("/sign-in", {**words, "code": "000000"}).status_code == 403
    code = totp.generate(int(now)).decode()
    assert anyone.post("/sign-in", {**words, "code": code}).status_code == 302
    assert browse().post("/sign-in", {**words, "code": code}).status_code == 403  # used already


def test_a_second_factor_is_replaced_only_with_a_code_of_the_one_it_replaces(
    house: Any, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64
    import time

    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    from tre_toolkit.gate import codes

    def code(secret: str, moment: float) -> str:
        return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(moment)).decode()

    def offered() -> str:
        return str(ben.post("/you", {}).content.decode().split("<code>", 1)[1].split("<", 1)[0])

    now = time.time()
    monkeypatch.setattr(codes.time, "time", lambda: now)
    ben = browse("ben")
    first = offered()
    assert ben.post("/you", {"code": code(first, now - 30)}).status_code == 200
    second = offered()
    assert ben.post("/you", {"code": code(second, now)}).status_code != 200
    assert ben.post("/you", {"code": code(second, now), "old": code(second, now)}).status_code != 200
    house.ben.refresh_from_db()
    assert house.ben.totp == first
    third = offered()
    assert ben.post("/you", {"code": code(third, now), "old": code(first, now)}).status_code == 200
    house.ben.refresh_from_db()
    assert house.ben.totp == third


def test_the_api_does_what_the_pages_do(house: Any, browse: Any) -> None:
    import base64
    import json

    nobody = browse(strict=True)

    def call(login: str, method: str, url: str, body: Any = None) -> Any:
        word = base64.b64encode(f"{login}:violet kettle 4141".encode()).decode()
        extra = {"HTTP_AUTHORIZATION": f"Basic {word}"}
        if method == "GET":
            return nobody.get(url, **extra)
        if isinstance(body, dict) and "files" in body:
            return nobody.post(url, body, **extra)
        return nobody.post(url, json.dumps(body or {}), content_type="application/json", **extra)

    made = call(
        "ada", "POST", "/api/v1/requests", {"title": "Regions", "context": "Counts of invented children."}
    )
    assert made.status_code == 201
    key = made.json()["request"]
    file = SimpleUploadedFile("table.csv", b"area,children\nNorth,120\n")
    assert call("ada", "POST", f"/api/v1/requests/{key}/files", {"files": [file]}).status_code == 201
    assert call("ada", "POST", f"/api/v1/requests/{key}/submit").json()["state"] == "submitted"
    assert call("ada", "POST", f"/api/v1/requests/{key}/vote", {"approve": "yes"}).status_code == 403
    assert (
        call("ben", "POST", f"/api/v1/requests/{key}/vote", {"approve": "yes"}).json()["state"] == "in_review"
    )
    assert call("ben", "GET", f"/api/v1/requests/{key}").json()["state"] == "in_review"
    assert call("kit", "GET", f"/api/v1/requests/{key}").status_code == 404
    assert call("ben", "POST", f"/api/v1/requests/{key}/fly").status_code == 404
    assert nobody.get("/api/v1/requests").status_code == 401
    assert nobody.post(f"/api/v1/requests/{key}/vote", {}).status_code in (401, 403)


def test_a_gate_without_a_signer_says_so(house: Any, browse: Any) -> None:
    key = house.approved()
    answer = browse("dee").post(f"/requests/{key}/do/release")
    assert answer.status_code == 400
    assert b"signer is not at work" in answer.content
    assert house.state(key) == "approved"


def test_djangos_own_deployment_check_is_clean(house: Any, browse: Any) -> None:
    from django.core import checks

    browse()
    found = [f for f in checks.run_checks(include_deployment_checks=True) if not f.is_silenced()]
    assert [str(f.id) for f in found] == []


def test_the_api_sees_what_the_pages_see(house: Any, browse: Any) -> None:
    key = house.submitted()
    api, file = "/api/v1", f"/requests/{key}/files/{version_of(key)}"
    ben, ova, kit, ada = browse("ben"), browse("ova"), browse("kit"), browse("ada")
    assert ben.get(f"{api}/queue").json()["requests"][0]["number"] == int(key)
    assert ben.get(f"{api}{file}").json()["path"] == "table.csv"
    assert "North" in ben.get(f"{api}{file}/content").json()["html"]
    assert ben.get(f"{api}{file}/changes").json() == {
        "since_version": None,
        "cells": [],
        "earlier_releases": [],
    }
    assert ben.get(f"{api}{file}/download").content.startswith(b"area")
    assert ova.get(f"{api}/audit").json()["events"][0]["event"] == "file downloaded"
    assert "whole and in order" in ova.get(f"{api}/audit?verify=1").json()["verdict"]
    assert ova.get(f"{api}/metrics").json()["waiting"] == 1
    words = {"login": "eve", "person": "Eve New", "role": "checker", "password": "violet kettle 4141"}
    made = kit.post(f"{api}/accounts", words, content_type="application/json")
    assert (made.status_code, made.json()["accounts"][3]["account"]) == (201, "dee")
    assert (
        kit.post(f"{api}/accounts/eve/role", {"role": "auditor"}, content_type="application/json").status_code
        == 200
    )
    assert kit.post(f"{api}/accounts/eve/close", {}, content_type="application/json").status_code == 200
    assert [
        (a["role"], a["open"]) for a in kit.get(f"{api}/accounts").json()["accounts"] if a["account"] == "eve"
    ] == [("auditor", False)]
    for path in ("queue", "audit", "metrics", "accounts"):
        assert ada.get(f"{api}/{path}").status_code == 403, path
    for path in (file, f"{file}/content", f"{file}/changes", f"{file}/download"):
        assert kit.get(f"{api}{path}").status_code == 404, path
        assert browse().get(f"{api}{path}").status_code == 401, path


def test_words_and_files_are_taken_back_by_pages(house: Any, browse: Any) -> None:
    key = house.draft("table.csv", "other.csv")
    ada, kit = browse("ada"), browse("kit")
    page = ada.get(f"/requests/{key}").content.decode()
    assert "Take out other.csv" in page
    assert "Change title and context" in page
    assert ada.post(f"/requests/{key}/do/remove", {"file": "other.csv"}).status_code == 302
    words = {"title": "New words", "context": "c" * 30}
    assert ada.post(f"/requests/{key}/do/describe", words).status_code == 302
    ada.post(f"/requests/{key}/do/comment", {"note": "too quick"})
    number = models.Comment.objects.get().pk
    assert f"Retract comment {number}" in ada.get(f"/requests/{key}").content.decode()
    assert ada.post(f"/requests/{key}/do/retract", {"comment": str(number)}).status_code == 302
    page = ada.get(f"/requests/{key}").content.decode()
    assert ("other.csv" in page, "New words" in page, "too quick" in page) == (False, True, False)
    assert kit.post("/accounts/ben/role", {"role": "auditor"}).status_code == 302
    assert house.ben.role == "auditor"
    assert kit.post("/accounts/kit/role", {"role": "auditor"}).status_code == 400
    assert ada.post("/accounts/ben/role", {"role": "checker"}).status_code == 403


def test_pages_ask_the_database_few_questions_whatever_the_size_of_the_gate() -> None:
    """At 60 requests of eleven files; `tests/benchmarks/bench_gate.py` says the same, and the times, at 1,000."""
    import importlib.util
    from pathlib import Path

    place = Path(__file__).parents[1] / "benchmarks" / "bench_gate.py"
    spec = importlib.util.spec_from_file_location("tre_bench_gate", place)
    assert spec
    assert spec.loader
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    found = {page.split(" ")[0]: queries for page, (queries, _) in bench.main(60).items()}
    assert found["queue"] <= 10
    assert found["request"] <= 15
    assert found["file"] <= 20
    assert found["2,000"] <= 12
