"""An authority's own map answers the linker's list of pairs, from the returns to the decision."""

import csv
import json
import random

import pytest

from pseudonymise import Key
from tre_toolkit.cli import run as tre
from tre_toolkit.keyfile import Cost
from tre_toolkit.linkage import clerical
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.signing import Signer

TOML = """
id = "invented"
title = "Invented pathways"
purpose = "Tests."
datasets = ["school_census"]
[authorities]
990 = "North"
991 = "South"
[limits]
most_exposed = 1.0
"""
PUPILS = "pupilonrolltableid,NativeId,dob,surname,forename,middlenames,upn,formerupn,sex,ethnicity\n"
ADDRESSES = "pupilonrolltableid,NativeId,postcode,street,uniquepropertyreferencenumber\n"
STARTS, ENDS = (
    ["Bra", "Cor", "Dun", "Fen", "Gil", "Har", "Kel", "Lin", "Mor", "Nor", "Pen", "Ros", "Sal", "Tor", "Wen"],
    ["bury", "dale", "ford", "ham", "ley", "mere", "ton", "wick"],
)
CHILDREN = 420  # of whom 380 are in both authorities: the model wants 300 in each
BOTH = 380
WORDS, CHEAP = b"four plain random words", Cost(memory=64, passes=1, lanes=1)


def population(draw):
    """Children as both authorities know them, no numbers but the authority's own: they meet by what they are called."""
    words = [start + end for start in STARTS for end in ENDS]
    for number in range(CHILDREN):
        yield {
            "child": number,
            "dob": f"{draw.randint(2008, 2018)}-{draw.choice(['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug'])}-{draw.randint(1, 28):02}",
            "surname": draw.choice(words),
            "forename": draw.choice(words),
            "sex": draw.choice("FM"),
            "postcode": f"WV{draw.randint(10, 29)} {draw.randint(1, 9)}{draw.choice('ABDEF')}{draw.choice('ABDEF')}",
        }


def seen_by(authority, child, draw):
    """The child as this authority wrote it: the second one has many that moved, and some that it spells otherwise."""
    told = dict(child, number=f"{authority}N{7 * child['child'] + int(authority):06}")
    if authority == "991" and draw.random() < 0.5:
        told["postcode"] = f"NR{draw.randint(10, 29)} {draw.randint(1, 9)}AB"
    if authority == "991" and draw.random() < 0.3:
        told["forename"] = told["forename"][:-1] + "x"
    return told


def authority_s(folder, authority, children):
    place = folder / authority / "school_census" / "2025-spring"
    place.mkdir(parents=True)
    (place / "SYNTHETIC.json").write_text("{}")
    pupils, addresses = PUPILS, ADDRESSES
    for one in children:
        pupils += "{number},SCH7,{dob} 00:00:00,{surname},{forename},,,,{sex},WBRI\n".format(**one)
        addresses += "{number},SCH7,{postcode},,\n".format(**one)
    (place / "2025_spring_pupilonroll.csv").write_text(pupils)
    (place / "2025_spring_addresses.csv").write_text(addresses)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Both authorities' returns and keys; gives who is who: (authority, its number) to child."""
    monkeypatch.chdir(tmp_path)
    draw = random.Random(7)
    children, who = list(population(draw)), {}
    for authority, some in (("990", children[:400]), ("991", children[400 - BOTH :])):
        seen = [seen_by(authority, child, draw) for child in some]
        authority_s(tmp_path, authority, seen)
        who |= {(authority, one["number"]): one["child"] for one in seen}
    for name in ("ours", "sent"):
        (tmp_path / name).mkdir()
    (tmp_path / "tre.toml").write_text(TOML)
    (tmp_path / "passphrase").write_bytes(WORDS)
    (tmp_path / "passphrase").chmod(0o600)
    Key(bytes(range(32)), "invented").write(tmp_path / "project.key", WORDS, cost=CHEAP)
    Signer(bytes(range(64))).write(tmp_path / "signer.key", WORDS, cost=CHEAP)
    RecipientKey(bytes(range(96))).write(tmp_path / "tre.key", WORDS, cost=CHEAP)
    return who


def by_record(path):
    """The own map as its authority reads it: record id to its own number."""
    with path.open() as file:
        return {row["record_id"]: row["local_id"] for row in csv.DictReader(file)}


def asked(folder, authority):
    with (folder / "asked" / f"pairs_{authority}.csv").open() as file:
        return list(csv.DictReader(file))


def answer(folder, authority, same):
    """Send the authority's list back with yes or no beside each pair."""
    rows = [row | {"answer": "yes" if same[row["pair"]] else "no"} for row in asked(folder, authority)]
    with (folder / f"answered_{authority}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_the_own_map_answers_the_linkers_list_and_the_answers_are_taken_in(
    place, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(clerical, "UNSURE", (0.0, 1.0))  # every pair that was compared is asked about
    keys = "--project tre.toml --key project.key --signer signer.key --to tre.key.pub --passphrase-file passphrase"
    for at in ("990", "991"):
        words = f"pseudonymise {at} --authority {at} {keys} --into sent/{at}.parcel --own-map ours/{at}.csv"
        assert tre([*words.split(), "--log", f"{at}.log"]) == 0, capfd.readouterr().err
    trust = "--key tre.key --trust signer.key.pub --passphrase-file passphrase --engine model"
    assert tre(f"link sent/990.parcel sent/991.parcel {trust} --into spine".split()) == 0, (
        capfd.readouterr().err
    )
    assert tre(["clerical", "spine", "--lists", "asked"]) == 0

    known = {}  # what each authority says each pair's record is, from its own map alone
    for at in ("990", "991"):
        ours, rows = by_record(tmp_path / "ours" / f"{at}.csv"), asked(tmp_path, at)
        assert len(rows) > 300
        assert {row["record_id"] for row in rows} <= ours.keys()
        known[at] = {row["pair"]: place[at, ours[row["record_id"]]] for row in rows}
    assert known["990"].keys() == known["991"].keys()
    same = {pair: child == known["991"][pair] for pair, child in known["990"].items()}
    assert (
        sum(same.values()) > 300
    )  # the maps do name the children: by chance two of 400 are hardly ever the same
    for at in ("990", "991"):
        answer(tmp_path, at, same)
    capfd.readouterr()
    words = "clerical spine --answers answered_990.csv --answers answered_991.csv --json"
    assert tre([*words.split(), "--by", "A. Linker"]) == 0
    told = json.loads(capfd.readouterr().out)
    apart = len(same) - sum(same.values())
    assert told == {"same": sum(same.values()), "not same": apart, "contradicted": 0, "open": 0}
    assert dict(clerical.decisions(tmp_path / "spine")[["pair", "same"]].to_numpy().tolist()) == same
