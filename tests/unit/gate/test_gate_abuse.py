"""The abuse cases of the threat model, by number: each fails closed. Those of the pages are in tests/web."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.gate import (
    accounts,
    comparison,
    filetypes,
    folder,
    keeping,
    names,
    orm,
    releases,
    requests,
    reviews,
    store,
)
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role
from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound, Unsafe
from tre_toolkit.gate.render import show
from tre_toolkit.gate.verify import Refused, tag_lines, verify_release
from tre_toolkit.keyfile import Cost, check_passphrase, open_secret
from tre_toolkit.signing import Signer

PACKAGE = Path(folder.__file__).parents[1]


def add(house: Any, key: str, name: str) -> None:
    requests.add(house.gate, house.ada, key, house.workspace, [name])


def blob_of(house: Any, key: str) -> Path:
    return store.place(house.gate, requests.outputs(models.Request.objects.get(pk=key))[0].sha256)


def spoil(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"East,1\n")


@pytest.mark.parametrize(
    "name",
    ["../table.csv", "/etc/passwd.csv", "C:\\x.csv", "a\\b.csv", "a\0.csv", "~/x.csv", "%2e%2e/x.csv", "%252e%252e/x.csv",
     "a/../../x.csv", "./x.csv", "a//x.csv", "", "x/..", ".hidden.csv"],
)  # fmt: skip
def test_a01_a_name_that_leads_elsewhere_is_refused_and_nothing_read(house: Any, name: str) -> None:
    key = house.draft()
    before = sorted(house.gate.blobs.rglob("*"))
    with pytest.raises(Unsafe):
        add(house, key, name)
    assert sorted(house.gate.blobs.rglob("*")) == before


def test_a02_links_pipes_devices_and_swapped_folders_are_refused(house: Any) -> None:
    key, ground = house.draft(), house.workspace
    (ground / "link.csv").symlink_to(ground / "table.csv")
    os.link(ground / "table.csv", ground / "twin.csv")
    os.mkfifo(ground / "pipe.csv")
    (ground / "elsewhere").mkdir()
    (ground / "elsewhere/x.csv").write_text("a,b\n1,2\n")
    (ground / "swapped").symlink_to(ground / "elsewhere")
    for name in ("link.csv", "twin.csv", "pipe.csv", "swapped/x.csv", "elsewhere"):
        with pytest.raises(Unsafe):
            add(house, key, name if name != "elsewhere" else "elsewhere.csv")
    os.unlink(ground / "twin.csv")
    add(house, key, "elsewhere/x.csv")


@pytest.mark.parametrize("when", ["after submit", "after one vote", "after both votes"])
def test_a03_bytes_replaced_in_the_store_are_noticed(house: Any, tmp_path: Path, when: str) -> None:
    key = house.submitted() if when != "after both votes" else house.approved()
    if when == "after one vote":
        reviews.vote(house.gate, house.ben, key, approve=True)
    spoil(blob_of(house, key))
    with pytest.raises(store.Altered):
        if when == "after both votes":
            releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
        else:
            reviews.vote(house.gate, house.cam, key, approve=True)
    assert house.state(key) == "blocked"
    assert not (tmp_path / "out").exists()


def test_a03_a_file_replaced_in_the_workspace_changes_nothing(house: Any, tmp_path: Path) -> None:
    key = house.approved()
    house.write("table.csv", "area,children\nNorth,1\n")
    releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert b"120" in (tmp_path / "out/data/table.csv").read_bytes()


def test_a04_the_same_bytes_in_a_new_request_inherit_no_vote(house: Any) -> None:
    house.approved()
    again = house.submitted()
    request = models.Request.objects.get(pk=again)
    assert reviews.approvals(house.gate, request, requests.outputs(request)[0]) == frozenset()
    with pytest.raises(Conflict):
        reviews.vote(house.gate, house.ben, again, approve=True, seen=1)
    with pytest.raises(Conflict):
        reviews.vote(house.gate, house.ben, again, approve=True, sha256="0" * 64)


def test_a05_an_author_approves_through_no_account(house: Any) -> None:
    key = house.submitted()
    second = house.account("ada-c", Role.SENIOR_CHECKER, "Ada Researcher")
    member = house.account("mem", Role.CHECKER, "Mem Colleague", "main")
    admin = house.account("ada-k", Role.ADMINISTRATOR, "Ada Researcher")
    for account in (house.ada, second, member, admin, house.kit):
        with pytest.raises((NotAllowed, NotFound)):
            reviews.vote(house.gate, account, key, approve=True)


def test_a05_a_role_changed_after_the_vote_takes_the_vote_away(house: Any, tmp_path: Path) -> None:
    key = house.approved()
    accounts.change_role(house.gate, "ben", Role.RESEARCHER, by="kit")
    with pytest.raises(Conflict, match="still count"):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert house.state(key) == "approved"


def test_a06_one_reviewer_has_one_vote_whatever_the_account(house: Any) -> None:
    key = house.submitted()
    again = house.account("ben2", Role.CHECKER, "Ben Checker")
    for account in (house.ben, house.ben, again):
        reviews.vote(house.gate, account, key, approve=True)
    assert models.Vote.objects.count() == 1
    assert house.state(key) == "in_review"


def _together(*works: Any) -> list[Any]:
    """Run at the same instant, each in a thread with a connection of its own; what each ended with."""
    ends: list[Any] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(at: int) -> None:
        gate.wait()
        try:
            ends[at] = works[at]()
        except BaseException as error:  # whatever it is, the test looks at it
            ends[at] = error
        finally:
            orm.close()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def test_a07_two_votes_at_once_and_a_vote_against_a_withdrawal(house: Any) -> None:
    for _ in range(5):
        key, ben, cam = house.submitted(), house.ben, house.cam
        ends = _together(
            lambda k=key, b=ben: reviews.vote(house.gate, b, k, approve=True),
            lambda k=key, c=cam: reviews.vote(house.gate, c, k, approve=True),
        )
        assert not [e for e in ends if isinstance(e, BaseException)]
        assert house.state(key) == "approved"
        key, ada = house.submitted(), house.ada
        ends = _together(
            lambda k=key, b=ben: reviews.vote(house.gate, b, k, approve=True),
            lambda k=key, a=ada: requests.withdraw(house.gate, a, k),
        )
        assert all(e is None or not isinstance(e, BaseException) or isinstance(e, TreError) for e in ends)
        assert house.state(key) == "withdrawn"
    assert audit.verify(house.gate.log) == models.Journal.objects.count()


def test_a08_a_release_clicked_fifty_times_happens_once(house: Any, tmp_path: Path) -> None:
    key, dee = house.approved(), house.dee
    ends = _together(
        *(
            lambda n=n: releases.make(house.gate, dee, key, tmp_path / f"out{n}", house.signer)
            for n in range(50)
        )
    )
    won = [e for e in ends if not isinstance(e, BaseException)]
    assert len(won) == 1
    assert all(isinstance(e, TreError) for e in ends if isinstance(e, BaseException))
    assert len(list(tmp_path.glob("out*"))) == 1
    assert models.Release.objects.count() == 1


@pytest.mark.parametrize("step", ["_stage", "_commit", "_place"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a09_a_crash_at_any_step_of_a_release_leaves_all_or_nothing(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, side: str
) -> None:
    class Crash(BaseException):
        pass

    key, real = house.approved(), getattr(releases, step)

    def crashes(*args: Any) -> Any:
        if side == "after":
            real(*args)
        raise Crash

    monkeypatch.setattr(releases, step, crashes)
    monkeypatch.setattr(releases, "_undo", lambda *a, **k: None)  # a killed process tidies nothing
    monkeypatch.setattr(shutil, "rmtree", lambda *a, **k: None)
    with pytest.raises(Crash):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    monkeypatch.undo()
    orm.close()
    folder.open_gate(house.gate.folder)
    committed = (step, side) in {("_commit", "after"), ("_place", "before"), ("_place", "after")}
    assert house.state(key) == ("released" if committed else "approved")
    assert (tmp_path / "out").exists() is committed
    assert not list(tmp_path.glob(".out*"))
    if committed:
        verify_release(tmp_path / "out", house.gate.verifier())


def bomb(*, entries: int = 1, size: int = 100_000_000) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(entries):
            archive.writestr(f"xl/x{number}.xml", b"\0" * size)
    return held.getvalue()


@pytest.mark.parametrize(
    "raw", [bomb(), bomb(entries=1500, size=1), bomb(size=40_000_000)], ids=["100 MB", "1,500 parts", "ratio"]
)
def test_a10_a_workbook_that_unpacks_to_too_much_is_refused_at_once(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Unsafe):
        filetypes.identify("x.xlsx", io.BytesIO(raw))
    assert time.process_time() - started < 1


def test_a10_a_workbook_with_a_workbook_in_it_is_refused() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/embeddings/inner.xlsx", "PK")
    with pytest.raises(Unsafe):
        filetypes.identify("x.xlsx", io.BytesIO(held.getvalue()))


USES = "".join(f"<g id='a{n}'>" + f"<use href='#a{n - 1}'/>" * 10 + "</g>" for n in range(1, 8))
A11 = {
    "png 50,000 square": ("x.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (50_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xaeB`\x82"),
    "svg use bomb": ("x.svg", f"<svg xmlns='http://www.w3.org/2000/svg'><g id='a0'><path/></g>{USES}</svg>".encode()),
    "xml entity bomb": ("x.svg", b"<!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>"),
    "json depth": ("x.json", b"[" * 100_000 + b"]" * 100_000),
    "pdf loop": ("x.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"),
}  # fmt: skip


@pytest.mark.parametrize("case", A11)
def test_a11_bombs_are_refused_at_the_door_or_in_the_child(case: str) -> None:
    name, raw = A11[case]
    with pytest.raises(Unsafe):
        type_ = filetypes.identify(name, io.BytesIO(raw))
        show(raw, type_.name)


@pytest.mark.parametrize("cell", ["=1+1", "+1+cmd", "-1-x", "@SUM(A1)", '"\t=1"', '" =1+1"', "＝1+1"])
def test_a12_cells_that_a_spreadsheet_would_run_are_flagged_and_unchanged(cell: str, house: Any) -> None:
    raw = f"a,b\nx,{cell}\n".encode()
    shown = show(raw, "csv")
    assert any("formula" in note for note in shown.notes)
    assert "class='f'" in shown.html
    key = house.draft()
    house.write("f.csv", raw)
    add(house, key, "f.csv")
    assert store.read(house.gate, requests.outputs(models.Request.objects.get(pk=key))[0].sha256) == raw


A15 = {
    "png with a zip behind": ("x.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xaeB`\x82PK\x03\x04"),
    "gif as png": ("x.png", b"GIF89a/*"),
    "pdf as html": ("x.html", b"%PDF-1.4 <html>"),
    "html in a pdf's tail": ("x.pdf", b"%PDF-1.4\n%%EOF\n<html><script>1</script>"),
    "csv in utf-16": ("x.csv", "a,b\n1,2\n".encode("utf-16")),
    "csv in utf-7": ("x.csv", b"a,b\n+ADw-script+AD4-,1\n"),
    "pickle as csv": ("x.csv", b"\x80\x04\x95\x00"),
    "parquet as csv": ("x.csv", b"PAR1\x15\x04"),
    "gzip as txt": ("x.txt", b"\x1f\x8b\x08\0"),
    "csv with nul": ("x.csv", b"a,b\n1,\x002\n"),
    "latin-1 as txt": ("x.txt", "café".encode("latin-1")),
    "zip as xlsx": ("x.xlsx", b"PK\x03\x04 but no more"),
    "nothing": ("x.csv", b""),
    "no suffix": ("README", b"text"),
    "a stata file": ("x.dta", b"<stata_dta>"),
    "an R file": ("x.rds", b"X"),
    "a model": ("model.pkl", b"x"),
    "a page as json": ("x.json", b"<html>"),
    "a key twice": ("x.json", b'{"a":1,"a":2}'),
}  # fmt: skip


@pytest.mark.parametrize("case", A15)
def test_a15_name_and_bytes_must_agree(case: str) -> None:
    name, raw = A15[case]
    with pytest.raises(Unsafe):
        filetypes.identify(name, io.BytesIO(raw))


def test_a16_what_a_file_hides_is_told(tmp_path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from PIL import Image, PngImagePlugin

    book = Workbook()
    sheet = book.active
    sheet.append(["area", "n"])
    sheet["A2"], sheet["B2"] = "North", "secret"
    sheet["B2"].font = Font(color="FFFFFFFF")
    sheet["A2"].comment = Comment("NHS", "me")
    sheet.row_dimensions[2].hidden = True
    book.create_sheet("inside").sheet_state = "veryHidden"
    book.properties.creator = "Somebody"
    held = io.BytesIO()
    book.save(held)
    told = " ".join(show(held.getvalue(), "xlsx").notes)
    for hidden in ("hidden sheet", "hidden rows", "comments", "white text", "name people"):
        assert hidden in told
    picture, words = Image.new("RGB", (4, 4)), PngImagePlugin.PngInfo()
    words.add_text("Author", "Somebody")
    held = io.BytesIO()
    picture.save(held, "PNG", pnginfo=words)
    assert any("Author" in note for note in show(held.getvalue(), "png").notes)
    exif = Image.Exif()
    exif[0x8825] = {1: "N"}
    held = io.BytesIO()
    picture.save(held, "JPEG", exif=exif)
    assert any("EXIF" in note for note in show(held.getvalue(), "jpg").notes)
    cell = {
        "cell_type": "code",
        "source": ["1"],
        "attachments": {"x": {}},
        "outputs": [{"data": {"text/html": "<b>"}}],
    }
    told = " ".join(show(json.dumps({"cells": [cell], "metadata": {"secret": 1}}).encode(), "ipynb").notes)
    for hidden in ("attachments", "text/html", "secret"):
        assert hidden in told


@pytest.mark.parametrize(
    "name",
    ["tаble.csv", "table\u202evsc.csv", "ta\u200bble.csv", "cafe\u0301.csv", "table.csv.", " table.csv", "NUL.csv", "com1.csv",
     "x" * 252 + ".csv", "😀.csv", "ta\nble.csv"],
)  # fmt: skip
def test_a17_names_that_deceive_are_refused(name: str) -> None:
    with pytest.raises(Unsafe) as refused:
        names.check_name(name)
    assert name not in str(refused.value) or not name.strip()
    assert names.shown(name).isprintable()


def test_a17_twins_by_case_are_refused(house: Any) -> None:
    key = house.draft("table.csv")
    house.write("Table.csv")
    with pytest.raises(Conflict, match="differs in nothing"):
        add(house, key, "Table.csv")
    assert names.check_name("Ysgol Gŵyr, 2023 (final).csv")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"id,n\n943 476 5919,1\n", "NHS number"),
        (b"upn,n\nA123456789012,1\n", "UPN"),
        (b"t,n\nt1_name_abcdefghij234567,1\n", "token"),
        (b"a,n\n" + b"QUJD" * 80 + b",1\n", "disguise"),
    ],
)
def test_a18_what_looks_like_a_person_or_a_file_in_a_cell_is_told(raw: bytes, told: str) -> None:
    assert any(told in note for note in show(raw, "csv").notes)


def test_a19_a_table_that_nearly_repeats_a_released_one_is_pointed_at(house: Any, tmp_path: Path) -> None:
    house.write("table.csv", "area,children\nNorth,120\nSouth,340\n")
    first = house.released(into=tmp_path / "out")
    house.write("next.csv", "area,children\nNorth,117\nSouth,340\n")
    key = house.submitted("next.csv")
    version = requests.outputs(models.Request.objects.get(pk=key))[0]
    kin = comparison.earlier_releases(house.gate, version)
    assert [(k.request, k.same, k.small, k.other) for k in kin] == [(int(first), 1, 1, 0)]


def test_a20_a_table_cut_into_many_requests_is_seen_together(house: Any, tmp_path: Path) -> None:
    for n in range(3):
        house.write(f"t{n}.csv", f"area,y{n}\nNorth,{120 + n}\nSouth,340\n")
        house.released(f"t{n}.csv", into=tmp_path / f"out{n}")
    house.write("sum.csv", "area,y0,y1,y2\nNorth,120,121,120\nSouth,340,340,340\n")
    version = requests.outputs(models.Request.objects.get(pk=house.submitted("sum.csv")))[0]
    assert len(comparison.earlier_releases(house.gate, version)) == 3


def test_a21_a_database_of_yesterday_is_noticed_when_the_gate_opens(house: Any) -> None:
    house.submitted()
    orm.close()
    database = house.gate.folder / "gate.sqlite3"
    yesterday = database.read_bytes()
    folder.open_gate(house.gate.folder)
    house.submitted()
    orm.close()
    database.write_bytes(yesterday)
    for more in ("-wal", "-shm"):
        database.with_name(database.name + more).unlink(missing_ok=True)
    with pytest.raises(TreError, match="rolled back"):
        folder.open_gate(house.gate.folder)


def test_a22_fields_can_not_be_shifted_into_one_another() -> None:
    one = audit.following(None, "x", {"a": "b|c", "d": "e"}, moment="m")
    two = audit.following(None, "x", {"a": "b", "c|d": "e"}, moment="m")
    assert one.digest != two.digest
    assert audit.canonical({"b": 1, "a": 2}) == audit.canonical({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="JSON"):
        audit.canonical({"a": float("nan")})


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """One clean release, signed with a key of its own."""
    from tre_toolkit.gate import bag as making

    place, signer = tmp_path_factory.mktemp("bag"), Signer.new()
    blob = place / "blob"
    blob.write_text("area,children\nNorth,120\n")
    item = making.Item(
        "tables/a.csv", blob, store.digest(blob), "csv", "text/csv", "PASS", "verified", ("Ben", "Cam")
    )
    facts = {
        "release": "r-1",
        "at": "2025-06-01T10:00:00+00:00",
        "gate": {"id": "gate-1", "name": "A gate", "fingerprint": signer.verifier.fingerprint},
        "request": {"number": 1, "turn": 1, "project": "main", "title": "T", "author": "Ada"},
        "released_by": "Dee",
        "audit": {"events": 1, "digest": "0" * 64},
    }
    (place / "release").mkdir()
    making.build(place / "release", [item], facts, signer)
    return place / "release", signer


def _retag(folder: Path) -> None:
    import hashlib

    tags = {
        p.name: hashlib.sha512(p.read_bytes()).hexdigest()
        for p in folder.iterdir()
        if p.is_file() and not p.name.startswith("tagm")
    }
    (folder / "tagmanifest-sha512.txt").write_bytes(tag_lines(tags))


A23 = {
    "a file fewer": ("missing", lambda f: (f / "data/tables/a.csv").unlink()),
    "a file more": ("extra", lambda f: (f / "data/b.csv").write_text("x")),
    "an empty folder more": ("extra", lambda f: (f / "data/more").mkdir()),
    "a file renamed": ("missing", lambda f: (f / "data/tables/a.csv").rename(f / "data/tables/b.csv")),
    "a file emptied": ("altered", lambda f: (f / "data/tables/a.csv").write_bytes(b"")),
    "a file longer": ("altered", lambda f: (f / "data/tables/a.csv").write_bytes((f / "data/tables/a.csv").read_bytes() + b"\n")),
    "the crate edited": ("altered", lambda f: (f / "data/ro-crate-metadata.json").write_text("{}")),
    "the bag's manifest edited": ("altered", lambda f: (f / "manifest-sha512.txt").write_text("")),
    "the tag manifest edited": ("bad-bag", lambda f: (f / "tagmanifest-sha512.txt").write_text("")),
    "the tag manifest gone": ("missing", lambda f: (f / "tagmanifest-sha512.txt").unlink()),
    "the declaration edited": ("wrong-signature", lambda f: (f / "release.json").write_text("{}")),
    "the declaration edited and the tags made to fit": ("wrong-signature", lambda f: ((f / "release.json").write_text((f / "release.json").read_text().replace("Ben", "Ada")), _retag(f))),
    "the signature upper-cased": ("wrong-signature", lambda f: (f / "release.sig").write_text((f / "release.sig").read_text().upper())),
    "the signature cut": ("wrong-signature", lambda f: (f / "release.sig").write_text((f / "release.sig").read_text()[:128] + "\n")),
    "the signature gone": ("not-a-release", lambda f: (f / "release.sig").unlink()),
    "the declaration gone": ("not-a-release", lambda f: (f / "release.json").unlink()),
    "a link in place of a file": ("not-plain", lambda f: ((f / "data/tables/a.csv").rename(f.parent / "moved.csv"), (f / "data/tables/a.csv").symlink_to(f.parent / "moved.csv"))),
    "a link more": ("not-plain", lambda f: (f / "data/l.csv").symlink_to(f / "bagit.txt")),
    "a name that differs in case": ("extra", lambda f: (f / "Release.json").write_text("{}")),
    "a hidden file": ("extra", lambda f: (f / "data/.x").write_text("x")),
}  # fmt: skip


@pytest.mark.parametrize("how", A23)
def test_a23_a_bent_release_is_refused_by_name_by_both_verifiers(
    bag: tuple[Path, Any], tmp_path: Path, how: str
) -> None:
    whole, signer = bag
    bent = Path(shutil.copytree(whole, tmp_path / "release"))
    verify_release(bent, signer.verifier)
    reason, bend = A23[how]
    bend(bent)
    with pytest.raises(Refused) as refused:
        verify_release(bent, signer.verifier)
    assert refused.value.reason == reason


def script() -> Path:
    return Path(__file__).parents[3] / "docs/reference/verify_release.py"


def run_script(release: Path, signer: Any, place: Path) -> subprocess.CompletedProcess[str]:
    key = place / "gate.pub"
    key.write_text(f"{signer.verifier}\n")
    return subprocess.run(
        [sys.executable, "-I", str(script()), str(release), str(key)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a23_the_stand_alone_script_agrees(bag: tuple[Path, Any], tmp_path: Path) -> None:
    whole, signer = bag
    assert len(script().read_text().splitlines()) <= 60
    ran = run_script(whole, signer, tmp_path)
    assert (ran.returncode, "VERIFIED" in ran.stdout) == (0, True), ran
    for number, (reason, bend) in enumerate(A23.values()):
        bent = Path(shutil.copytree(whole, tmp_path / str(number) / "release"))
        bend(bent)
        ran = run_script(bent, signer, tmp_path)
        assert ran.returncode == 1, reason
        assert "VERIFIED" not in ran.stdout
        assert "REFUSED" in ran.stderr


def test_a23_every_flipped_byte_is_noticed(bag: tuple[Path, Any], tmp_path: Path) -> None:
    import random

    whole, signer = bag
    bent = Path(shutil.copytree(whole, tmp_path / "release"))
    files = sorted(p for p in bent.rglob("*") if p.is_file())
    chance, verifier, missed = random.Random(5), signer.verifier, 0
    for _ in range(int(os.environ.get("TRE_GATE_MUTATIONS", "200"))):  # .ci/ordeal asks for 10,000
        file = chance.choice(files)
        right = file.read_bytes()
        at = chance.randrange(len(right))
        file.write_bytes(right[:at] + bytes([right[at] ^ (1 << chance.randrange(8))]) + right[at + 1 :])
        try:
            verify_release(bent, verifier)
            missed += 1
        except Refused:
            pass
        file.write_bytes(right)
    assert missed == 0
    verify_release(bent, verifier)


def test_a23_no_clean_release_is_refused(bag: tuple[Path, Any], tmp_path: Path) -> None:
    """Releases of one to six files, of all sizes, kinds of name and words people write: never a false alarm."""
    import random

    from tre_toolkit.gate import bag as making

    chance, signer, told = random.Random(11), bag[1], json.loads((bag[0] / "release.json").read_text())
    facts = {k: told[k] for k in ("at", "gate", "released_by", "audit")}
    words = [
        "North",
        "né à Ålesund",
        "50 % of all",
        "line\nbreak",
        'a "quoted" word',
        "<b>&amp;</b>",
        "x" * 300,
        "",
    ]
    for number in range(int(os.environ.get("TRE_GATE_BUNDLES", "20"))):  # .ci/ordeal asks for 1,000
        release, items = tmp_path / f"r{number}", []
        release.mkdir()
        for at in range(chance.randint(1, 6)):
            blob = tmp_path / f"blob{at}"
            blob.write_bytes(chance.randbytes(chance.choice([1, 17, 4096, 70_000])))
            name = chance.choice(["a.csv", "deep/er/b.tsv", "Büro (2024) & mehr.md", "c'est,ça=oui@x.log"])
            items.append(
                making.Item(
                    f"{at}/{name}", blob, store.digest(blob), "csv", "text/csv", "PASS", "none", ("B", "C")
                )
            )
        request = {
            "number": number,
            "turn": 1,
            "project": "main",
            "title": chance.choice(words),
            "author": "Ada",
        }
        making.build(release, items, {**facts, "release": f"r-{number}", "request": request}, signer)
        assert len(verify_release(release, signer.verifier).files) == len(items)
        shutil.rmtree(release)


def test_a23_another_gates_key_is_refused(bag: tuple[Path, Any]) -> None:
    with pytest.raises(Refused, match="wrong-signature"):
        verify_release(bag[0], Signer.new().verifier)


def test_a24_an_old_list_of_revocations_is_warned_of(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    from tre_toolkit.gate import verify

    house.released(into=tmp_path / "out")
    listed = releases.write_revocations(house.gate, house.signer)
    assert verify_release(tmp_path / "out", house.gate.verifier(), revocations=listed).warnings == ()

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=31)

    monkeypatch.setattr(verify, "datetime", Later)
    told = verify_release(tmp_path / "out", house.gate.verifier(), revocations=listed).warnings
    assert "31 days old" in told[0]
    listed.write_bytes(listed.read_bytes().replace(b"recalled", b"recallec"))
    with pytest.raises(Refused, match="bad-revocations"):
        verify_release(tmp_path / "out", house.gate.verifier(), revocations=listed)


def test_a25_no_secret_stands_anywhere_but_in_its_own_file(house: Any, tmp_path: Path) -> None:
    """The passphrase, the passwords and the key's bytes are looked for in everything the gate wrote."""
    key = house.released(into=tmp_path / "out")
    keeping.backup(house.gate, tmp_path / "backup.tar")
    seed = open_secret(house.gate.signer_key, b"quiet orange lamp 77", kind="signer")
    canaries = [b"quiet orange lamp 77", b"violet kettle 4141", seed, seed.hex().encode(), seed[:32]]
    for file in [p for p in tmp_path.rglob("*") if p.is_file()]:
        raw = file.read_bytes()
        assert not [c for c in canaries if c in raw], file.name
    assert seed.hex() not in repr(house.signer) + str(house.signer)
    with pytest.raises(NotAllowed) as refused:
        accounts.sign_in(house.gate, "ben", "violet kettle 4142")
    assert "kettle" not in str(refused.value)
    assert key


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a26_a_key_that_others_can_read_is_not_used(house: Any, mode: int, tmp_path: Path) -> None:
    house.gate.signer_key.chmod(mode)
    with pytest.raises(TreError, match="others"):
        Signer.read(house.gate.signer_key, b"quiet orange lamp 77")
    house.gate.signer_key.chmod(0o600)
    (tmp_path / "link.key").symlink_to(house.gate.signer_key)
    with pytest.raises(TreError, match="link"):
        Signer.read(tmp_path / "link.key", b"quiet orange lamp 77")


def test_a26_a_gate_that_others_can_open_is_not_opened(house: Any) -> None:
    house.gate.folder.chmod(0o755)
    with pytest.raises(TreError, match="others"):
        folder.open_gate(house.gate.folder)


@pytest.mark.parametrize("passphrase", [b"", b"short", b"aaaaaaaaaaaaaaaa", b"ababababababab"])
def test_a27_an_easy_passphrase_makes_no_gate(passphrase: bytes, tmp_path: Path) -> None:
    with pytest.raises(TreError):
        check_passphrase(passphrase)
    with pytest.raises(TreError):
        folder.new_gate(tmp_path / "gate", passphrase, cost=Cost(64, 1, 1))
    assert not (tmp_path / "gate").exists()
    with pytest.raises(TreError):
        accounts.check_new_password(passphrase.decode(), "ben")


def test_a28_no_digest_or_tag_of_a_secret_is_compared_with_equals() -> None:
    """Passwords go through argon2's own check, signatures through the library's: nothing here compares a MAC."""
    texts = {p: p.read_text() for p in (PACKAGE / "gate").rglob("*.py")}
    for path, text in texts.items():
        assert not re.search(r"\b(hmac|mac|tag|token|password|code)\w*\s*==", text), path.name


@pytest.mark.parametrize("action", ["write", "fsync", "rename", "link"])
def test_a35_a_disk_that_fails_at_any_step_leaves_no_half_release(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    import errno

    key = house.approved()
    full = OSError(errno.ENOSPC, "No space left on device")

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise full

    target = {
        "write": (shutil, "copyfile"),
        "fsync": (releases, "_sync"),
        "rename": (releases, "_place"),
        "link": (os, "fsync"),
    }
    with monkeypatch.context() as broken:
        broken.setattr(*target[action], fails)
        with pytest.raises(OSError, match="No space"):
            releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    orm.close()
    folder.open_gate(house.gate.folder)
    released = (tmp_path / "out").exists()
    assert house.state(key) == ("released" if released else "approved")
    if released:
        verify_release(tmp_path / "out", house.gate.verifier())
    else:
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert not list(tmp_path.glob(".out*"))


def test_a37_a_newer_an_empty_and_a_broken_database_are_not_opened(house: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('gate', '9999_later', '2025-01-01')"
        )
    with pytest.raises(TreError, match="newer version"):
        folder.open_gate(house.gate.folder)
    orm.close()
    database = house.gate.folder / "gate.sqlite3"
    for more in ("", "-wal", "-shm"):
        database.with_name(database.name + more).unlink(missing_ok=True)
    with pytest.raises(TreError, match="missing or empty"):
        folder.open_gate(house.gate.folder)
    orm.close()
    database.write_bytes(b"not a database" * 1000)
    with pytest.raises(TreError, match="can't be read"):
        folder.open_gate(house.gate.folder)


def test_a37_the_doctor_finds_a_blob_that_is_missing_or_altered(house: Any) -> None:
    key = house.submitted()
    assert all(c.well for c in keeping.look_over(house.gate) if c.name != "disk")
    spoil(blob_of(house, key))
    assert [c.name for c in keeping.look_over(house.gate) if not c.well and c.name != "disk"] == ["blobs"]
    blob_of(house, key).unlink()
    assert [c.name for c in keeping.look_over(house.gate) if not c.well and c.name != "disk"] == ["blobs"]


def test_a38_a_clock_set_back_changes_no_order(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    key = house.submitted()

    class Back(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(audit, "datetime", Back)
    reviews.vote(house.gate, house.ben, key, approve=True)
    count = models.Journal.objects.count()
    assert [e.number for e in audit.events(house.gate.log)] == list(range(1, count + 1))


def test_a39_wide_long_and_ragged_tables_are_bounded() -> None:
    wide = (
        ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" for _ in range(10_000)) + "\n"
    ).encode()
    assert "c9999" in show(wide, "csv").html
    field = b"a,b\n" + b"x" * 131_073 + b",1\n"
    assert show(field, "csv").html
    long = b"a,b\n" + b"1,2\n" * 100_000
    assert any("only the first" in note for note in show(long, "csv").notes)
    ragged = show(b"a,b\r\n1,2\n3,4,5\r6\n", "csv")
    assert any("not of one length" in note for note in ragged.notes)
    with pytest.raises(Unsafe, match="larger"):
        filetypes.identify("x.csv", io.BytesIO(b"1,2\n" * 2_000_000))


def test_a40_nothing_here_unpickles_or_loads_a_plugin_from_the_workspace() -> None:
    for path in (PACKAGE / "gate").rglob("*.py"):
        text = path.read_text()
        for bad in (
            "import pickle",
            "yaml.load",
            "eval(",
            " exec(",
            "os.system",
            "shell=True",
            "entry_points",
            "mark_safe",
        ):
            assert bad not in text, (path.name, bad)


def test_a44_a_vote_put_into_the_database_by_hand_is_seen_by_the_doctor(house: Any, tmp_path: Path) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True)
    request = models.Request.objects.get(pk=key)
    version = requests.outputs(request)[0]
    models.Vote.objects.create(
        request=request,
        version=version,
        sha256=version.sha256,
        turn=1,
        person=house.cam.person,
        account=house.cam,
        approve=True,
        nonce="0" * 32,
        ballot="0" * 64,
    )
    told = {c.name: c for c in keeping.look_over(house.gate)}
    assert not told["votes"].well
    assert "without an event" in told["votes"].told


def test_a11_the_child_that_shows_a_file_has_limits_it_can_not_raise(tmp_path: Path) -> None:
    code = (
        "import os, resource as r; from tre_toolkit.gate.render.child import LIMITS, confine; confine();"
        "print([r.getrlimit(k) == (v, v) for k, v in LIMITS.items()], flush=True);"
        f"os.write(os.open({str(tmp_path / 'x')!r}, os.O_CREAT | os.O_WRONLY), b'x')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout
    assert "False" not in ran.stdout
    assert "File too large" in ran.stderr
    assert (tmp_path / "x").stat().st_size == 0
