"""The release told in the Five Safes RO-Crate profile 0.4: what it is, for which project, and who assessed it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from tre_toolkit.gate.bag import Item

NAME = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/5s-crate/0.4"
CRATE = "https://w3id.org/ro/crate/1.2"
TERMS = "https://w3id.org/shp#"
SHA512 = "https://www.iana.org/assignments/named-information#sha-512"
DONE = "http://schema.org/CompletedActionStatus"
Entity = dict[str, Any]


def describe(items: Sequence[Item], facts: Mapping[str, Any]) -> str:
    """The text of `ro-crate-metadata.json`."""
    graph = [*_heads(items, facts), *_files(items), *_checks(items, facts), *_agents(items, facts)]
    return json.dumps({"@context": f"{CRATE}/context", "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def _ref(identifier: str) -> Entity:
    return {"@id": identifier}


def _person(name: str) -> str:
    return f"#person-{quote(name, safe='')}"


def _heads(items: Sequence[Item], facts: Mapping[str, Any]) -> list[Entity]:
    request = facts["request"]
    return [
        {"@id": NAME, "@type": "CreativeWork", "about": _ref("./"), "conformsTo": _ref(CRATE)},
        {
            "@id": "./",
            "@type": "Dataset",
            "name": request["title"],
            "description": f"Outputs of project {request['project']}, checked by two people and released",
            "datePublished": facts["at"],
            "identifier": facts["release"],
            "conformsTo": _ref(PROFILE),
            "license": _ref("#terms"),
            "sourceOrganization": _ref("#project"),
            "publisher": _ref("#gate"),
            "mainEntity": _ref("#recipe"),
            "hasPart": [_ref(quote(item.path)) for item in items] + [_ref("#recipe")],
            "mentions": [
                _ref(f"#{name}") for name in ("query", "check", "validate", "signoff", "disclosure")
            ],
        },
        {"@id": PROFILE, "@type": "Profile", "name": "Five Safes RO-Crate profile"},
        {"@id": "#terms", "@type": "CreativeWork", "name": "Terms of the project's agreement"},
        {"@id": "#project", "@type": "Project", "name": request["project"], "identifier": request["project"]},
        {
            "@id": "#recipe",
            "@type": "Dataset",
            "name": "The recipes that made the outputs, each named in its evidence",
        },
        {
            "@id": "#query",
            "@type": "CreateAction",
            "name": f"Request {request['number']}: {request['title']}",
            "actionStatus": DONE,
            "agent": _ref(_person(request["author"])),
            "instrument": _ref("#recipe"),
            "result": [_ref(quote(item.path)) for item in items],
        },
    ]


def _files(items: Sequence[Item]) -> list[Entity]:
    return [
        {
            "@id": quote(item.path),
            "@type": "File",
            "name": item.path,
            "encodingFormat": item.media,
            "sha256": item.sha256,
        }
        for item in items
    ]


def _checks(items: Sequence[Item], facts: Mapping[str, Any]) -> list[Entity]:
    voters = sorted({name for item in items for name in item.approved_by})

    def assessed(identifier: str, kind: str, name: str, **more: Any) -> Entity:
        return {
            "@id": f"#{identifier}",
            "@type": "AssessAction",
            "additionalType": _ref(TERMS + kind),
            "name": name,
            "endTime": facts["at"],
            "object": _ref("./"),
            "actionStatus": DONE,
            **more,
        }

    return [
        assessed(
            "check",
            "CheckValue",
            "BagIt checksums of the crate: OK",
            agent=_ref("#software"),
            instrument=_ref(SHA512),
        ),
        assessed(
            "validate",
            "ValidationCheck",
            "Validation against the Five Safes RO-Crate profile: approved",
            agent=_ref("#software"),
            instrument=_ref(PROFILE),
        ),
        assessed(
            "signoff",
            "SignOff",
            "Sign-off of the release: approved",
            agent=_ref(_person(facts["released_by"])),
            instrument=_ref("#terms"),
        ),
        assessed(
            "disclosure",
            "DisclosureCheck",
            f"Disclosure check by {len(voters)} people: approved",
            agent=[_ref(_person(name)) for name in voters],
        ),
    ]


def _agents(items: Sequence[Item], facts: Mapping[str, Any]) -> list[Entity]:
    names = {facts["released_by"], facts["request"]["author"]} | {n for i in items for n in i.approved_by}
    return [
        *({"@id": _person(name), "@type": "Person", "name": name} for name in sorted(names)),
        {
            "@id": "#gate",
            "@type": "Organization",
            "name": facts["gate"]["name"],
            "identifier": facts["gate"]["id"],
        },
        {"@id": "#software", "@type": "SoftwareApplication", "name": "tre-toolkit"},
        {"@id": SHA512, "@type": "DefinedTerm", "name": "sha-512 algorithm"},
    ]
