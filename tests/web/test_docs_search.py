"""The built documentation in a browser, opened as a file: search answers, and nothing is asked of another host."""

from __future__ import annotations

from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "site"


@pytest.mark.browser
def test_search_answers_in_a_folder_without_a_server() -> None:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the pages are tested where playwright is installed"
    )
    import shutil

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    if not (SITE / "search" / "search_index.js").exists():
        pytest.skip("the documentation is not built here: make docs")
    asked: list[str] = []
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.goto((SITE / "index.html").as_uri())
        page.locator("input.md-search__input").click()
        page.locator("input.md-search__input").press_sequentially("suppression")
        page.locator(".md-search-result__item").first.wait_for()
        said = page.locator(".md-search-result__list").inner_text()
        browser.close()
    assert "uppression" in said
    assert not [address for address in asked if not address.startswith(("file:", "data:", "blob:"))]
