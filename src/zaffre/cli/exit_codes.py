"""Exit codes: what the shell learns about how a command ended. They are stable."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    def __new__(cls, value: int, text: str) -> "ExitCode":
        """Make a member from its stable value and its documentation."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member

    text: str

    DONE = 0, "done"
    REFUSED = 1, "the request was refused or failed, or you said no"
    USAGE = 2, "the command was not written correctly"
    NOT_ALLOWED = 3, "you are not signed in, or may not do this"
    NOT_FOUND = 4, "there is no such resource"
    OPERATION_FAILED = 5, "the operation failed, was cancelled or did not end in time"
    UNREACHABLE = 6, "the server does not answer"
    INTERRUPTED = 130, "interrupted with Ctrl-C"
