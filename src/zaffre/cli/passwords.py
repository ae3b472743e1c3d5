"""Asking for passwords. They never come as arguments, which everybody on the machine could read."""

import sys

import typer

from zaffre.cli import environment
from zaffre.cli.invocation import Invocation
from zaffre.cli.refusals import UsageProblem


def asked_password(run: Invocation, question: str, *, from_stdin: bool, twice: bool = False) -> str:
    """Return a password from standard input, from the environment, or from whoever sits there.

    Args:
        run: the command's run.
        question: what to ask.
        from_stdin: whether standard input holds it.
        twice: whether to have it typed twice, because it is a new one.

    Raises:
        UsageProblem: there is none and nobody to ask.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    given = environment.variable(environment.PASSWORD)
    if given is not None:
        return given
    if not run.terminal.interactive:
        raise UsageProblem(
            "There is no password and nobody to ask for it.", f"Set {environment.PASSWORD} or use --password-stdin."
        )
    return str(typer.prompt(question, hide_input=True, confirmation_prompt=twice, err=True))


def asked_secret(run: Invocation, question: str, *, from_stdin: bool) -> str:
    """Return a secret that is nobody's password, from standard input or from whoever sits there.

    Raises:
        UsageProblem: there is none and nobody to ask.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not run.terminal.interactive:
        raise UsageProblem("There is no secret and nobody to ask for it.", "Give it to --client-secret-stdin.")
    return str(typer.prompt(question, hide_input=True, err=True))
