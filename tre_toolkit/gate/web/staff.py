"""What an administrator does to accounts over the web: the page and the API call these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.gate import accounts
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.policies import Role, check
from tre_toolkit.gate.refusals import NotFound
from tre_toolkit.gate.states import Action


def open_account(gate: Gate, by: Any, words: Mapping[str, str]) -> None:
    """Open an account as the words say: login, person, role, password, projects by blanks."""
    check(Action.MANAGE_ACCOUNTS, by.who)
    accounts.add(
        gate,
        words.get("login", "")[:80],
        role=_role(words),
        person=words.get("person", "")[:200],
        password=words.get("password", ""),
        projects=tuple(words.get("projects", "").split()),
        by=by.login,
    )


def change(gate: Gate, by: Any, login: str, verb: str, words: Mapping[str, str]) -> None:
    """Close an account, open it again, give it another role or a new password; never one's own."""
    check(Action.MANAGE_ACCOUNTS, by.who)
    if verb not in ("close", "open", "role", "password"):
        raise NotFound("there is no such page")
    if login == by.login:
        raise TreError("you can't change the account you are using", hint="another administrator can")
    if verb == "role":
        accounts.change_role(gate, login, _role(words), by=by.login)
    elif verb == "password":
        accounts.set_password(gate, login, words.get("password", ""), by=by.login)
    else:
        accounts.set_active(gate, login, active=verb == "open", by=by.login)


def _role(words: Mapping[str, str]) -> Role:
    if words.get("role") not in list(Role):
        raise TreError("choose a role", hint=", ".join(Role))
    return Role(words["role"])
