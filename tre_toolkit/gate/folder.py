"""A gate on disk: one folder that holds everything, readable by its keeper only.

```
gate/
  gate.toml       what this gate is: name, project, number of reviewers, packs, where the witness copy goes
  gate.sqlite3    requests, votes, accounts, the journal (or `[database] url` names a PostgreSQL)
  blobs/          files by digest, written once
  signer.key      the private half that signs releases, sealed by a passphrase;  gate.pub  the public half
  audit.log       the journal's copy in plain lines; checkpoint: its last signed state
  work.log        what the pages and the signer do all day, in JSON lines; no record, may be thrown away
```
"""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.files import new_folder, write_text
from tre_toolkit.keyfile import STANDARD, Cost
from tre_toolkit.signing import Signer, Verifier

FORMAT = "tre-gate-v1"
MOST_REVIEWERS = 4


@dataclass(frozen=True, slots=True)
class Gate:
    """An open gate: where it is and what its declaration says."""

    folder: Path
    id: str
    name: str
    project: str
    reviewers: int = 2
    packs: tuple[str, ...] = ()
    database: str = ""  # "" for the folder's own SQLite, else a PostgreSQL connection string
    witness: Path | None = None  # folder on another disk or machine that gets each checkpoint too
    hosts: tuple[str, ...] = ()  # names the pages answer to, besides localhost
    proxy_header: str = ""  # where a proxy in front says who it is, "" for nowhere
    proxy_address: str = ""  # and the only address it is believed from
    oidc: tuple[tuple[str, str], ...] = ()  # what `[web.oidc]` declares of an identity provider
    mail_server: str = ""  # host:port
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()
    webhook: str = ""  # an address that is told of each change of state
    second_factor: tuple[str, ...] = ()  # roles that must have one
    workspaces: tuple[tuple[str, Path], ...] = ()  # project, workspace folder: for running recipes again

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def signer_key(self) -> Path:
        return self.folder / "signer.key"

    @property
    def public_key(self) -> Path:
        return self.folder / "gate.pub"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def ledger(self) -> Path:
        return self.folder / "releases.ledger"

    @property
    def revocations(self) -> Path:
        return self.folder / "revocations.json"

    def verifier(self) -> Verifier:
        """The public half of the key that releases are signed with."""
        return Verifier.read(self.public_key)


def new_gate(
    folder: Path,
    passphrase: bytes,
    *,
    name: str = "release gate",
    project: str = "main",
    reviewers: int = 2,
    packs: tuple[str, ...] = (),
    database: str = "",
    workspace: Path | None = None,
    cost: Cost = STANDARD,
) -> Gate:
    """Make a gate in a new folder, whole or not at all, and open it.

    Raises MisuseError for fewer than two reviewers: no one lets work out alone.
    """
    if not 2 <= reviewers <= MOST_REVIEWERS:
        raise MisuseError(f"a gate has 2 to {MOST_REVIEWERS} reviewers")
    declared = {"id": f"gate-{secrets.token_hex(4)}", "name": name, "project": project}
    with new_folder(folder) as part:
        part.chmod(0o700)
        (part / "blobs").mkdir(mode=0o700)
        signer = Signer.new()
        signer.write(part / "signer.key", passphrase, cost=cost)
        (part / "signer.key.pub").rename(part / "gate.pub")
        write_text(part / "web.secret", secrets.token_urlsafe(48) + "\n", mode=0o600)
        write_text(part / "gate.toml", _toml(declared, reviewers, packs, database, workspace), mode=0o600)
        _first_event(_read(part), signer.verifier.fingerprint)
    return open_gate(folder)


def open_gate(folder: Path, *, recover: bool = True) -> Gate:
    """Open the gate in `folder`: its database is ready, its log caught up, broken-off releases swept.

    Raises TreError when this isn't a gate, others can read it, or database and log disagree.
    """
    gate = _read(folder)
    if folder.stat().st_mode & 0o077:
        raise TreError("others on this machine can open the gate", where=str(folder), hint="chmod 700 it")
    point_at_database(gate)
    from tre_toolkit.gate import journal, orm, releases, worklog

    orm.check_schema()
    journal.mirror(gate)
    if recover and (done := releases.recover(gate)):
        worklog.note(gate, "recovered", releases=len(done))
    return gate


def point_at_database(gate: Gate) -> None:
    """Let Django work on this gate's database."""
    from tre_toolkit.gate import orm

    orm.point_at(orm.postgres(gate.database) if gate.database else orm.sqlite(_database_file(gate)))


def _database_file(gate: Gate) -> str:
    return str((gate.folder / "gate.sqlite3").absolute())


def _first_event(gate: Gate, fingerprint: str) -> None:
    point_at_database(gate)
    from tre_toolkit.gate import journal, orm

    orm.migrate()
    with orm.change():
        orm.models.Project.objects.get_or_create(name=gate.project)
        journal.write(gate, "gate made", by="", gate=gate.id, key=fingerprint, reviewers=gate.reviewers)
    orm.close()


def _read(folder: Path) -> Gate:
    path = folder / "gate.toml"
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        if raw.pop("format") != FORMAT:
            raise TreError("this gate was made by another version", where=str(path))
        audit, database, web = raw.pop("audit", {}), raw.pop("database", {}), raw.pop("web", {})
        notices, accounts = raw.pop("notices", {}), raw.pop("accounts", {})
        return Gate(
            folder=folder.absolute(),
            packs=tuple(raw.pop("packs", ())),
            witness=Path(audit["witness"]) if audit.get("witness") else None,
            database=database.get("url", ""),
            mail_server=notices.get("server", ""),
            mail_from=notices.get("from", ""),
            mail_to=tuple(notices.get("to", ())),
            webhook=notices.get("webhook", ""),
            second_factor=_roles(accounts.get("second_factor", ())),
            oidc=tuple(sorted(web.get("oidc", {}).items())),
            hosts=tuple(web.get("hosts", ())),
            proxy_header=web.get("proxy_header", ""),
            proxy_address=web.get("proxy_address", ""),
            workspaces=tuple((project, Path(at)) for project, at in raw.pop("workspaces", {}).items()),
            **raw,
        )
    except FileNotFoundError:
        raise TreError("this is not a gate", where=str(folder), hint="`tre gate new` makes one") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        raise TreError("the gate's declaration can't be read", where=str(path)) from None


def _roles(named: Sequence[str]) -> tuple[str, ...]:
    """The roles that must have a second factor. Raises TreError for a word that is no role: it would demand nothing."""
    from tre_toolkit.gate.policies import Role

    if isinstance(named, str) or not set(named) <= set(Role):
        raise TreError(
            "gate.toml, [accounts] second_factor: not a list of roles", hint="of " + ", ".join(Role)
        )
    return tuple(named)


def _toml(
    declared: dict[str, str], reviewers: int, packs: tuple[str, ...], database: str, workspace: Path | None
) -> str:
    lines = [f"format = {json.dumps(FORMAT)}"]
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in declared.items()]
    lines += [f"reviewers = {reviewers}", f"packs = {json.dumps(list(packs))}", "", "[audit]"]
    lines += [
        "# a folder the gate's keeper can't write afterwards: each checkpoint is copied there",
        'witness = ""',
        "",
        "[accounts]",
        "# roles that must have a second factor before they do anything else",
        "second_factor = []",
    ]
    if workspace:
        place = json.dumps(str(workspace.absolute()))
        lines += ["", "[workspaces]", f"{json.dumps(declared['project'])} = {place}"]
    if database:
        lines += ["", "[database]", f"url = {json.dumps(database)}"]
    return "\n".join(lines) + "\n"
