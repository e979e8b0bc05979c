"""The commands: the journey as people type it, kind refusals with their exit status, and the crate that comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.cli import run


@pytest.fixture
def typed(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Type a command as somebody; gives exit status, answer and word."""
    monkeypatch.chdir(house.workspace)
    for name, text in (("password", "violet kettle 4141"), ("passphrase", "quiet orange lamp 77")):
        (tmp_path / name).write_text(text + "\n")
        (tmp_path / name).chmod(0o600)

    def as_person(line: str, login: str | None = None, *, key: bool = False) -> tuple[int, str, str]:
        words = line.split(" ")
        words = [word.replace("~", " ") for word in words]
        if login:
            words += [
                "--gate",
                str(house.gate.folder),
                "--as",
                login,
                "--password-file",
                str(tmp_path / "password"),
            ]
        if key:
            words += ["--passphrase-file", str(tmp_path / "passphrase")]
        capsys.readouterr()
        status = run(words)
        told = capsys.readouterr()
        return status, told.out, told.err

    return as_person


def test_the_journey_as_people_type_it(house: Any, typed: Any, tmp_path: Path) -> None:
    house.write("outputs/table.csv")
    context = "Counts~of~invented~children~by~region."
    assert typed(f"request new --title Regions --context {context}", "ada")[:2] == (0, "1\n")
    assert "csv" in typed("request add 1 outputs/table.csv", "ada")[1]
    assert "submitted" in typed("request submit 1", "ada")[1]
    assert json.loads(typed("request status --json", "ada")[1])[0]["state"] == "submitted"
    assert "Regions" in typed("review queue", "ben")[1]
    row = json.loads(typed("review queue --show to~vote~on --json", "ben")[1])["requests"][0]
    assert (row["number"], row["risk"], row["late"], row["mine"]) == (1, "PASS", False, "")
    assert "nothing here" in typed("review queue --show late", "ben")[1]
    assert typed("review queue --show lately", "ben")[0] == 2
    status, _, told = typed("review vote 1 --approve --note mine", "ada")
    assert (status, "own work" in told) == (1, True)
    assert typed("review vote 1 --approve", "ben")[0] == 0
    assert "Ben" not in json.loads(typed("review show 1 --json", "cam")[1])["files"][0]["votes"]
    assert "approved" in typed("review vote 1 --approve", "cam")[1]
    out = tmp_path / "release"
    assert typed(f"release make 1 --into {out}", "dee", key=True)[0] == 0
    trust = f"--trust {house.gate.public_key}"
    assert "every byte" in typed(f"verify {out} {trust}")[1]
    assert json.loads(typed(f"verify {out} {trust} --json")[1])["approvals"] == 2
    assert (
        "whole and in order"
        in typed(f"audit verify {house.gate.log} --checkpoint {house.gate.checkpoint} {trust}")[1]
    )
    assert typed(f"audit export {house.gate.log} --into {tmp_path / 'one.jsonl'} --request 1")[0] == 0
    assert "recalled" in typed("release recall 1 --reason oops", "dee", key=True)[1]
    status, answer, told = typed(f"verify {out} {trust} --revocations {house.gate.revocations} --json")
    assert (status, json.loads(answer)["reason"]) == (1, "recalled")
    assert "do not use it" in told


@pytest.mark.parametrize(
    ("line", "login", "status", "told"),
    [
        ("request submit 99", "ada", 1, "no such request"),
        ("request submit 1x", "ada", 1, "no such request"),
        ("request add 1 ../x.csv", "ada", 1, "leads out"),
        ("request add 1 none.csv", "ada", 1, "no such file"),
        ("review vote 1", "ben", 2, "--approve or --refuse"),
        ("review vote 1 --refuse", "ben", 2, "says why"),
        ("review exception 1 1", "sam", 2, "--grant or --deny"),
        ("review queue", "ada", 1, "does not see queue"),
        ("review return 1 --note x", "ben", 1, "no such request"),
        ("request withdraw 1", "ben", 1, "no such request"),
        ("verify nowhere --trust nowhere.pub", None, 1, "no such file"),
        ("audit verify nowhere.log", None, 1, "no such log"),
        ("gate doctor --gate nowhere", None, 1, "not a gate"),
    ],
)
def test_refusals_are_told_with_their_status(
    house: Any, typed: Any, line: str, login: str | None, status: int, told: str
) -> None:
    house.draft()
    ended, _, word = typed(line, login)
    assert (ended, told in word) == (status, True), word
    assert word.startswith("tre: ")


def test_of_many_findings_the_screen_shows_twenty_and_says_where_the_others_are(
    house: Any, typed: Any, fail: Any
) -> None:
    house.said["table.csv"] = [{**fail(), "where": f"row {n}"} for n in range(23)]
    house.submitted()
    told = typed("review show 1", "ben")[1]
    assert (told.count("a small cell"), told.count("at row")) == (1, 20)
    assert "and 3 more; `tre review show 1 --json` lists them" in told
    assert "`tre request status 1 --json`" in typed("request status 1", "ada")[1]
    assert len(json.loads(typed("review show 1 --json", "ben")[1])["files"][0]["findings"]) == 23
    house.said["table.csv"] = [{**fail(), "where": f"row {n}"} for n in range(20)]
    house.submitted()
    assert "more;" not in typed("review show 2", "ben")[1]


def test_a_keeper_works_by_commands(house: Any, typed: Any, tmp_path: Path) -> None:
    gate = f"--gate {house.gate.folder}"
    assert (
        typed(
            f"gate user add eve {gate} --role checker --person Eve~New --password-file {tmp_path / 'password'}"
        )[0]
        == 0
    )
    assert typed(f"gate user role eve auditor {gate}")[0] == 0
    assert typed(f"gate user close eve {gate}")[0] == 0
    eve = next(a for a in json.loads(typed(f"gate user list {gate} --json")[1]) if a["account"] == "eve")
    assert eve == {
        "account": "eve",
        "role": "auditor",
        "person": "Eve New",
        "open": False,
        "second_factor": False,
    }
    assert typed(f"gate user role eve king {gate}")[0] == 2
    assert typed(f"gate user open eve {gate}")[0] == 0
    assert typed(f"gate user password eve {gate} --password-file {tmp_path / 'passphrase'}")[0] == 0
    assert typed(f"gate prove {gate}", key=True)[0] == 0
    assert typed(f"gate migrate {gate}")[0] == 0
    assert typed(f"gate backup {gate} --into {tmp_path / 'b.tar'}")[0] == 0
    assert typed(f"gate restore {tmp_path / 'b.tar'} --into {tmp_path / 'again'}")[0] == 0
    status, answer, _ = typed(f"gate doctor {gate} --json")
    assert {c["check"] for c in json.loads(answer)} >= {
        "blobs",
        "log",
        "checkpoint",
        "database",
        "votes",
        "releases",
        "secrets",
    }
    assert status == 0
    assert typed(f"gate new {tmp_path / 'new'} --reviewers 3", key=True)[0] == 0
    assert typed(f"gate new {tmp_path / 'new'}", key=True)[0] == 1


def test_a_closed_gate_lets_nobody_in_with_a_wrong_password(house: Any, typed: Any, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("something else 123\n")
    status, _, word = typed("review queue", "ben")
    assert (status, "don't open an account" in word) == (1, True)
    assert "something" not in word


def test_the_crate_keeps_the_five_safes_profiles_musts(house: Any, tmp_path: Path) -> None:
    house.write("tables/a b.csv")
    house.released("tables/a b.csv", into=tmp_path / "out")
    crate = json.loads((tmp_path / "out/data/ro-crate-metadata.json").read_text())
    graph = {entity["@id"]: entity for entity in crate["@graph"]}
    root, about = graph["./"], graph["ro-crate-metadata.json"]
    assert about["about"] == {"@id": "./"}
    assert about["conformsTo"]["@id"].startswith("https://w3id.org/ro/crate/1.")
    assert root["conformsTo"] == {"@id": "https://w3id.org/5s-crate/0.4"}
    for name in (
        "name",
        "description",
        "datePublished",
        "license",
        "sourceOrganization",
        "mainEntity",
        "hasPart",
        "mentions",
    ):
        assert root[name], name
    kinds = {
        e["additionalType"]["@id"].split("#")[1] for e in graph.values() if e.get("@type") == "AssessAction"
    }
    assert kinds == {"CheckValue", "ValidationCheck", "SignOff", "DisclosureCheck"}
    assert graph["#query"]["result"] == [{"@id": "tables/a%20b.csv"}]
    assert graph["tables/a%20b.csv"]["@type"] == "File"
    references = [
        v["@id"]
        for e in graph.values()
        for x in e.values()
        for v in (x if isinstance(x, list) else [x])
        if isinstance(v, dict) and "@id" in v
    ]
    assert [r for r in references if r not in graph and not r.startswith("http")] == []
    bag = tmp_path / "out"
    import hashlib

    for line in (bag / "manifest-sha512.txt").read_text().splitlines():
        digest, path = line.split("  ", 1)
        assert hashlib.sha512((bag / path).read_bytes()).hexdigest() == digest
    assert (bag / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def test_files_changes_and_figures_are_seen_by_commands_as_by_pages(
    house: Any, typed: Any, tmp_path: Path, fail: Any
) -> None:
    from tre_toolkit.gate import requests, reviews

    house.said["table.csv"] = [fail("REVIEW")]
    key = house.submitted()
    reviews.give_back(house.gate, house.ben, key, note="round")
    house.write("table.csv", "area,children\nNorth,125\nSouth,340\n")
    requests.add(house.gate, house.ada, key, house.workspace, ["table.csv"])
    requests.submit(house.gate, house.ada, key)
    told = typed(f"review file {key} table.csv", "ben")[1]
    assert "a small cell (threshold)" in told
    assert "at row 2" in told
    changed = json.loads(typed(f"review changes {key} table.csv --json", "ben")[1])
    assert changed["cells"] == [{"row": 1, "column": "children", "before": "120", "after": "125"}]
    assert "1 cells changed" in typed(f"review changes {key} table.csv", "ben")[1]
    assert typed(f"review download {key} table.csv --into {tmp_path}", "ben")[0] == 0
    (taken,) = tmp_path.glob("NOT-RELEASED-ben-*.csv")
    assert taken.read_bytes() == b"area,children\nNorth,125\nSouth,340\n"
    assert "file downloaded" in house.gate.log.read_text()
    assert typed(f"review download {key} table.csv --into {tmp_path}", "ada")[0] == 1
    assert "there is no such file" in typed(f"review file {key} other.csv", "ben")[2]
    assert json.loads(typed(f"gate figures --json --gate {house.gate.folder}")[1])["waiting"] == 1
    assert "requests submitted" in typed(f"gate figures --gate {house.gate.folder}")[1]
    said = requests.comment(house.gate, house.ada, key, "wrong")
    assert typed(f"request retract {key} {said.pk}", "ada")[0] == 0
    reviews.give_back(house.gate, house.ben, key, note="again")
    context = "c" * 30
    assert typed(f"request describe {key} --title New --context {context}", "ada")[0] == 0
    assert json.loads(typed(f"request status {key} --json", "ada")[1])["title"] == "New"


def test_an_account_with_a_second_factor_shows_its_code_at_the_command_line(
    house: Any, typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64
    import time

    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    from tre_toolkit.gate import codes, factors

    secret, now = codes.new_secret(), time.time()
    monkeypatch.setattr(codes.time, "time", lambda: now)  # the half minute does not change meanwhile
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    factors.put(house.gate, house.ben, secret, totp.generate(int(now) - 30).decode())
    status, _, told = typed("review queue", "ben")
    assert (status, "second factor" in told) == (2, True)
    code = totp.generate(int(now)).decode()
    monkeypatch.setenv("TRE_GATE_CODE", "000000" if code != "000000" else "111111")
    assert typed("review queue", "ben")[0] == 1
    monkeypatch.setenv("TRE_GATE_CODE", code)
    assert typed("review queue", "ben")[0] == 0
    assert typed("review queue", "ben")[0] == 1  # a code is good once


def test_a_release_is_signed_by_the_signer_at_work_when_no_passphrase_is_given(
    house: Any, typed: Any, tmp_path: Path
) -> None:
    house.start_signer()
    key = house.approved()
    assert typed(f"release make {key} --into {tmp_path / 'out'}", "dee")[0] == 0
    assert typed(f"verify {tmp_path / 'out'} --trust {house.gate.public_key}")[0] == 0


def test_a_new_gate_says_which_rules_it_judges_by_and_where_to_change_them(
    typed: Any, tmp_path: Path
) -> None:
    told = typed(f"gate new {tmp_path / 'one'} --pack dfe-cin", key=True)[1]
    assert "judges by    dfe-cin (`packs` in" in told
    told = typed(f"gate new {tmp_path / 'two'}", key=True)[1]
    assert "ons-srs" in told
    from disclosure.packs import DEFAULT
    from tre_toolkit.gate.commands.keeper import DEFAULT_PACKS

    assert DEFAULT_PACKS == DEFAULT


def test_a_file_of_a_type_the_gate_no_longer_holds_is_not_released(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tre_toolkit.gate import filetypes, releases
    from tre_toolkit.gate.orm import models
    from tre_toolkit.gate.refusals import Unsafe

    key = house.approved()
    models.FileVersion.objects.update(type="txt")
    with pytest.raises(Unsafe, match="no longer of the type"):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    models.FileVersion.objects.update(type="csv")
    monkeypatch.delitem(filetypes.SUFFIXES, "csv")
    with pytest.raises(Unsafe, match="does not hold files of this type"):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert (house.state(key), list(tmp_path.glob("*out*"))) == ("approved", [])
