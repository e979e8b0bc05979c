"""The gate's commands: `tre request`, `tre review`, `tre release`, `tre gate`, `tre verify`, `tre audit`.

Each verb opens the gate, signs in, and calls one function of the service; the pages call the same ones.
"""

from __future__ import annotations

from tre_toolkit.gate.commands.keeper import gate
from tre_toolkit.gate.commands.release import release
from tre_toolkit.gate.commands.request import request
from tre_toolkit.gate.commands.review import review
from tre_toolkit.gate.commands.verify import audit, verify

__all__ = ["audit", "gate", "release", "request", "review", "verify"]
