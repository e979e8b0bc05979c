"""A hook of mkdocs: what the theme would fetch from another host for its offline search stands beside the pages instead."""

from __future__ import annotations

from typing import Any

FETCHED = "https://unpkg.com/iframe-worker/shim"


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """The page, with our own script in the place of the one that would be fetched."""
    depth = page.url.count("/")
    return output.replace(FETCHED, "../" * depth + "assets/frame-worker.js")


def on_post_template(output_content: str, **_: Any) -> str:
    """The same for pages that are no page, such as the one for what isn't found."""
    return output_content.replace(FETCHED, "assets/frame-worker.js")
