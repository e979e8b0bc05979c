"""The second factor: put in place, replaced, taken away, reset by another; each wrong way is refused and tells no secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit import audit
from tre_toolkit.cli import run
from tre_toolkit.errors import TreError
from tre_toolkit.gate import accounts, codes, factors, notices
from tre_toolkit.gate.folder import open_gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role
from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound

PASSWORD = "violet kettle 4141"


class Clock:
    """Half minutes that pass when a test says so, and the codes that belong to them."""

    now = 1_700_000_000

    def wait(self) -> None:
        self.now += codes.STEP

    def code(self, secret: str) -> str:
        from cryptography.hazmat.primitives.hashes import SHA1
        from cryptography.hazmat.primitives.twofactor.totp import TOTP

        return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(self.now).decode()

    def wrong(self, secret: str) -> str:
        """A code of none of the three half minutes that count."""
        near = {Clock.at(self.now + step).code(secret) for step in (-30, 0, 30)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)

    @classmethod
    def at(cls, now: int) -> Clock:
        clock = cls()
        clock.now = now
        return clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(codes.time, "time", lambda: made.now)
    return made


def enrolled(house: Any, clock: Clock, login: str) -> str:
    """A factor in place, and the half minute of its first code gone by; its secret."""
    account = getattr(house, login)
    secret = factors.offer(house.gate, account).secret
    factors.put(house.gate, account, secret, clock.code(secret))
    clock.wait()
    return secret


def told_nowhere(house: Any, *secrets: str) -> bool:
    """Whether none of these stands in a log, a journal line or the declaration."""
    files = [house.gate.log, house.gate.folder / "work.log", house.gate.folder / "gate.toml"]
    text = "".join(file.read_text() for file in files if file.exists())
    text += "".join(models.Journal.objects.values_list("line", flat=True))
    return not any(secret in text for secret in secrets)


def test_codes_are_those_of_the_standard(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    for moment, code in (
        (59, "287082"),
        (1111111109, "081804"),
        (20000000000, "353130"),
    ):  # RFC 6238, appendix B
        monkeypatch.setattr(codes.time, "time", lambda moment=moment: moment)
        assert codes.step_of(secret, code) == moment // 30
        assert codes.step_of(secret, code[::-1]) is None


def test_the_address_is_one_an_authenticator_reads() -> None:
    from urllib.parse import parse_qs, unquote, urlsplit

    secret = codes.new_secret()
    read = urlsplit(codes.address(secret, gate="North Sea: TRE", login="ben"))
    assert (read.scheme, read.netloc, unquote(read.path)) == ("otpauth", "totp", "/North Sea: TRE:ben")
    assert parse_qs(read.query) == {
        "secret": [secret], "issuer": ["North Sea: TRE"], "digits": ["6"], "period": ["30"]
    }  # fmt: skip


def test_a_factor_is_put_in_place_with_a_code_of_it(house: Any, clock: Clock) -> None:
    before, secret = house.ben.stamp, enrolled(house, clock, "ben")
    assert (house.ben.totp, house.ben.stamp != before) == (secret, True)
    with pytest.raises(NotAllowed):
        accounts.sign_in(house.gate, "ben", PASSWORD)
    assert accounts.sign_in(house.gate, "ben", PASSWORD, code=clock.code(secret)).fresh
    assert told_nowhere(house, secret)


def test_the_code_that_set_a_factor_does_not_sign_in_again(house: Any, clock: Clock) -> None:
    secret = factors.offer(house.gate, house.ben).secret
    factors.put(house.gate, house.ben, secret, clock.code(secret))
    with pytest.raises(NotAllowed):
        accounts.sign_in(house.gate, "ben", PASSWORD, code=clock.code(secret))


@pytest.mark.parametrize("secret", ["", "short", "A" * 31 + "!", base64.b32encode(b"1234567890").decode()])
def test_a_secret_that_was_not_offered_is_refused(house: Any, clock: Clock, secret: str) -> None:
    with pytest.raises(TreError, match="not a secret that the gate offered"):
        factors.put(house.gate, house.ben, secret, "000000")
    assert house.ben.totp == ""


def test_a_wrong_code_sets_nothing(house: Any, clock: Clock) -> None:
    secret = factors.offer(house.gate, house.ben).secret
    for code in (clock.wrong(secret), "", "１２３４５６", "12345678901234567890"):
        with pytest.raises(TreError, match="not the code of the moment"):
            factors.put(house.gate, house.ben, secret, code)
    assert house.ben.totp == ""


def test_a_factor_is_replaced_with_a_code_of_each(house: Any, clock: Clock) -> None:
    first = enrolled(house, clock, "ben")
    second = factors.offer(house.gate, house.ben).secret
    for old in ("", clock.wrong(first), clock.code(second)):
        with pytest.raises(NotAllowed, match="with a code of its own"):
            factors.put(house.gate, house.ben, second, clock.code(second), old=old)
    assert house.ben.totp == first
    factors.put(house.gate, house.ben, second, clock.code(second), old=clock.code(first))
    assert house.ben.totp == second


def test_a_used_code_neither_replaces_nor_removes(house: Any, clock: Clock) -> None:
    first = enrolled(house, clock, "ben")
    used = clock.code(first)
    accounts.sign_in(house.gate, "ben", PASSWORD, code=used)
    second = factors.offer(house.gate, house.ben).secret
    with pytest.raises(NotAllowed):
        factors.put(house.gate, house.ben, second, clock.code(second), old=used)
    with pytest.raises(NotAllowed):
        factors.remove(house.gate, house.ben, password=PASSWORD, code=used)
    assert house.ben.totp == first


def test_guessing_at_the_old_code_locks_the_account(house: Any, clock: Clock) -> None:
    first = enrolled(house, clock, "ben")
    second = factors.offer(house.gate, house.ben).secret
    for _ in range(accounts.TRIES):
        with pytest.raises(NotAllowed):
            factors.put(house.gate, house.ben, second, clock.code(second), old=clock.wrong(first))
    with pytest.raises(NotAllowed):  # the right one is too late
        factors.put(house.gate, house.ben, second, clock.code(second), old=clock.code(first))
    assert house.ben.totp == first


def test_a_factor_is_taken_away_with_password_and_code(house: Any, clock: Clock) -> None:
    secret = enrolled(house, clock, "ben")
    for password, code in (
        ("", clock.code(secret)),
        ("wrong", clock.code(secret)),
        (PASSWORD, clock.wrong(secret)),
        (PASSWORD, ""),
    ):
        with pytest.raises(NotAllowed, match="don't take this factor away"):
            factors.remove(house.gate, house.ben, password=password, code=code)
    before = house.ben.stamp
    factors.remove(house.gate, house.ben, password=PASSWORD, code=clock.code(secret))
    assert (house.ben.totp, house.ben.stamp != before) == ("", True)
    assert accounts.sign_in(house.gate, "ben", PASSWORD)
    with pytest.raises(Conflict, match="no second factor"):
        factors.remove(house.gate, house.ben, password=PASSWORD)


def test_anothers_code_takes_nothing_away(house: Any, clock: Clock) -> None:
    secret, other = enrolled(house, clock, "ben"), enrolled(house, clock, "cam")
    with pytest.raises(NotAllowed):
        factors.remove(house.gate, house.ben, password=PASSWORD, code=clock.code(other))
    assert house.ben.totp == secret


def test_an_administrator_resets_a_lost_factor_and_it_is_written_down(house: Any, clock: Clock) -> None:
    secret, before = enrolled(house, clock, "ben"), house.ben.stamp
    assert factors.can_reset(house.kit, house.ben)
    factors.reset(house.gate, house.kit, "ben")
    assert (house.ben.totp, house.ben.stamp != before) == ("", True)
    event = audit.parse(models.Journal.objects.order_by("-number").values_list("line", flat=True)[0])
    assert event.name == "second factor reset"
    assert (event.facts["by"], event.facts["account"]) == ("kit", "ben")
    assert told_nowhere(house, secret)


def test_a_reset_is_an_administrators_and_never_of_ones_own(house: Any, clock: Clock) -> None:
    enrolled(house, clock, "kit")
    with pytest.raises(NotAllowed, match="nobody resets their own"):
        factors.reset(house.gate, house.kit, "kit")
    second = house.account("kit2", Role.ADMINISTRATOR, "Kit Keeper")
    with pytest.raises(NotAllowed, match="nobody resets their own"):  # the same human by another account
        factors.reset(house.gate, second, "kit")
    for login in ("ada", "lee", "ben", "sam", "dee", "ova"):
        with pytest.raises(NotAllowed):
            factors.reset(house.gate, getattr(house, login), "kit")
        assert not factors.can_reset(getattr(house, login), house.kit)
    with pytest.raises(NotFound):
        factors.reset(house.gate, house.kit, "nobody")
    with pytest.raises(Conflict, match="no second factor"):
        factors.reset(house.gate, house.kit, "ben")
    assert house.kit.totp


def test_a_change_that_came_first_is_not_overwritten(house: Any, clock: Clock) -> None:
    enrolled(house, clock, "ben")
    stale = house.ben
    factors.reset(house.gate, house.kit, "ben")
    stale.fresh = True
    with pytest.raises(Conflict, match="meanwhile"):
        factors.remove(house.gate, stale)


def test_an_account_that_signs_in_elsewhere_has_its_factor_there(house: Any) -> None:
    eve = accounts.add(
        house.gate, "eve", source="oidc", role=Role.CHECKER, person="Eve Elsewhere", password=""
    )
    with pytest.raises(Conflict, match="signs in elsewhere"):
        factors.offer(house.gate, eve)
    assert factors.can_work(replace(house.gate, second_factor=("checker",)), eve)


def test_each_change_of_an_account_is_told_by_its_name_alone(
    house: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(notices, "_hook", lambda gate, text, facts: heard.append((text, facts)))
    house.gate = replace(house.gate, webhook="http://example.org/x")
    secret = enrolled(house, clock, "ben")
    factors.reset(house.gate, house.kit, "ben")
    accounts.set_password(house.gate, "ben", "a new violet kettle", by="kit")
    assert [facts for _, facts in heard] == [
        {"account": "ben", "event": event}
        for event in ("second factor set", "second factor reset", "password changed")
    ]
    assert secret not in str(heard)


# ------------------------------------------------------------------ where the gate demands one


def demand(house: Any, *roles: str) -> None:
    path = house.gate.folder / "gate.toml"
    path.write_text(
        path.read_text().replace("second_factor = []", f"second_factor = {json.dumps(list(roles))}")
    )
    house.gate = open_gate(house.gate.folder)


def test_a_demanded_factor_comes_before_anything_else(house: Any, clock: Clock) -> None:
    demand(house, "checker")
    assert house.gate.second_factor == ("checker",)
    assert not factors.can_work(house.gate, house.ben)
    with pytest.raises(NotAllowed, match="needs a second factor"):
        factors.check_work(house.gate, house.ben)
    factors.check_work(house.gate, house.ada)
    secret = enrolled(house, clock, "ben")
    factors.check_work(house.gate, house.ben)
    with pytest.raises(NotAllowed, match="has a second factor at this gate"):
        factors.remove(house.gate, house.ben, password=PASSWORD, code=clock.code(secret))
    factors.reset(house.gate, house.kit, "ben")
    assert not factors.can_work(house.gate, house.ben)


@pytest.mark.parametrize("said", ['["checkers"]', '"checker"', "[1]"])
def test_a_demand_of_no_role_is_no_declaration(house: Any, said: str) -> None:
    path = house.gate.folder / "gate.toml"
    path.write_text(path.read_text().replace("second_factor = []", f"second_factor = {said}"))
    with pytest.raises(TreError, match="second_factor"):
        open_gate(house.gate.folder)


# ------------------------------------------------------------------ by command


@pytest.fixture
def typed(house: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Type `tre gate second-factor …` as somebody; exit status, answer, word."""

    def guarded(name: str, text: str) -> str:
        path = tmp_path / name
        path.unlink(missing_ok=True)
        path.write_text(text + "\n")
        path.chmod(0o600)
        return str(path)

    def type_it(words: str, login: str, **files: str) -> tuple[int, str, str]:
        entry = ["--gate", str(house.gate.folder), "--as", login]
        for name, text in {"password": PASSWORD, **files}.items():
            entry += [f"--{name.replace('_', '-')}-file", guarded(name, text)]
        capsys.readouterr()
        status = run(["gate", "second-factor", *words.split(), *entry])
        told = capsys.readouterr()
        return status, told.out, told.err

    return type_it


def test_a_factor_is_enrolled_replaced_and_removed_by_command(
    house: Any, clock: Clock, typed: Any, tmp_path: Path
) -> None:
    kept = tmp_path / "offered"
    enrol = f"enrol --secret-file {kept}"
    status, answer, _ = typed(enrol, "ben")
    secret = kept.read_text().strip()
    assert (status, kept.stat().st_mode & 0o777) == (0, 0o600)
    assert secret in answer
    assert f"otpauth://totp/release%20gate%3Aben?secret={secret}" in answer
    status, _, told = typed(enrol, "ben", new_code=clock.wrong(secret))
    assert (status, "not the code of the moment" in told) == (1, True)
    assert kept.exists()
    assert typed(enrol, "ben", new_code=clock.code(secret))[0] == 0
    assert house.ben.totp == secret
    assert not kept.exists()

    clock.wait()
    assert typed(enrol, "ben")[0] == 2  # a code of the factor it has is asked for, and there is no terminal
    typed(enrol, "ben", code=clock.code(secret))
    second = kept.read_text().strip()
    clock.wait()
    assert typed(enrol, "ben", code=clock.wrong(secret), new_code=clock.code(second))[0] == 1
    assert typed(enrol, "ben", code=clock.code(secret), new_code=clock.code(second))[0] == 0
    assert house.ben.totp == second

    clock.wait()
    assert typed("remove", "ben", code=clock.wrong(second))[0] == 1
    status, answer, _ = typed("remove --json", "ben", code=clock.code(second))
    assert (status, json.loads(answer)) == (0, {"account": "ben", "second_factor": "none"})
    assert house.ben.totp == ""
    status, _, told = typed("remove", "ben")
    assert (status, "no second factor" in told) == (1, True)
    assert told_nowhere(house, secret, second)


def test_at_a_terminal_the_secret_is_shown_before_the_code_is_asked_for(
    house: Any, clock: Clock, typed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import getpass
    import sys

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    shown: list[str] = []

    def answer(prompt: str) -> str:
        shown.append(capsys.readouterr().out)
        return clock.code(shown[0].split()[1])

    monkeypatch.setattr(getpass, "getpass", answer)
    assert typed("enrol", "ben")[0] == 0
    assert house.ben.totp == shown[0].split()[1]


@pytest.mark.parametrize("words", ["enrol", "enrol --json"])
def test_where_nobody_can_be_asked_nothing_is_offered(house: Any, typed: Any, words: str) -> None:
    status, answer, told = typed(words, "ben")
    assert (status, answer, "--secret-file" in told) == (2, "", True)


def test_a_lost_factor_is_reset_by_command_and_by_nobody_else(house: Any, clock: Clock, typed: Any) -> None:
    enrolled(house, clock, "ben")
    own = enrolled(house, clock, "kit")
    status, _, told = typed("reset kit", "kit", code=clock.code(own))
    assert (status, "nobody resets their own" in told) == (1, True)
    assert typed("reset ben", "ova")[0] == 1
    clock.wait()
    assert typed("reset ben", "kit", code=clock.code(own))[0] == 0
    assert house.ben.totp == ""


def test_commands_wait_for_a_demanded_factor(house: Any, clock: Clock, typed: Any, tmp_path: Path) -> None:
    demand(house, "administrator")
    status, _, told = typed("reset ben", "kit")
    assert (status, "needs a second factor" in told, "second-factor enrol" in told) == (1, True, True)
    kept = tmp_path / "offered"
    assert typed(f"enrol --secret-file {kept}", "kit")[0] == 0
    secret = kept.read_text().strip()
    assert typed(f"enrol --secret-file {kept}", "kit", new_code=clock.code(secret))[0] == 0
    clock.wait()
    status, _, told = typed("reset ben", "kit", code=clock.code(secret))
    assert "has no second factor" in told
