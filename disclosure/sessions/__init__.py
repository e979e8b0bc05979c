"""Sessions: a researcher works with pandas' and statsmodels' signatures, and everything made is checked as it is made.

`session` opens one; what it makes are plain frames and results, and for each an `Output` with verdict and evidence.
"""

from disclosure.sessions.output import Output
from disclosure.sessions.session import Session, session

__all__ = ["Output", "Session", "session"]
