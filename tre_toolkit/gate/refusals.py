"""What the gate says no to, and which kind of no it is: the pages and the API turn the kind into a status."""

from __future__ import annotations

from tre_toolkit.errors import TreError


class NotAllowed(TreError):
    """This person may not do this, here or ever."""

    http = 403


class NotFound(TreError):
    """There is no such thing, or it isn't this person's to know of: both look the same."""

    http = 404


class Conflict(TreError):
    """It was possible a moment ago, or will be later: the state of the request stands against it."""

    http = 409


class Unsafe(TreError):
    """Bytes the gate will not hold or let go."""

    http = 422
