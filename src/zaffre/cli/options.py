"""Bundles of options that many commands share.

A bundle is a frozen dataclass whose fields are Typer options. A command that has a parameter of a bundle's type has all
its options (see `commands`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from zaffre.cli import environment
from zaffre.cli.completion import complete_contexts, complete_subscriptions

LIST_LIMIT = 50
WAIT_TIMEOUT_S = 600


class OutputFormat(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class OptionBundle:
    """What all bundles are, so that commands can tell them from other parameters."""


@dataclass(frozen=True)
class Anywhere(OptionBundle):
    """No options: what is meant is in no subscription."""


@dataclass(frozen=True)
class Presentation(OptionBundle):
    """Which site is asked, and how its answer is shown."""

    output: Annotated[
        OutputFormat,
        typer.Option("--output", "-o", help="For people, or the API's own fields."),
    ] = OutputFormat.TABLE
    wide: Annotated[bool, typer.Option("--wide", help="More columns, and ids in full.")] = False
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            envvar=environment.CONTEXT,
            show_default=False,
            metavar="NAME",
            help="The context to use instead of the current one.",
            autocompletion=complete_contexts,
        ),
    ] = None


@dataclass(frozen=True)
class ListWishes(OptionBundle):
    """Which items of a collection, and how many."""

    filter: Annotated[
        str | None,
        typer.Option(
            "--filter",
            metavar="EXPRESSION",
            help="Only those for which it holds, as in: state eq 'running' and startswith(name,'web')",
        ),
    ] = None
    order: Annotated[
        str | None,
        typer.Option("--order", metavar="FIELDS", help="Sort, as in: created_at desc"),
    ] = None
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="WORDS", help="Only those with all the words."),
    ] = None
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="List at most so many.")] = LIST_LIMIT
    everything: Annotated[bool, typer.Option("--all", help="List all there are.")] = False


@dataclass(frozen=True)
class Waiting(OptionBundle):
    """Whether to wait for the operation that a command starts."""

    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the operation has ended, showing its progress.")
    ] = True
    timeout_s: Annotated[float, typer.Option("--timeout", min=0, metavar="SECONDS", help="The longest to wait.")] = (
        WAIT_TIMEOUT_S
    )


@dataclass(frozen=True)
class Confirmation(OptionBundle):
    """Whether to ask before something is destroyed."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False


@dataclass(frozen=True)
class InSubscription(OptionBundle):
    """Which subscription is meant."""

    subscription: Annotated[
        str | None,
        typer.Option(
            "--subscription",
            "-s",
            envvar=environment.SUBSCRIPTION,
            show_default=False,
            metavar="NAME",
            help="Name or id of the subscription; the current one when left out.",
            autocompletion=complete_subscriptions,
        ),
    ] = None
