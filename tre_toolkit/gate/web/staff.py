"""What is done to accounts over the web, by an administrator and by their owners: the pages and the API call these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.gate import accounts, factors
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.policies import Role, check
from tre_toolkit.gate.refusals import NotFound
from tre_toolkit.gate.states import Action

MOST_TYPED = 1024  # characters of a password that are looked at


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
    """Close an account, open it again, give it another role or a new password, reset its second factor; never one's own."""
    if verb == "reset_second_factor":
        factors.reset(gate, by, login)
        return
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


def offer_factor(gate: Gate, account: Any, words: Mapping[str, str]) -> dict[str, str]:
    """A secret for one's own second factor, as plain data; nothing is kept until a code made with it is shown."""
    del words
    return factors.offer(gate, account)._asdict()


def put_factor(gate: Gate, account: Any, words: Mapping[str, str]) -> dict[str, str]:
    """Put one's own second factor in place by the words: secret, code, and old where there is one already."""
    factors.put(gate, account, words.get("secret", ""), words.get("code", ""), old=words.get("old", ""))
    return {"account": account.login, "second_factor": "set"}


def remove_factor(gate: Gate, account: Any, words: Mapping[str, str]) -> dict[str, str]:
    """Take one's own second factor away by the words: password and code."""
    factors.remove(gate, account, password=words.get("password", "")[:MOST_TYPED], code=words.get("code", ""))
    return {"account": account.login, "second_factor": "none"}


OWN = {
    "offer_second_factor": offer_factor,
    "set_second_factor": put_factor,
    "remove_second_factor": remove_factor,
}
