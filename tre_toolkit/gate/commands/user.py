"""The accounts of a gate: `tre gate user`."""

from __future__ import annotations

from typing import Annotated

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError
from tre_toolkit.gate.commands.common import (
    AsJson,
    AtGate,
    PasswordFile,
    answer_rows,
    keeper,
    open_gate,
)

user = typer.Typer(no_args_is_help=True, help="The accounts of a gate.")
AccountName = Annotated[str, typer.Argument(help="The account's name.")]


@user.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    at: AtGate,
    role: Annotated[
        str,
        typer.Option(
            help="researcher, lead, checker, senior_checker, release_officer, auditor or administrator."
        ),
    ],
    person: Annotated[str, typer.Option(help="Full name: the same name is the same human.")],
    source: Annotated[str, typer.Option(help="How they sign in: local, oidc or header.")] = "local",
    project: Annotated[list[str] | None, typer.Option(help="Projects they are a member of.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Open an account.

    Example: tre gate user add ada --gate gate --role researcher --person "Ada Researcher"
    """
    from tre_toolkit.gate import policies

    try:
        chosen = policies.Role(role)
    except ValueError:
        raise MisuseError("there is no such role", hint=", ".join(policies.Role)) from None
    password = console.passphrase(password_file, what=f"the account {name}") if source == "local" else b""
    opened = open_gate(at)
    from tre_toolkit.gate import accounts

    accounts.add(
        opened,
        name,
        role=chosen,
        person=person,
        source=source,
        password=password.decode(),
        projects=tuple(project or ()),
        by=keeper(),
    )
    console.answer(f"account {name}: {role.replace('_', ' ')}, {person}")


@user.command("list")
def user_list(at: AtGate, as_json: AsJson = False) -> None:
    """The accounts of a gate.

    Example: tre gate user list --gate gate
    """
    open_gate(at)
    from tre_toolkit.gate.orm import models

    rows = [
        {
            "account": a.login,
            "role": a.role,
            "person": a.person.name,
            "open": a.active,
            "second_factor": bool(a.totp),
        }
        for a in models.Account.objects.select_related("person").order_by("login")
    ]
    answer_rows(rows, as_json=as_json)


@user.command("role")
def user_role(
    name: AccountName, role: Annotated[str, typer.Argument(help="The role it is to have.")], at: AtGate
) -> None:
    """Give an account another role.

    Example: tre gate user role ben senior_checker --gate gate
    """
    opened = open_gate(at)
    from tre_toolkit.gate import accounts, policies

    if role not in list(policies.Role):
        raise MisuseError("there is no such role", hint=", ".join(policies.Role))
    accounts.change_role(opened, name, policies.Role(role), by=keeper())
    console.answer(f"account {name}: {role}")


@user.command("close")
def user_close(name: AccountName, at: AtGate) -> None:
    """Close an account; its sessions end and its votes on open requests no longer count.

    Example: tre gate user close ben --gate gate
    """
    opened = open_gate(at)
    from tre_toolkit.gate import accounts

    accounts.set_active(opened, name, active=False, by=keeper())
    console.answer(f"account {name}: closed")


@user.command("open")
def user_open(name: AccountName, at: AtGate) -> None:
    """Open a closed or locked account again.

    Example: tre gate user open ben --gate gate
    """
    opened = open_gate(at)
    from tre_toolkit.gate import accounts

    accounts.set_active(opened, name, active=True, by=keeper())
    console.answer(f"account {name}: open")


@user.command("password")
def user_password(name: AccountName, at: AtGate, password_file: PasswordFile = None) -> None:
    """Give an account a new password; its sessions end.

    Example: tre gate user password ben --gate gate --password-file ben.password
    """
    password = console.passphrase(password_file, what=f"the account {name}")
    opened = open_gate(at)
    from tre_toolkit.gate import accounts

    accounts.set_password(opened, name, password.decode(), by=keeper())
    console.answer(f"account {name}: a new password")
