"""What the sandbox raises. Every message says what to do; none is shown as a traceback."""


class SandboxError(Exception):
    """The sandbox could not do what was asked; the message names the cause and the remedy."""


class SandboxUnsupportedError(SandboxError):
    """This machine or this user cannot run the sandbox at all. The command line exits with 2."""
