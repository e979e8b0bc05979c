"""The reviewer's pages: a file beside its findings beside the vote, what changed, what was released before."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tre_toolkit.gate import findings, looking, places, requests, reviews, store, views_of
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.policies import can
from tre_toolkit.gate.requests import case_of
from tre_toolkit.gate.states import Action

CONTENT_CSP = "sandbox; default-src 'none'; img-src data:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
DELIMITERS = {"csv": ",", "tsv": "\t"}


@require_GET
def file_page(request: Any, number: int, version: int) -> HttpResponse:
    found, chosen = looking.find_version(request.gate, request.account, str(number), version)
    versions = requests.outputs(found)
    at = next((n for n, v in enumerate(versions) if v.pk == chosen.pk), 0)
    mine = chosen.votes.filter(turn=found.turn, person=request.account.person).first()
    case = case_of(request.gate, found)
    file = views_of.file_shown(
        chosen, reviews.ballots_of(request.account, found, case).get(chosen.file.path, [])
    )
    page = {
        "request_": found,
        "version": chosen,
        "file": file,
        "told": _told(request.gate, chosen, file),
        "notes": looking.rendered(request.gate, chosen.sha256, chosen.type).notes,
        "failures": reviews.open_failures(chosen),
        "waivers": chosen.waivers.select_related("asked_by", "decided_by").order_by("pk"),
        "mine": mine,
        "place": at + 1,
        "count": len(versions),
        "before": versions[at - 1].pk if at > 0 else None,
        "after": versions[at + 1].pk if at + 1 < len(versions) else None,
        "may_vote": can(Action.VOTE, request.account.who, case),
        "may_ask": can(Action.ASK_EXCEPTION, request.account.who, case),
        "may_decide": can(Action.DECIDE_EXCEPTION, request.account.who, case),
        "may_download": can(Action.DOWNLOAD, request.account.who, case),
        "title": f"Request {number}, file {at + 1} of {len(versions)}",
    }
    return render(request, "file.html", page)


@require_GET
def content(request: Any, number: int, version: int) -> HttpResponse:
    """The rendered file for the frame: nothing in it runs, loads or sends."""
    _found, chosen = looking.find_version(request.gate, request.account, str(number), version)
    shown = looking.rendered(request.gate, chosen.sha256, chosen.type)
    response = render(
        request,
        "content.html",
        {"html": places.marked(shown.html, list(_places(request.gate, chosen).values()))},
    )
    response["Content-Security-Policy"] = CONTENT_CSP
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@require_GET
def changes(request: Any, number: int, version: int) -> HttpResponse:
    """Against the last version, and against what was released before."""
    found, chosen = looking.find_version(request.gate, request.account, str(number), version)
    page = {
        "request_": found,
        "version": chosen,
        **looking.changes(request.gate, chosen),
        "title": f"Request {number}: what changed",
    }
    return render(request, "changes.html", page)


@require_GET
def download(request: Any, number: int, version: int) -> HttpResponse:
    """The bytes themselves, for a checker who must: logged with digest and name."""
    name, raw = looking.download(request.gate, request.account, str(number), version)
    response = HttpResponse(raw, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _places(gate: Gate, version: Any) -> dict[str, places.Place]:
    """Where the version's findings point, by their own words for it; nothing for what is no plain table."""
    if version.type not in DELIMITERS:
        return {}
    wheres = [f.where for f in version.findings.all() if f.verdict != "PASS" and f.where]
    return places.places(store.read(gate, version.sha256), DELIMITERS[version.type], wheres) if wheres else {}


def _told(gate: Gate, version: Any, file: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings as the page tells them: each once, its cells with the row to jump to."""
    at = _places(gate, version)
    return [
        {
            "told": one,
            "cells": [(where, at[where][0] if where in at else None) for where in one.wheres],
        }
        for one in findings.told_once(file["findings"])
    ]
