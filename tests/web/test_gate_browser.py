"""The pages in a real browser: every page and state for axe, a review by keys only, and nothing that runs or loads.

Needs Debian's chromium, playwright from PyPI and axe-core from npm (in `.web/`); skips with the reason where one is
missing. With TRE_PICTURES set to a folder, the pictures of the checker's guide are taken on the way.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.gate import orm, requests, reviews
from tre_toolkit.gate.orm import models

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parents[2] / ".web/node_modules/axe-core/axe.min.js"
PASSWORD = "violet kettle 4141"
SIZE = {"width": 1280, "height": 860}
PAYLOADS = (Path(__file__).parent / "xss_payloads.txt").read_text().splitlines()
FAILING = {"verdict": "FAIL", "rule": "ons-srs/threshold", "where": "row 3, column children", "message": "a count of fewer than 10 children", "fix": "tre protect table.csv --method suppress"}  # fmt: skip


class Visit:
    """A browser at the gate: pages of one person, with what left the house and what ran written down."""

    def __init__(self, browser: Any, address: str) -> None:
        self.address, self.ran, self.left = address, [], []
        self.context = browser.new_context(viewport=SIZE, locale="en-GB")
        self.page = self.context.new_page()
        self.page.on("dialog", lambda d: (self.ran.append("dialog"), d.dismiss()))
        self.page.on("request", lambda r: self._see(r.url))
        self.page.on("pageerror", lambda e: self.ran.append(str(e)))

    def _see(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "about:")):
            self.left.append(url)

    def sign_in(self, login: str) -> Any:
        self.page.goto(f"{self.address}/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.page.click("button.main")
        self.page.wait_for_load_state()
        assert not self.page.url.endswith("/sign-in")
        return self.page

    def go(self, path: str) -> Any:
        self.page.goto(f"{self.address}{path}")
        return self.page

    def violations(self) -> list[str]:
        """What axe finds on this page at WCAG 2.2 AA, as lines to read."""
        # run in the page's isolated world: our own policy lets no foreign script into the page itself
        self.page.evaluate(AXE.read_text())
        tags = json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
        found = self.page.evaluate(f"() => axe.run(document, {{runOnly: {tags}}})")
        return [f"{v['id']}: {n['html'][:120]}" for v in found["violations"] for n in v["nodes"]]

    def picture(self, name: str) -> None:
        if place := os.environ.get("TRE_PICTURES"):
            height = self.page.evaluate("document.documentElement.scrollHeight")
            self.page.set_viewport_size({"width": 1280, "height": max(560, height)})
            self.page.wait_for_timeout(700)  # the frame is painted anew
            self.page.screenshot(path=str(Path(place) / f"{name}.png"))
            self.page.set_viewport_size(SIZE)


@pytest.fixture
def served(house: Any) -> Iterator[str]:
    from tre_toolkit.gate.web.server import make_server

    server = make_server(house.gate, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
    orm.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None or not AXE.is_file():
        pytest.skip("needs chromium from apt and axe-core from npm (npm install --prefix .web axe-core)")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")
    # playwright keeps an event loop in this thread; the test's own looks into the database are no business of it
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as driver:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
        started = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


def version_of(key: str, at: int = 0) -> int:
    return int(requests.outputs(models.Request.objects.get(pk=key))[at].pk)


def test_every_page_in_every_state_passes_axe_and_calls_nobody(
    house: Any, served: str, browser: Any, tmp_path: Path
) -> None:
    house.write("regions.csv", "region,children,share\nNorth,120,26%\nSouth,340,74%\n")
    house.write("small.csv", "region,children\nNorth,120\nEast,3\n")
    house.write("notes.md", "# How\nCounted by region.\n")
    house.said["small.csv"] = [FAILING]
    draft = house.draft("regions.csv")
    waiting = house.submitted("regions.csv", "small.csv", "notes.md")
    reviews.ask_exception(
        house.gate, house.ada, waiting, file="small.csv", rule=FAILING["rule"], reason="published before"
    )
    requests.comment(house.gate, house.ben, waiting, "Is this the calendar year?")
    split = house.submitted("regions.csv")
    reviews.vote(house.gate, house.ben, split, approve=True)
    reviews.vote(house.gate, house.cam, split, approve=False, note="which year?")
    done = house.released("regions.csv", into=tmp_path / "out")
    back = house.submitted("regions.csv")
    reviews.give_back(house.gate, house.ben, back, note="round to 5")
    others = _in_other_states(house)
    tour = {
        "ada": ["/requests", "/requests/new", f"/requests/{draft}", f"/requests/{back}", f"/requests/{done}", "/you", "/help"],
        "ben": ["/queue", f"/requests/{waiting}", f"/requests/{waiting}/files/{version_of(waiting)}", f"/requests/{waiting}/files/{version_of(waiting, 2)}",
                f"/requests/{waiting}/files/{version_of(waiting)}/changes", "/metrics", "/nowhere", f"/requests/{waiting}/files/{version_of(waiting, 1)}"],
        "cam": [f"/requests/{key}" for key in others],
        "sam": [f"/requests/{split}", f"/requests/{waiting}/files/{version_of(waiting, 2)}"],
        "dee": [f"/requests/{done}"],
        "ova": ["/audit", "/audit?verify=1"],
        "kit": ["/accounts"],
    }  # fmt: skip
    wrong: list[str] = []
    for login, pages in tour.items():
        visit = Visit(browser, served)
        visit.go("/sign-in")
        wrong += [f"/sign-in {v}" for v in visit.violations()] if login == "ada" else []
        visit.picture("sign-in")
        visit.sign_in(login)
        for at, path in enumerate(pages):
            visit.go(path).wait_for_load_state("networkidle")
            wrong += [f"{path} {v}" for v in visit.violations()]
            visit.picture(f"{login}-{at}")
        assert visit.ran == []
        assert visit.left == []
        visit.context.close()
    visit = Visit(browser, served)
    wrong += _second_factor_in_each_state(house, visit.sign_in("ben"), visit)
    assert (visit.ran, visit.left) == ([], [])
    visit.context.close()
    assert wrong == []


def _second_factor_in_each_state(house: Any, page: Any, visit: Visit) -> list[str]:
    """What axe finds on the page You while a secret is offered and a wrong code was shown, and where a factor can be replaced or taken away."""
    visit.go("/you")
    page.click("text=Make a new one")
    page.fill("#code", "nothing")
    page.click("main button.main")
    assert "not the code of the moment" in page.inner_text("[role=alert]")
    wrong = visit.violations()
    models.Account.objects.filter(login="ben").update(totp="A" * 32)
    visit.go("/you")
    wrong += visit.violations()
    page.click("text=Make a new one")
    return [f"/you {line}" for line in wrong + visit.violations()]


def _in_other_states(house: Any) -> list[str]:
    """Requests in the states the tour would not reach: in review, rejected, withdrawn, approved, recalled, releasing, blocked."""
    keys = [house.submitted("regions.csv") for _ in range(7)]
    reviews.vote(house.gate, house.ben, keys[0], approve=True)
    states = ("rejected", "withdrawn", "approved", "recalled", "releasing", "blocked")
    for key, state in zip(keys[1:], states, strict=True):
        models.Request.objects.filter(pk=key).update(state=state)
    return keys


def test_ten_files_are_reviewed_by_keys_only(house: Any, served: str, browser: Any) -> None:
    key = house.submitted(*(f"t{n}.csv" for n in range(10)))
    visit = Visit(browser, served)
    page = visit.sign_in("ben")
    visit.go(f"/requests/{key}/files/{version_of(key)}")
    for _ in range(9):
        with page.expect_navigation():
            page.keyboard.press("a")
    page.keyboard.press("s")
    page.keyboard.type("one last refusal, with words: a c n p do nothing here")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    with page.expect_navigation():
        page.keyboard.press("c")
    assert house.state(key) == "in_review"
    assert list(models.Vote.objects.order_by("version_id").values_list("approve", flat=True)) == [
        True
    ] * 9 + [False]
    visit.context.close()


STAGES = "Region,Referral,Plan,Looked after,Total\nNorth,120,44,17,181\nSouth,{},51,{},150\nEast,88,39,12,139\nTotal,{},134,{},470\n"
QUESTION = {"verdict": "REVIEW", "rule": "house/unit", "where": "whole table", "message": "rows counted, not children: nothing says what was counted", "fix": "make the table with evidence whose unit is child, or say what the unit is"}  # fmt: skip
SMALL = {"verdict": "FAIL", "rule": "dfe-cin/count", "where": "Region 'South', column 'Looked after'", "message": "a figure stands on fewer than 6 (rows counted, not children)", "fix": "hide it (`tre protect --method suppress --pack dfe-cin`), or merge it with a neighbour"}  # fmt: skip


def test_the_checkers_tutorial_by_pages(house: Any, served: str, browser: Any) -> None:
    """Queue, findings, return, vote by key, release and recall, with the pictures of the tutorial taken on the way."""
    house.start_signer()
    house.write("outputs/stages.csv", STAGES.format(96, 3, 304, 32))
    house.write("safe/stages.csv", STAGES.format("c", "c", "c", "c"))
    house.said["stages.csv"] = [QUESTION, SMALL]
    context = "Invented children referred in 2024, by region and furthest stage; for the annual report."
    key = str(requests.new(house.gate, house.ada, title="Stages by region", context=context).pk)
    requests.add(house.gate, house.ada, key, house.workspace, ["outputs/stages.csv"])
    requests.submit(house.gate, house.ada, key)
    wrong: list[str] = []

    def seen(visit: Visit, name: str) -> None:
        visit.page.wait_for_load_state("networkidle")
        wrong.extend(f"{name} {found}" for found in visit.violations())
        visit.picture(f"checker-{name}")

    ben = Visit(browser, served)
    page = ben.sign_in("ben")
    seen(ben, "queue")
    page.click("text=Stages by region")
    page.click("text=outputs/stages.csv")
    frame = page.frame_locator("iframe")
    assert frame.locator("td.found").all_text_contents() == ["3"]
    assert page.locator("button.yes").is_disabled()
    page.click("text=Region 'South', column 'Looked after'")
    page.wait_for_timeout(300)
    seen(ben, "fail")
    ben.go(f"/requests/{key}")
    page.fill("#note", "One cell is below 6: protect the table, then send it again.")
    page.click("text=Return to the author")
    assert house.state(key) == "returned"
    house.said["stages.csv"] = [QUESTION]
    requests.remove(house.gate, house.ada, key, "outputs/stages.csv")
    requests.add(house.gate, house.ada, key, house.workspace, ["safe/stages.csv"])
    requests.submit(house.gate, house.ada, key)
    for login in ("ben", "cam"):
        visit = ben if login == "ben" else Visit(browser, served)
        if login == "cam":
            visit.sign_in("cam")
        visit.go(f"/requests/{key}/files/{version_of(key)}")
        if login == "ben":
            seen(visit, "review")
        with visit.page.expect_navigation():
            visit.page.keyboard.press("a")
        visit.page.wait_for_load_state()
    assert house.state(key) == "approved"
    dee = Visit(browser, served)
    page = dee.sign_in("dee")
    dee.go(f"/requests/{key}")
    seen(dee, "approved")
    with page.expect_navigation():
        page.click("text=Release these files")
    seen(dee, "released")
    assert house.state(key) == "released"
    page.fill("#reason", "counted over the wrong year")
    with page.expect_navigation():
        page.click("text=Recall this release")
    seen(dee, "recalled")
    assert house.state(key) == "recalled"
    assert wrong == []
    for visit in (ben, dee):
        assert (visit.ran, visit.left) == ([], [])


def _as_pdf(payloads: list[str]) -> bytes:
    """A page with the payloads as its text, title and author."""
    from PIL import Image

    held = io.BytesIO()
    joined = "".join(payloads)
    Image.new("RGB", (40, 40)).save(held, "PDF", title=joined, author=joined, subject=joined, keywords=joined)
    return held.getvalue()


def _as_png(payloads: list[str]) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    held, told = io.BytesIO(), PngInfo()
    for number, payload in enumerate(payloads):
        told.add_itxt(f"Comment{number}", payload)
    Image.new("RGB", (40, 40)).save(held, "PNG", pnginfo=told)
    return held.getvalue()


def _as_workbook(payloads: list[str]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    held, book = io.BytesIO(), Workbook()
    for payload in payloads:
        clean = ILLEGAL_CHARACTERS_RE.sub("", payload)
        book.active.append([clean, 1])
        book.active.cell(book.active.max_row, 1).data_type = "s"
    book.properties.creator = book.properties.title = ILLEGAL_CHARACTERS_RE.sub("", "".join(payloads))
    book.save(held)
    return held.getvalue()


def _everywhere(payloads: list[str]) -> dict[str, str | bytes]:
    """A file of each type that holds every payload, wherever such a file holds words."""
    from html import escape

    joined = "\n".join(payloads)
    quoted = "\n".join('"' + p.replace('"', '""') + '",1' for p in payloads)
    cell = {
        "cell_type": "markdown",
        "source": payloads,
        "outputs": [{"text": payloads, "data": {"text/html": joined}}],
    }
    texts = "".join(f"<text>{escape(p)}</text>" for p in payloads if p.isprintable())
    return {
        "cells.csv": f"a,b\n{quoted}\n",
        "cells.tsv": "a\tb\n" + "\n".join(p.replace("\t", " ").replace('"', "'") + "\t1" for p in payloads) + "\n",
        "page.html": f"<html><body>{joined}</body></html>".replace("<!ENTITY", ""),
        "page.md": joined,
        "lines.log": joined,
        "lines.txt": joined,
        "tree.json": json.dumps(payloads),
        "book.ipynb": json.dumps({"cells": [cell], "metadata": {p: p for p in payloads}}),
        "drawing.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100' onload='window.top.hit=1'>"
        f"<script>window.top.hit=1</script><title>{escape(payloads[0])}</title>{texts}</svg>",
        "words.pdf": _as_pdf(payloads),
        "words.png": _as_png(payloads),
        "cells.xlsx": _as_workbook(payloads),
        "a&b='x(1)' onload=alert(1).csv": "a,b\nN,120\n",
    }  # fmt: skip


def _people_and_titles(house: Any, payloads: list[str]) -> None:
    """Persons and waiting requests that are called by the payloads."""
    from django.utils import timezone

    account, now = house.ada, timezone.now()
    made = models.Person.objects.bulk_create(
        models.Person(name=f"{n} {p}"[:200]) for n, p in enumerate(payloads)
    )
    models.Account.objects.bulk_create(
        models.Account(login=f"x{n}", person=person, role="checker", password="!", stamp="-")
        for n, person in enumerate(made)
    )
    project = models.Project.objects.get()
    project.name = payloads[0][:100]
    project.save()
    models.Request.objects.bulk_create(
        models.Request(project=project, author=person, account=account, title=p[:200], context=p, state="submitted",
                       moved=now, submitted=now)
        for person, p in zip(made, payloads, strict=True)
    )  # fmt: skip


def test_nothing_that_anybody_wrote_runs_or_loads(house: Any, served: str, browser: Any) -> None:
    """Every payload in every sink: each type of file, findings, titles, contexts, comments, notes, reasons, people, project."""
    payloads = [p.replace("HIT", "window.top.hit=1;alert(1)") for p in PAYLOADS]
    assert len(set(payloads)) >= 250
    joined, files = "\n".join(payloads), _everywhere(payloads)
    for name, raw in files.items():
        house.write(name, raw)
    house.said["cells.csv"] = [
        {**FAILING, "rule": p[:80], "where": p, "message": p, "fix": p} for p in payloads
    ]
    key = str(requests.new(house.gate, house.ada, title=payloads[0], context=joined).pk)
    requests.add(house.gate, house.ada, key, house.workspace, list(files))
    requests.submit(house.gate, house.ada, key)
    requests.comment(house.gate, house.ben, key, joined)
    reviews.ask_exception(house.gate, house.ada, key, file="cells.csv", rule=payloads[0][:80], reason=joined)
    reviews.vote(house.gate, house.ben, key, approve=False, note=joined)
    _people_and_titles(house, payloads)
    found = requests.outputs(models.Request.objects.get(pk=key))
    assert {v.type for v in found} == {
        "csv",
        "tsv",
        "html",
        "md",
        "log",
        "txt",
        "json",
        "ipynb",
        "svg",
        "pdf",
        "png",
        "xlsx",
    }
    tour = {
        "ben": [f"/requests/{key}", "/queue"]
        + [f"/queue?show=all&page={n}" for n in (2, 4, 6)]
        + [f"/requests/{key}/files/{v.pk}{more}" for v in found for more in ("", "/content", "/changes")],
        "ada": ["/requests", f"/requests/{key}"],
        "kit": ["/accounts"],
        "ova": ["/audit"],
    }
    for login, pages in tour.items():
        visit = Visit(browser, served)
        page = visit.sign_in(login)
        for path in pages:
            visit.go(path).wait_for_load_state("networkidle")
            assert page.evaluate("window.hit") is None, path
            assert page.url == f"{served}{path}"
        assert (visit.ran, visit.left) == ([], [])
        visit.context.close()
