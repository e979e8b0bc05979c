"""The stages of the journey in order: who does what where, by which commands, what they see and what is hidden."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from tre_toolkit.demo.journey import Journey
from tre_toolkit.files import write_text

AUTHORITIES = {"990": "Marshland", "991": "Fenmere"}  # no authority in England has these codes
YEARS = "2023-2025"
TABLE = "furthest_by_ethnicity.csv"
FLOW = "state_flow.csv"
SAFE = "outputs/safe"
PACK = ("--pack", "dfe-cin")
CONTEXT = "Aggregate tables of invented children for the demonstration; no child is described."


def invent(journey: Journey) -> None:
    stage = journey.stage(
        "Invent two authorities",
        who="Anyone",
        place="anywhere",
        story="Synthetic returns from the schemas alone, with siblings, twins and children who move between authorities.",
    )
    codes = [word for code in AUTHORITIES for word in ("--authority", code)]
    journey.tre(
        "synth", "cin_census", "ssda903", "school_census", *codes, "--years", YEARS,
        "--children", str(journey.children), "--seed", str(journey.seed), "--into", "invented",
    )  # fmt: skip
    stage.saw = "The schemas of three returns and published national figures. No data file was opened."
    stage.hid = "Nothing: there is no real child in it. Four marks keep it from ever passing as real data."


def validate(journey: Journey) -> None:
    stage = journey.stage(
        "Validate the returns",
        who="Data controllers",
        place="in each authority",
        story="The DfE's own rules, by number, before anything is done with the returns.",
    )
    journey.together([("validate", f"invented/{code}") for code in AUTHORITIES])
    stage.saw = "Every cell of every return, inside the authority that holds it."
    stage.hid = "Its reports name rules, columns and row numbers. They never repeat what stands in a cell."


def make_keys(journey: Journey) -> None:
    stage = journey.stage(
        "Make keys",
        who="Data controllers and the TRE",
        place="each at home",
        story="One random project key, handed to the second authority under its public key; signing keys; the TRE's own key.",
    )
    for holder in (*AUTHORITIES, "tre", "gate-secrets"):
        (journey.folder / holder).mkdir()
        write_text(journey.folder / holder / "passphrase", secrets.token_urlsafe(24) + "\n", mode=0o600)
    first, second = AUTHORITIES
    journey.together(
        [("parcel", "new-key", "signer", f"{code}/signer.key", *secret(code)) for code in AUTHORITIES]
        + [("parcel", "new-key", "transport", f"{second}/transport.key", *secret(second))]
        + [("parcel", "new-key", "transport", "tre/tre.key", *secret("tre"))]
    )
    key = f"{first}/project.key"
    journey.tre("key", "new", "--project", "invented/tre.toml", "--into", key, *secret(first))
    journey.tre(
        "key",
        "wrap",
        "--key",
        key,
        "--to",
        f"{second}/transport.key.pub",
        "--into",
        "project.wrapped",
        *secret(first),
    )
    journey.tre(
        "key", "unwrap", "project.wrapped", "--transport", f"{second}/transport.key", "--into", f"{second}/project.key", *secret(second)
    )  # fmt: skip
    stage.saw = "Passphrases, from files only their owner can read."
    stage.hid = "Each private key is sealed by Argon2id. The project key never leaves the authorities: the TRE can't make a token."


def plan(journey: Journey) -> None:
    stage = journey.stage(
        "Agree the plan",
        who="Data controllers",
        place="in each authority",
        story="Every column of every return and its fate, printed for an information governance lead to sign. It writes nothing.",
    )
    first = next(iter(AUTHORITIES))
    fates = fates_told(journey.tre("plan", f"invented/{first}", "--project", "invented/tre.toml").said)
    columns, kept = sum(fates.values()), fates["keep"]
    stage.saw = f"{columns} columns of three returns, and what each reveals, from the catalogue."
    stage.hid = (
        f"{kept} columns stay as they are; {columns - kept} become tokens, are made coarser, or are dropped."
    )
    journey.headlines.append((f"{columns - kept} of {columns}", "columns tokenised, made coarser or dropped"))


def pseudonymise(journey: Journey) -> None:
    stage = journey.stage(
        "Pseudonymise and seal",
        who="Data controllers",
        place="in each authority",
        story="Identifiers become keyed tokens, dates of birth become months, and what is left is sealed for the TRE and signed.",
    )
    journey.together(
        [
            (
                "pseudonymise", f"invented/{code}", "--project", "invented/tre.toml", "--key", f"{code}/project.key",
                "--signer", f"{code}/signer.key", "--to", "tre/tre.key.pub", "--into", f"{code}/{code}.parcel",
                *secret(code), "--truth-map", f"{code}/truth-map.csv",
            )
            for code in AUTHORITIES
        ]
    )  # fmt: skip
    for code in AUTHORITIES:
        journey.tre("parcel", "verify", f"{code}/{code}.parcel", "--trust", f"{code}/signer.key.pub")
    stage.saw = "Names, pupil numbers, birth dates and postcodes, for the last time."
    stage.hid = "All of them. A missing or placeholder value gets no token, so that no two children are joined by a blank."


def link(journey: Journey) -> None:
    stage = journey.stage(
        "Link on tokens",
        who="The linker",
        place="in the linkage zone",
        story="Records join on tokens alone, and the tokens end here. The truth is known for invented children, so the links are scored.",
    )
    maps = [word for code in AUTHORITIES for word in ("--truth-map", f"{code}/truth-map.csv")]
    journey.tre("link", *parcels(), "--into", "spine", "--truth", "invented/truth.csv", *maps)
    journey.tre("workspace", "spine", *parcels(), "--into", "workspace")
    report = journey.read("spine/report.json")
    records, persons = report["records"]["in"], report["persons"]["all"]
    stage.saw = f"{records:,} records of both authorities as tokens: equal or not equal, nothing else."
    stage.hid = f"The tokens end here: {persons:,} children have ids of this project alone."
    journey.headlines.append((f"{persons:,}", f"children found in {records:,} records"))


def follow(journey: Journey) -> None:
    stage = journey.stage(
        "Follow pathways",
        who="A researcher",
        place="in the TRE workspace",
        story="From first referral, through plans, to care and beyond: who got how far, and by which steps.",
    )
    journey.tre("recipe", "run", "pathways", "--workspace", "workspace", "--into", "outputs")
    stage.saw = "Months of birth, events and codes under project ids."
    stage.hid = "Names, numbers, exact birth dates and postcodes are not there to be seen."


def check(journey: Journey) -> None:
    stage = journey.stage(
        "Check the outputs",
        who="A researcher",
        place="in the TRE workspace",
        story="The statistical disclosure checker looks at each file. Small numbers stop a table, and it says which and why.",
    )
    found = findings_told(journey.tre("check", f"outputs/{TABLE}", f"outputs/{FLOW}", *PACK, ends=1).said)
    stage.saw = "Two tables and, beside each, how many children stand behind every cell."
    stage.hid = f"It stops what isn't safe: {found} figures stand on too few children to leave."


def protect(journey: Journey) -> None:
    stage = journey.stage(
        "Protect the tables",
        who="A researcher",
        place="in the TRE workspace",
        story="Small cells are hidden, and others with them, so that no hidden number can be worked out from the totals "
        "of either table, or of both together.",
    )
    journey.tre(
        "protect", f"outputs/{TABLE}", f"outputs/{FLOW}", "--method", "suppress", *PACK, "--into", SAFE
    )
    journey.tre("check", f"{SAFE}/{TABLE}", f"{SAFE}/{FLOW}", *PACK)
    journey.tre("recipe", "draw", f"{SAFE}/{FLOW}", "--into", "outputs/state_flow.svg")
    done = [journey.read(f"{SAFE}/{name}.evidence.json")["protected"] for name in (TABLE, FLOW)]
    small, further = (sum(one[kind] for one in done) for kind in ("small", "further"))
    stage.saw = "The true counts, and every sum that an attacker could take."
    stage.hid = f"{small} small cells, and {further} more so that none can be worked out."
    journey.headlines.append(
        (f"{small + further}", "cells hidden, proved safe against an attack on the totals")
    )


def request(journey: Journey) -> None:
    stage = journey.stage(
        "Ask for release",
        who="A researcher",
        place="at the gate",
        story="Files are bound to their digests, with the context a checker needs.",
    )
    journey.tre("gate", "new", "gate", *PACK, "--workspace", "workspace", *secret("gate-secrets"))
    for name in PEOPLE:
        write_text(journey.folder / "gate-secrets" / name, secrets.token_urlsafe(18) + "\n", mode=0o600)
    journey.together(
        [
            (
                "gate", "user", "add", name, "--gate", "gate", "--role", role, "--person", person,
                "--password-file", f"gate-secrets/{name}",
            )
            for name, (role, person) in PEOPLE.items()
        ]
    )  # fmt: skip
    journey.tre(
        "request",
        "new",
        *at_gate("ada"),
        "--title",
        "Pathways, furthest state and flow",
        "--context",
        CONTEXT,
    )
    journey.tre("request", "add", "1", f"{SAFE}/{TABLE}", f"{SAFE}/{FLOW}", *at_gate("ada"))
    journey.tre("request", "submit", "1", *at_gate("ada"))
    stage.saw = "The protected tables and their evidence, copied by content."
    stage.hid = "Nothing else of the workspace goes to the gate."


def decide(journey: Journey) -> None:
    stage = journey.stage(
        "Two people decide",
        who="Output checkers",
        place="at the gate",
        story="The author can't vote on her own work. Two others look at the same bytes, each without seeing the other's vote.",
    )
    journey.tre("review", "vote", "1", "--approve", "--note", "my own work", *at_gate("ada"), ends=1)
    journey.tre(
        "review",
        "vote",
        "1",
        "--approve",
        "--note",
        "small cells hidden; attack finds nothing",
        *at_gate("ben"),
    )
    journey.tre("review", "vote", "1", "--approve", "--note", "checked against the evidence", *at_gate("cam"))
    stage.saw = "Each file, its findings, and the digest the vote is bound to."
    stage.hid = "Each reviewer's vote from the other, until both are in."
    journey.headlines.append(("2 people", "decided, neither of them the author"))


def release(journey: Journey) -> None:
    stage = journey.stage(
        "Release and verify",
        who="The release officer, then any recipient",
        place="at the gate, then anywhere",
        story="A signed bag leaves. Whoever gets it can check every byte offline; one changed byte is refused.",
    )
    journey.tre("release", "make", "1", *at_gate("dee"), *secret("gate-secrets"), "--into", "release")
    journey.tre("verify", "release", "--trust", "gate/gate.pub")
    with_one_byte_changed(
        journey.folder / "release",
        lambda: journey.tre("verify", "release", "--trust", "gate/gate.pub", ends=1),
    )
    journey.tre("audit", "verify", "gate/audit.log")
    stage.saw = "The approved bytes, and only those."
    stage.hid = "The audit log holds names of files, digests and counts: what was decided can be shown without showing data."


STAGES: tuple[Callable[[Journey], None], ...] = (
    invent, validate, make_keys, plan, pseudonymise, link, follow, check, protect, request, decide, release,
)  # fmt: skip
PEOPLE = {
    "ada": ("researcher", "Ada Researcher"),
    "ben": ("checker", "Ben Checker"),
    "cam": ("checker", "Cam Checker"),
    "dee": ("release_officer", "Dee Officer"),
}


def fates_told(said: str) -> dict[str, int]:
    """How many columns have each fate, from the line of the plan that tells it."""
    (line,) = re.findall(r"^columns +(.+)$", said, re.MULTILINE)
    return {fate: int(number) for number, fate in re.findall(r"(\d+) ([\w+]+)", line)}


def findings_told(said: str) -> int:
    """How many findings a check told, those it only counted too."""
    shown = len(re.findall(r"^ +(?:FAIL|REVIEW) ", said, re.MULTILINE))
    return shown + sum(map(int, re.findall(r"and (\d+) more", said)))


def secret(holder: str) -> tuple[str, str]:
    return "--passphrase-file", f"{holder}/passphrase"


def at_gate(name: str) -> tuple[str, ...]:
    return "--gate", "gate", "--as", name, "--password-file", f"gate-secrets/{name}"


def parcels() -> tuple[str, ...]:
    trust = [word for code in AUTHORITIES for word in ("--trust", f"{code}/signer.key.pub")]
    return (
        *(f"{code}/{code}.parcel" for code in AUTHORITIES),
        "--key",
        "tre/tre.key",
        *trust,
        *secret("tre"),
    )


def with_one_byte_changed(bag: Path, act: Callable[[], object]) -> None:
    """Change one byte of a released file, act, and put it back."""
    file = sorted((bag / "data").rglob("*.csv"))[0]
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    try:
        act()
    finally:
        file.write_bytes(whole)
