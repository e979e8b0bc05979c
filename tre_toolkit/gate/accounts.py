"""Who comes in: accounts with argon2id passwords, belonging to persons, locked after too many tries."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tre_toolkit.errors import TreError
from tre_toolkit.gate import codes, journal, notices, orm
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import WRITERS, Role
from tre_toolkit.gate.refusals import NotAllowed, NotFound

TRIES = 10
LOCKED = timedelta(minutes=15)
SHORTEST = 12
SOURCES = ("local", "oidc", "header")  # a password here, an identity provider, a proxy
_NOBODY = ""  # the hash that unknown names are checked against, made once, so that they take as long


def add(
    gate: Gate,
    login: str,
    *,
    source: str = "local",
    role: Role,
    person: str,
    password: str,
    projects: tuple[str, ...] = (),
    by: str = "",
) -> Any:
    """Open an account for a person (made if new; the same full name is the same person)."""
    if source not in SOURCES:
        raise TreError("an account signs in by local, oidc or header")
    if source == "local":
        check_new_password(password, login)
    if not login.isascii() or not login.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise TreError("an account's name is made of letters, digits, dots and dashes")
    if role in WRITERS and not projects:
        projects = (gate.project,)
    with orm.change():
        if models.Account.objects.filter(login=login).exists():
            raise TreError("there is an account of this name already", hint="choose another")
        human, _ = models.Person.objects.get_or_create(name=" ".join(person.split()))
        account = models.Account.objects.create(
            login=login,
            person=human,
            role=role,
            password=make_password(password if source == "local" else None),
            source=source,
            stamp=secrets.token_hex(16),
        )
        for name in projects:
            project, _ = models.Project.objects.get_or_create(name=name)
            models.Member.objects.get_or_create(person=human, project=project)
        journal.write(
            gate,
            "account opened",
            by=by,
            account=login,
            person=human.pk,
            role=str(role),
            projects=list(projects),
        )
        _tell(gate, login, "account opened")
    return account


def change_role(gate: Gate, login: str, role: Role, *, by: str) -> None:
    """Give an account another role; its open sessions end."""
    with orm.change():
        account = find(login)
        before, account.role, account.stamp = account.role, role, secrets.token_hex(16)
        account.save()
        journal.write(gate, "role changed", by=by, account=login, before=before, role=str(role))
        _tell(gate, login, "role changed")


def set_active(gate: Gate, login: str, *, active: bool, by: str) -> None:
    """Close an account, or open it again."""
    with orm.change():
        account = find(login)
        account.active, account.stamp, account.failures, account.locked_until = (
            active,
            secrets.token_hex(16),
            0,
            None,
        )
        account.save()
        event = "account opened again" if active else "account closed"
        journal.write(gate, event, by=by, account=login)
        _tell(gate, login, event)


def set_password(gate: Gate, login: str, password: str, *, by: str) -> None:
    """A new password; open sessions end."""
    check_new_password(password, login)
    with orm.change():
        account = find(login)
        account.password, account.stamp, account.failures = make_password(password), secrets.token_hex(16), 0
        account.locked_until = None
        account.save()
        journal.write(gate, "password changed", by=by, account=login)
        _tell(gate, login, "password changed")


def find(login: str) -> Any:
    """The account of this name. Raises NotFound."""
    account = models.Account.objects.filter(login=login).first()
    if account is None:
        raise NotFound("there is no account of this name", hint="`tre gate user list` shows them")
    return account


def sign_in(gate: Gate, login: str, password: str, *, code: str = "") -> Any:
    """The account, when name and password are right and it is open.

    Raises NotAllowed with one and the same message for every reason, after the same work.
    """
    account = models.Account.objects.select_related("person").filter(login=login, source="local").first()
    right = check_password(password, account.password if account else _nobody())
    locked = account is not None and _is_locked(account)
    if account is not None and right and account.totp and not locked:
        right = _use_code(account, code)
    if account is None or not right or locked or not account.active:
        _count_failure(gate, login, account)
        raise NotAllowed(
            "name, password and code don't open an account here",
            hint=f"after {TRIES} wrong tries an account is locked for {LOCKED.seconds // 60} minutes",
        )
    if account.failures:
        models.Account.objects.filter(pk=account.pk).update(failures=0, locked_until=None)
    account.fresh = True
    return account


def show_code(gate: Gate, account: Any, code: str) -> bool:
    """Whether this is a code of the account's second factor, not used before; a wrong one counts towards the lock."""
    account.refresh_from_db()
    if not _is_locked(account) and _use_code(account, code):
        return True
    _count_failure(gate, account.login, account)
    return False


def _is_locked(account: Any) -> bool:
    return account.locked_until is not None and account.locked_until > timezone.now()


def _use_code(account: Any, code: str) -> bool:
    """Whether the code is of now and was not used before."""
    step = codes.step_of(account.totp, code)
    return step is not None and bool(
        models.Account.objects.filter(pk=account.pk, totp_step__lt=step).update(totp_step=step)
    )


def check_new_password(password: str, login: str) -> None:
    """Raise TreError for a password that is short, plain, common, or the account's own name."""
    try:
        CommonPasswordValidator().validate(password)
    except ValidationError:
        raise TreError(
            "this password is on every attacker's list", hint="four random words are good"
        ) from None
    if (
        len(password) < SHORTEST
        or len(set(password)) < 6
        or (len(login) > 3 and login.lower() in password.lower())
    ):
        raise TreError(
            f"the password is too easy: at least {SHORTEST} characters, 6 of them different, without the name",
            hint="four random words are good; a password manager makes and keeps them",
        )


def _count_failure(gate: Gate, login: str, account: Any) -> None:
    with orm.change():
        if account is not None:
            account.refresh_from_db()
            account.failures += 1
            if account.failures >= TRIES:
                account.locked_until, account.failures = timezone.now() + LOCKED, 0
            account.save(update_fields=["failures", "locked_until"])
        journal.write(
            gate,
            "sign-in refused",
            by="",
            account=login if account is not None else "unknown",
            locked=account is not None and account.locked_until is not None,
        )


def _tell(gate: Gate, login: str, event: str) -> None:
    """Have word sent once the change holds."""
    transaction.on_commit(partial(notices.tell_of_account, gate, login, event))


def _nobody() -> str:
    global _NOBODY  # made once in a process: what unknown names are checked against
    _NOBODY = _NOBODY or make_password(secrets.token_urlsafe())
    return _NOBODY
