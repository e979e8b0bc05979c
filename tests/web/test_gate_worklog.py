"""The log of the work: what the pages, the signer and faults leave in it, and what they never do."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tre_toolkit.gate import requests, signer, views_of, worklog
from tre_toolkit.gate.orm import models

NAMED = "canary-3f9c2a7de81b4650.csv"  # a file's name
WROTE = "wrote-77ab01cd93ef2468"  # what people write: title, context, note, reason
VALUE = "value-c0ffee1234567890"  # what stands in a file


def lines(house: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (house.gate.folder / worklog.NAME).read_text().splitlines()]


def test_each_page_is_one_line_of_kinds_and_numbers(house: Any, browse: Any) -> None:
    key = house.submitted()
    ben = browse("ben")
    before = len(lines(house))
    ben.get(f"/requests/{key}")
    ben.get("/nowhere")
    ben.post(f"/requests/{key}/do/vote", {"approve": "no", "note": ""})
    one, two, three = lines(house)[before:]
    assert set(one) == {"at", "event", "route", "method", "status", "ms", "account"}
    assert (one["event"], one["route"], one["method"], one["status"]) == (
        "page",
        "requests/<int:number>",
        "GET",
        200,
    )
    assert one["account"] == house.ben.pk
    assert (two["route"], two["status"]) == ("", 404)
    assert (three["route"], three["status"]) == ("requests/<int:number>/do/<str:verb>", 400)
    assert (house.gate.folder / worklog.NAME).stat().st_mode & 0o777 == 0o600


def test_no_name_word_or_value_of_anybody_stands_in_it(
    house: Any, browse: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Names, titles, contexts, notes, values, sign-in names and addresses that were asked for: none is written."""
    ada, ben = browse("ada"), browse("ben")
    made = ada.post("/requests/new", {"title": WROTE, "context": f"{WROTE} and twenty letters more"})
    key = made.url.rsplit("/", 1)[1]
    file = SimpleUploadedFile(NAMED, f"area,{VALUE}\nNorth,120\n".encode())
    assert ada.post(f"/requests/{key}/files", {"files": [file]}).status_code == 302
    assert ada.post(f"/requests/{key}/do/submit").status_code == 302
    version = requests.outputs(models.Request.objects.get(pk=key))[0].pk
    for page in ("", "/content", "/changes", "/download"):
        ben.get(f"/requests/{key}/files/{version}{page}?{WROTE}={VALUE}")
    ben.post(f"/requests/{key}/do/vote", {"approve": "no", "note": WROTE, "file": NAMED})
    ben.get(f"/{NAMED}")
    browse().post("/sign-in", {"login": WROTE, "password": VALUE})
    browse(strict=True).post(f"/requests/{key}/do/vote", {"note": WROTE})
    browse().get("/help", headers={"host": f"{WROTE}.example", "authorization": VALUE})
    with pytest.raises(Exception, match="signer refused"):
        _ask_the_signer(house, WROTE)

    def breaks(*args: Any) -> Any:
        raise KeyError(f"{NAMED} {VALUE}")

    monkeypatch.setattr(views_of, "whole", breaks)
    ben.raise_request_exception = False
    assert ben.get(f"/requests/{key}").status_code == 500
    told = [line for line in lines(house) if line["event"] == "fault"]
    assert [(t["error"], t["place"].partition(":")[0]) for t in told] == [("KeyError", "gate/web/pages.py")]
    assert any(line["event"] == "not signed" for line in lines(house))
    seen = capfd.readouterr()
    raw = (house.gate.folder / worklog.NAME).read_text() + seen.out + seen.err
    for canary in (NAMED, NAMED[:-4], WROTE, VALUE, "ada", "Ben Checker", "violet kettle"):
        assert canary not in raw
    assert logging.getLogger("django").propagate is False


def _ask_the_signer(house: Any, purpose: str) -> None:
    house.start_signer()
    asked: Any = signer.RemoteSigner(house.gate)
    asked.sign(b"{}", purpose=purpose)


def test_it_grows_to_a_size_and_begins_anew(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklog, "LARGEST", 1000)
    for number in range(40):
        worklog.note(house.gate, "page", status=200, ms=number)
    kept = sorted(p.name for p in house.gate.folder.glob("work.log*"))
    assert kept == ["work.log", "work.log.1"]
    assert all((house.gate.folder / name).stat().st_size < 1200 for name in kept)
    assert lines(house)[-1]["ms"] == 39


def test_a_log_that_cannot_be_written_stops_no_page(house: Any, browse: Any) -> None:
    ben = browse("ben")
    (house.gate.folder / worklog.NAME).unlink()
    (house.gate.folder / worklog.NAME).symlink_to("/dev/null")
    assert ben.get("/queue").status_code == 200
