"""Turns functions into commands.

A command's function says what it needs by the types of its parameters: an `Invocation`, bundles of options, and its own
arguments and options in Typer's way. Here the bundles are spread out into single options for Typer, and collected again
when the command runs.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from inspect import Parameter, Signature
from typing import Any, get_type_hints

import typer

from zaffre.cli.options import OptionBundle, Presentation

Function = Callable[..., None]


class CommandGroup:
    """A noun with its verbs."""

    def __init__(self, *, help: str) -> None:  # noqa: A002 - Typer's word
        """Begin a group that has no commands yet."""
        self.app = typer.Typer(
            no_args_is_help=True,
            help=help,
            context_settings=CONTEXT_SETTINGS,
            add_completion=False,
            rich_markup_mode=None,
        )
        self.app.callback()(_nothing)  # keeps a group with one verb from becoming that verb

    def command(self, name: str) -> Callable[[Function], Function]:
        """Make the function below a command of the group."""

        def register(function: Function) -> Function:
            self.app.command(name, context_settings=CONTEXT_SETTINGS)(runnable(function))
            return function

        return register

    def include(self, name: str, group: "CommandGroup") -> None:
        """Make another group a part of this one."""
        self.app.add_typer(group.app, name=name)


def _nothing() -> None:
    pass


CONTEXT_SETTINGS: dict[Any, Any] = {"help_option_names": ["--help", "-h"]}


def single(function: Function) -> typer.Typer:
    """Return an application that is just one command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(context_settings=CONTEXT_SETTINGS)(runnable(function))
    return app


def runnable(function: Function) -> Function:
    """Return a function whose signature Typer understands and that runs the given one."""
    from zaffre.cli.invocation import Invocation  # noqa: PLC0415 - the client is slow to load; help does without

    needed = inspect.signature(function, eval_str=True).parameters

    def run(**values: Any) -> None:
        taken: dict[str, Any] = {}
        with Invocation(_collect(Presentation, values)) as invocation:
            for name, parameter in needed.items():
                if parameter.annotation is Invocation:
                    taken[name] = invocation
                elif _is_bundle(parameter.annotation):
                    taken[name] = _collect(parameter.annotation, values)
                else:
                    taken[name] = values[name]
            function(**taken)

    spread = list(_spread(needed.values(), Invocation))
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in spread}
    run.__signature__ = Signature(spread)  # pyright: ignore[reportFunctionMemberAccess]
    return run


def _is_bundle(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, OptionBundle)


def _spread(parameters: Any, invocation: type) -> Iterator[Parameter]:
    """Yield a function's own parameters, then those of its bundles, then what every command has."""
    bundles = [Presentation]
    for parameter in parameters:
        if _is_bundle(parameter.annotation):
            bundles.insert(-1, parameter.annotation)
        elif parameter.annotation is not invocation:
            yield parameter.replace(kind=Parameter.KEYWORD_ONLY)
    for bundle in bundles:
        hints = get_type_hints(bundle, include_extras=True)
        for each in fields(bundle):
            default = Parameter.empty if each.default is MISSING else each.default
            yield Parameter(each.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])


def _collect(bundle: Any, values: dict[str, Any]) -> Any:
    return bundle(**{each.name: values[each.name] for each in fields(bundle)})
