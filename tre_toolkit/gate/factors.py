"""A person's second factor: put in place, replaced, taken away, or reset by an administrator when it is lost.

What is one's own asks for proof of the factor that stands: a session left open is not enough to change it. Each
change ends the account's other sessions, is written to the journal without a secret or a code, and is told in a notice.
Pages, commands and the JSON API call the functions below; which roles must have a factor, `gate.toml` says.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction

from tre_toolkit.errors import TreError
from tre_toolkit.gate import accounts, codes, journal, notices, orm
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import check
from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound
from tre_toolkit.gate.states import Action

WAIT = "a code is good once and for half a minute: wait for the next one"
ENROL = "`tre gate second-factor enrol` or the page You sets one"


class Offer(NamedTuple):
    """A secret nobody has yet, in base32, and the URI an authenticator takes it from."""

    secret: str
    address: str


def offer(gate: Gate, account: Any, secret: str = "") -> Offer:
    """A new secret for this account (or one that was offered before, with its URI); nothing is kept."""
    check(Action.SET_SECOND_FACTOR, account.who)
    _check_signs_in_here(account)
    if secret and not codes.is_secret(secret):
        raise _no_secret()
    secret = secret or codes.new_secret()
    return Offer(secret, codes.address(secret, gate=gate.name, login=account.login))


def put(gate: Gate, account: Any, secret: str, code: str, *, old: str = "") -> None:
    """Keep a second factor, once its owner has shown a code made with it; other sessions end.

    Who has one already shows a code of it, too (`old`), unless one was shown with this very call. Raises NotAllowed
    for a wrong or used `old`, which counts towards the lock, and TreError for a wrong `code` or a secret not offered here.
    """
    check(Action.SET_SECOND_FACTOR, account.who)
    _check_signs_in_here(account)
    if not codes.is_secret(secret):
        raise _no_secret()
    step = codes.step_of(secret, code)
    if step is None:
        raise TreError(
            "this is not the code of the moment", hint=f"{WAIT}; check the clock of your authenticator"
        )
    if account.totp and not account.fresh and not accounts.show_code(gate, account, old):
        raise NotAllowed("the factor you have now is changed only with a code of its own", hint=WAIT)
    _keep(gate, account, secret, step, "second factor set", by=account.login)


def remove(gate: Gate, account: Any, *, password: str = "", code: str = "") -> None:
    """Take one's own second factor away; other sessions end.

    Password and a code are shown with this call, unless the account was opened with both by this very call. Raises
    Conflict without a factor, NotAllowed where the gate demands one or for a wrong password or code, which count.
    """
    check(Action.REMOVE_SECOND_FACTOR, account.who)
    _check_has_one(account)
    if is_demanded(gate, account):
        raise NotAllowed(
            f"a {_role(account)} has a second factor at this gate", hint="replace it: set another one"
        )
    if not account.fresh:
        try:
            accounts.sign_in(gate, account.login, password, code=code)
        except NotAllowed:
            raise NotAllowed("password and code don't take this factor away", hint=WAIT) from None
    _keep(gate, account, "", 0, "second factor removed", by=account.login)


def reset(gate: Gate, by: Any, login: str) -> None:
    """Take away a factor that its owner has lost; their sessions end, and they put a new one in place themselves.

    Raises NotAllowed unless `by` is an administrator and another person, NotFound, or Conflict without a factor.
    """
    check(Action.RESET_SECOND_FACTOR, by.who)
    account = accounts.find(login)
    check_reset(by, account)
    _keep(gate, account, "", 0, "second factor reset", by=by.login)


def check_reset(by: Any, account: Any) -> None:
    """Raise NotAllowed or Conflict unless `by` may reset this account's factor now."""
    check(Action.RESET_SECOND_FACTOR, by.who)
    if account.person_id == by.person_id:
        raise NotAllowed("nobody resets their own second factor", hint="another administrator can")
    _check_has_one(account)


def can_reset(by: Any, account: Any) -> bool:
    """Whether `check_reset` would let `by` do it."""
    try:
        check_reset(by, account)
    except (NotAllowed, NotFound, Conflict):
        return False
    return True


def is_demanded(gate: Gate, account: Any) -> bool:
    """Whether this account must have a second factor here: its role is named, and it signs in at this gate."""
    return account.source == "local" and account.role in gate.second_factor


def can_work(gate: Gate, account: Any) -> bool:
    """Whether this account has the second factor that the gate demands of it, if it demands one."""
    return bool(account.totp) or not is_demanded(gate, account)


def check_work(gate: Gate, account: Any) -> None:
    """Raise NotAllowed for an account that must put a second factor in place first."""
    if not can_work(gate, account):
        raise NotAllowed(f"a {_role(account)} needs a second factor at this gate", hint=ENROL)


def _keep(gate: Gate, account: Any, secret: str, step: int, event: str, *, by: str) -> None:
    """Change the factor if it is still the one that was looked at; write it down, and tell."""
    stamp = secrets.token_hex(16)
    with orm.change():
        standing = models.Account.objects.filter(pk=account.pk, totp=account.totp, active=True)
        if not standing.update(totp=secret, totp_step=step, stamp=stamp):
            raise Conflict("the account was changed meanwhile", hint="look again")
        journal.write(gate, event, by=by, account=account.login)
        transaction.on_commit(partial(notices.tell_of_account, gate, account.login, event))
    account.totp, account.totp_step, account.stamp = secret, step, stamp


def _check_signs_in_here(account: Any) -> None:
    if account.source != "local":
        raise Conflict(
            "this account signs in elsewhere, and its second factor is kept there",
            hint="ask who keeps the identity provider",
        )


def _check_has_one(account: Any) -> None:
    if not account.totp:
        raise Conflict("this account has no second factor", hint=ENROL)


def _no_secret() -> TreError:
    return TreError("this is not a secret that the gate offered", hint="ask for a new one")


def _role(account: Any) -> str:
    return str(account.role).replace("_", " ")
