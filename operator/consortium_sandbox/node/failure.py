"""What stops a node: an exception that prints as Boost's diagnostic information does.

The real node writes the diagnostic to stdout and exits with 255. People and operators look for the
line `std::exception::what: …`, so that line is the contract; the rest is there to look alike.
"""

from __future__ import annotations


class StartFailed(Exception):
    """The node cannot start. `kind` is the C++ type that the real node throws."""

    def __init__(self, what: str, *, kind: str = "bcos::tool::InvalidConfig") -> None:
        super().__init__(what)
        self.what = what
        self.kind = kind

    def diagnostic(self) -> str:
        """Several lines, ending in a newline, in the order of boost::diagnostic_information."""
        lines = [
            "Throw location unknown (consider using BOOST_THROW_EXCEPTION)",
            f"Dynamic exception type: boost::wrapexcept<{self.kind}>",
            f"std::exception::what: {self.what}",
        ]
        return "\n".join(lines) + "\n"


class Abort(Exception):
    """The real node calls abort(): the process ends by SIGABRT (134 in a shell)."""


class DiskFailed(SystemExit):
    """A write failed: the real node raises SIGTERM in itself and exits with 0.

    A SystemExit ends the event loop from wherever it is raised.
    """


def invalid_parameter(what: str) -> StartFailed:
    """What the gateway throws."""
    return StartFailed(what, kind="bcos::InvalidParameter")


def runtime_error(what: str) -> StartFailed:
    """A plain std::runtime_error."""
    return StartFailed(what, kind="std::runtime_error")
