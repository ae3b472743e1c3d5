"""Telling people what went wrong: one block on standard error, and an exit code."""

import os
import sys
import traceback

import typer
from rich.text import Text

from zaffre.cli import environment
from zaffre.cli.contexts import ContextsUnreadable
from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.terminal import Terminal
from zaffre.client import NotFound, NotSignedIn, OperationFailed, StillRunning, Unreachable, ZaffreError, local_problem

NO_ADMIN_URL = "client.no_admin_url"


class UsageProblem(ZaffreError):
    """A command was written in a way that cannot be carried out."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(local_problem("usage", what, "", remedy))


class ContextProblem(ZaffreError):
    """Nobody is signed in, or what is remembered of them does not suffice."""

    def __init__(self, title: str, detail: str, remedy: str) -> None:
        super().__init__(local_problem("context", title, detail, remedy))


class ForAdministrators(ContextProblem):
    """The command needs the admin API, and the context has none."""

    def __init__(self) -> None:
        super().__init__(
            "This is for administrators", "", "If you are one, sign in with: zaffre login --url URL --admin-url URL"
        )


class SettingsProblem(ZaffreError):
    """A server cannot run with its settings."""

    def __init__(self, detail: str) -> None:
        remedy = "Correct the settings named above; --set KEY=VALUE overrides a file and the environment."
        super().__init__(local_problem("settings", "The server cannot run with these settings", detail, remedy))


def explain(error: Exception) -> ExitCode:
    """Tell people what went wrong; returns the exit code that says it to the shell."""
    terminal = Terminal()
    match error:
        case ZaffreError() if error.code == NO_ADMIN_URL:
            _print_problem(terminal, ForAdministrators())
            return ExitCode.NOT_ALLOWED
        case ZaffreError():
            _print_problem(terminal, error)
            return exit_code_of(error)
        case typer.Abort():
            terminal.note("Nothing was done.")
            return ExitCode.REFUSED
        case typer.TyperException():
            _print_usage(terminal, error)
            return ExitCode.USAGE
        case ContextsUnreadable():
            _print_block(terminal, "The contexts cannot be used", [str(error)])
            return ExitCode.USAGE
        case _:
            _print_fault(terminal, error)
            return ExitCode.REFUSED


def exit_code_of(error: ZaffreError) -> ExitCode:
    """Return the exit code for a refusal."""
    match error:
        case UsageProblem() | SettingsProblem():
            return ExitCode.USAGE
        case ContextProblem() | NotSignedIn():
            return ExitCode.NOT_ALLOWED
        case OperationFailed() | StillRunning():
            return ExitCode.OPERATION_FAILED
        case Unreachable():
            return ExitCode.UNREACHABLE
        case NotFound():
            return ExitCode.NOT_FOUND
        case _:
            return _by_status(error)


def _by_status(error: ZaffreError) -> ExitCode:
    if error.code == "client.bad_url":
        return ExitCode.USAGE
    return {403: ExitCode.NOT_ALLOWED, 404: ExitCode.NOT_FOUND}.get(error.status, ExitCode.REFUSED)


def _print_problem(terminal: Terminal, error: ZaffreError) -> None:
    lines: list[str | Text] = [error.detail] if error.detail else []
    lines += [f"• {field.target}: {field.detail}" for field in error.errors if len(error.errors) > 1]
    lines.append(Text(_remedy(error), style="cyan"))
    if error.status or error.operation_id:
        lines.append(Text(" · ".join(_references(error)), style="dim"))
    _print_block(terminal, error.title, lines)


def _remedy(error: ZaffreError) -> str:
    """Return what to do, in terms of the command line where the API speaks of itself."""
    match error:
        case OperationFailed() if error.operation.state == "stuck":
            return f"{error.remedy} Then: zaffre operation retry {error.operation.id}"
        case StillRunning():
            return f"It goes on. Wait for it with: zaffre operation wait {error.operation.id}"
        case NotSignedIn() if error.code != "identity.sign_in_failed":
            return "Sign in with: zaffre login"
        case _ if error.errors:
            return "Correct what is named above; --help tells what is expected."
        case _:
            return error.remedy


def _references(error: ZaffreError) -> list[str]:
    named = {
        "code": error.code,
        "about": error.target,
        "operation": error.operation_id,
        "request": error.request_id,
    }
    return [f"{name} {value}" for name, value in named.items() if value]


def _print_block(terminal: Terminal, title: str, lines: list[str | Text] | list[str]) -> None:
    stop = "" if title.endswith(("?", "!", ".")) else "."
    terminal.note(Text.assemble(("Error: ", "bold red"), (f"{title}{stop}", "bold")))
    for line in lines:
        indented = Text("  ").append_text(line) if isinstance(line, Text) else Text(f"  {line}")
        terminal.note(indented)


def _print_usage(terminal: Terminal, error: typer.TyperException) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":
        terminal.note(error.format_message())
        return
    context = getattr(error, "ctx", None)
    lines: list[str | Text] = []
    if context is not None:
        lines = [context.get_usage().strip(), Text(f"See {context.command_path} --help", style="cyan")]
    _print_block(terminal, error.format_message().replace("?.", "?"), lines)


def _print_fault(terminal: Terminal, error: Exception) -> None:
    if os.environ.get(environment.DEBUG):
        traceback.print_exception(error, file=sys.stderr)
        return
    what = f"{type(error).__name__}: {error}"
    hint = f"This is a fault of the command line. {environment.DEBUG}=1 shows where it is; please report it."
    _print_block(terminal, "Something went wrong inside zaffre", [what, Text(hint, style="cyan")])
