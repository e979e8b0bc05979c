"""The controller's commands as a person types them, from the key to the parcel."""

import json

import pytest

from tre_toolkit.cli import run
from tre_toolkit.parcel import show

TOML = """
id = "invented"
title = "Invented pathways"
purpose = "Tests."
datasets = ["ssda903"]
[authorities]
990 = "North"
991 = "South"
"""
HEADER = """CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB
7001,F,13/05/2012,WBRI,N999199900001,,
7002,M,02/11/2015,BCRB,UN1,,
"""
EPISODES = """CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN
7001,01/06/2024,S,C2,N1,U4,PR1,,,,,,
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "passphrase").write_text("four plain random words\n")
    (tmp_path / "passphrase").chmod(0o600)
    (tmp_path / "tre.toml").write_text(TOML)
    folder = tmp_path / "990" / "ssda903" / "2025"
    folder.mkdir(parents=True)
    (folder / "header.csv").write_text(HEADER)
    (folder / "episodes.csv").write_text(EPISODES)
    (folder / "SYNTHETIC.json").write_text("{}")
    return tmp_path


@pytest.fixture
def tre(place, monkeypatch):
    monkeypatch.chdir(place)

    def tre(words, *, secret=True):
        return run([*words.split(), *(["--passphrase-file", "passphrase"] if secret else [])])

    return tre


def test_from_key_to_parcel(tre, place, capfd):
    assert tre("key new --project tre.toml --into project.key") == 0
    assert tre("parcel new-key signer signer.key") == 0
    assert tre("parcel new-key transport tre.key") == 0
    capfd.readouterr()
    assert tre("key show --key project.key", secret=False) == 0
    fingerprint = capfd.readouterr().out.strip()

    assert tre("plan 990 --project tre.toml --html plan.html", secret=False) == 0
    assert "ssda903.header.UPN" in capfd.readouterr().out
    assert "Signature" in (place / "plan.html").read_text()

    words = "pseudonymise 990 --project tre.toml --key project.key --signer signer.key --to tre.key.pub"
    assert tre(f"{words} --into 990.parcel --truth-map truth.csv") == 0
    told = capfd.readouterr()
    assert "children without upn" in told.out
    assert not any(value in told.out + told.err for value in ("N999199900001", "7001", "13/05/2012"))
    assert show(place / "990.parcel").synthetic
    assert (place / "truth.csv").read_text().count("\n") == 3
    assert (place / "audit.log").read_text().count("parcel sealed") == 1

    assert tre(f"{words} --into 990.parcel") == 1
    assert "stands here already" in capfd.readouterr().err

    assert tre("key wrap --key project.key --to tre.key.pub --into project.wrapped") == 0
    assert tre("key unwrap project.wrapped --transport tre.key --into copy.key") == 0
    capfd.readouterr()
    assert tre("key show --key copy.key", secret=False) == 0
    assert capfd.readouterr().out.strip() == fingerprint


def test_the_plan_as_json_names_each_fate(tre, capfd):
    assert tre("plan 990 --project tre.toml --json", secret=False) == 0
    told = json.loads(capfd.readouterr().out)
    fates = {(one["table"], one["column"]): one["fate"] for one in told["columns"]}
    assert fates["header", "DOB"] == "token+month"
    assert fates["episodes", "PL_POST"] == "drop"
    assert told["problems"] == []


def test_an_undeclared_column_makes_the_plan_fail_and_is_named(tre, place, capfd):
    header = place / "990/ssda903/2025/header.csv"
    header.write_text(HEADER.replace("MC_DOB", "MC_DOB,NICKNAME").replace(",,\n", ",,,Zoe\n"))
    assert tre("plan 990 --project tre.toml", secret=False) == 1
    told = capfd.readouterr()
    assert "NICKNAME" in told.err
    assert "Zoe" not in told.out + told.err


def test_no_return_here_is_told(tre, place, capfd):
    (place / "empty").mkdir()
    assert tre("plan empty --project tre.toml", secret=False) in (1, 2)
    assert "no return" in capfd.readouterr().err
