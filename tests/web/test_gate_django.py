"""Which Django the gate runs on: 5.2 on Python 3.11, 5.2 to 6 on later ones; what Django will remove is an error here."""

from __future__ import annotations

import warnings
from importlib.metadata import requires

import pytest
from django.utils import deprecation
from packaging.requirements import Requirement

REMOVED = [kind for name, kind in vars(deprecation).items() if name.startswith("RemovedInDjango")]


@pytest.mark.parametrize(
    ("python", "inside", "outside"),
    [("3.11", ["5.2.19"], ["5.1.9", "6.0", "7.0"]), ("3.12", ["5.2.19", "6.0", "6.1.3"], ["5.1.9", "7.0"])],
)
def test_the_wheel_says_which_django_goes_with_which_python(
    python: str, inside: list[str], outside: list[str]
) -> None:
    asked = [Requirement(line) for line in requires("tre-toolkit") or [] if line.startswith("django")]
    at = {"python_version": python, "extra": "tre"}
    specifier = [one.specifier for one in asked if one.marker and one.marker.evaluate(at)]
    assert len(specifier) == 1
    assert all(version in specifier[0] for version in inside)
    assert not any(version in specifier[0] for version in outside)


@pytest.mark.parametrize("kind", REMOVED, ids=lambda kind: kind.__name__)
def test_what_a_later_django_removes_is_an_error_in_every_test(kind: type[Warning]) -> None:
    with pytest.raises(kind):
        warnings.warn("to be removed", kind, stacklevel=1)


def test_some_warnings_of_later_djangos_are_known() -> None:
    assert len(REMOVED) >= 2
