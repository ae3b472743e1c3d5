"""The verbs `rename`, `tag` and `untag`, which are the same for all that tenants own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Protocol

import typer

from zaffre.cli.arguments import RenamedArgument
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription, OptionBundle
from zaffre.client import LabelledCollection

TagsArgument = Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="The tags it gets.")]
TagOption = Annotated[
    list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag that it gets. May be repeated.")
]
KeysArgument = Annotated[list[str], typer.Argument(metavar="KEY...", help="The tags it loses.")]


class Tagged(Protocol):
    """What has tags."""

    @property
    def tags(self) -> Mapping[str, str]:
        """By key."""
        ...


def add_label_commands(
    group: CommandGroup,
    noun: str,
    argument: Any,
    collection: Callable[[Invocation, Any], LabelledCollection[Any, Any]],
    where: type[OptionBundle] = InSubscription,
    renamed: Callable[[Invocation, Any], None] = lambda _run, _found: None,
) -> None:
    """Put the verbs into a group.

    Args:
        group: the commands of a noun.
        noun: how a sentence begins: `The disk`.
        argument: the annotation of the argument that names one of them.
        collection: where they are.
        where: the options that say which collection is meant.
        renamed: told of each that was renamed.
    """

    def rename(run: Invocation, chosen: Any, name: Any, new_name: RenamedArgument) -> None:
        found = collection(run, chosen)
        changed = found.change(run.id_in(found, name), name=new_name)
        renamed(run, changed)
        run.report(changed, f"{noun} is now called {changed.name}.")

    def tag(run: Invocation, chosen: Any, name: Any, tags: TagsArgument) -> None:
        found = collection(run, chosen)
        _report(run, noun, found.change(run.id_in(found, name), tags=dict(_pairs(tags))))

    def untag(run: Invocation, chosen: Any, name: Any, keys: KeysArgument) -> None:
        found = collection(run, chosen)
        _report(run, noun, found.change(run.id_in(found, name), tags=dict.fromkeys(keys)))

    a_thing = f"{'an' if noun[4] in 'AaIi' else 'a'} {noun.removeprefix('The ')}"
    for verb, text in (
        (rename, f"Give {a_thing} another name."),
        (tag, f"Put tags on {a_thing}. A tag that it has already gets the new value."),
        (untag, f"Take tags off {a_thing}."),
    ):
        verb.__doc__ = text
        verb.__annotations__ |= {"chosen": where, "name": argument}
        group.command(verb.__name__)(verb)


def tags_fact(tagged: Tagged) -> tuple[str, str | None]:
    """Return what a sheet says of something's tags."""
    return "Tags", tags_text(tagged.tags) or None


def tags_text(tags: Mapping[str, str]) -> str:
    """Return tags on one line."""
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))


def new_tags(tags: Iterable[str] | None) -> dict[str, str]:
    """Read what `TagOption` holds.

    Raises:
        typer.BadParameter: one is not a key with a value.
    """
    return dict(_pairs(tags or ()))


def _pairs(tags: Iterable[str]) -> Iterable[tuple[str, str]]:
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not equals:
            raise typer.BadParameter(f"{tag!r} is not KEY=VALUE.")
        yield key, value


def _report(run: Invocation, noun: str, labelled: Any) -> None:
    run.report(labelled, f"{noun} {labelled.name} has the tags {tags_text(labelled.tags) or '(none)'}.")
