"""Words that must stand nowhere in what a run leaves: long, so that no random byte spells one by chance."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pseudonymise import Key
from tre_toolkit.keyfile import Cost
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.signing import Signer

SHORTEST = 7  # characters; some spellings of a postcode have no more
TOML = """
id = "invented"
title = "Invented pathways"
purpose = "Tests."
datasets = ["ssda903", "school_census"]
[authorities]
990 = "North"
"""
CANARIES = {
    "number": "QX7734901",
    "upn": "N999199900001",
    "former_upn": "C999199900002",
    "born": "2013-Oct-17",
    "born_903": "17/10/2013",
    "surname": "Quibbleworth",
    "forename": "Zanthorpe",
    "middle": "Yvendilla",
    "postcode": "WV27 9FW",
    "uprn": "100098765432",
    "street": "Wobblegate",
}
FILES = {
    "ssda903/2025/header.csv": "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n{number},F,{born_903},WBRI,{upn},,\n",
    "ssda903/2025/episodes.csv": (
        "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
        "{number},01/06/2024,S,C2,N1,U4,PR1,,,,{postcode},{postcode},\n"
    ),
    "school_census/2025-spring/2025_spring_pupilonroll.csv": (
        "pupilonrolltableid,NativeId,dob,surname,forename,middlenames,upn,formerupn,sex,ethnicity\n"
        "{number},SCH7,{born} 00:00:00,{surname},{forename},{middle},{upn},{former_upn},F,WBRI\n"
    ),
    "school_census/2025-spring/2025_spring_addresses.csv": (
        "pupilonrolltableid,NativeId,postcode,street,uniquepropertyreferencenumber\n"
        "{number},SCH7,{postcode},{street},{uprn}\n"
    ),
}


def spellings(words: Iterable[str]) -> set[bytes]:
    """Each word in small letters, with and without its blanks, as bytes."""
    plain = {word.lower() for word in words}
    found = {form.encode() for form in plain | {word.replace(" ", "") for word in plain}}
    if any(len(one) < SHORTEST for one in found):
        raise ValueError("a canary this short could stand somewhere by chance")
    return found


def found_in(folder: Path, words: Iterable[str], *, but: Iterable[Path] = ()) -> dict[str, list[bytes]]:
    """File to the words found in its bytes, in any letters' case and in UTF-16, for all files below `folder` not below `but`."""
    sought, left_out = spellings(words), set(but)
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or left_out & set(path.parents):
            continue
        lowered = path.read_bytes().lower()
        wide = lowered.replace(b"\0", b"")
        if given := [word for word in sought if word in lowered or word in wide]:
            found[str(path.relative_to(folder))] = given
    return found


def authority_s_folder(folder: Path, extracts: str, *, spoilt: bool = False) -> None:
    """Returns of one child who has every canary below `extracts`, the project, and keys that open cheaply."""
    for name, text in FILES.items():
        path = folder / extracts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        told = text.replace("WBRI", "{upn}") if spoilt and "pupil" in name else text
        path.write_text(told.format(**CANARIES))
        path.with_name("SYNTHETIC.json").write_text("{}")
    words, cheap = b"four plain random words", Cost(memory=64, passes=1, lanes=1)
    (folder / "tre.toml").write_text(TOML)
    (folder / "passphrase").write_bytes(words + b"\n")
    (folder / "passphrase").chmod(0o600)
    Key(bytes(range(32)), "invented").write(folder / "project.key", words, cost=cheap)
    Signer(bytes(range(64))).write(folder / "signer.key", words, cost=cheap)
    RecipientKey(bytes(range(96))).write(folder / "tre.key", words, cost=cheap)
