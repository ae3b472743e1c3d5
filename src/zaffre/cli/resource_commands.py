"""`zaffre resource`: what a subscription has at resource providers that are programs of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from zaffre.cli.columns import NAME, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, OptionBundle
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.client import (
    FieldKind,
    LabelsView,
    ProviderCollectionView,
    ProviderInputView,
    ProviderResources,
    ProviderResourceView,
    SubscriptionServiceView,
)

group = CommandGroup(help="What your subscriptions have at other resource providers.")
app = group.app


@dataclass(frozen=True)
class WhoseResources(OptionBundle):
    """Which collection of which provider is meant."""

    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="PROVIDER", help="Whose; may be left out when there is one."),
    ] = None
    collection: Annotated[
        str | None,
        typer.Option("--collection", metavar="COLLECTION", help="Of what kind; may be left out when there is one."),
    ] = None


ResourceArgument = Annotated[str, typer.Argument(metavar="RESOURCE", help="Name or id of a resource.")]
FieldsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="FIELD=VALUE", help="What the form asks for; `resource services` lists it."),
]


@group.command("services")
def list_services(run: Invocation, chosen: InSubscription) -> None:
    """List the services, their collections and what their forms ask for."""
    columns: list[Column[SubscriptionServiceView]] = [
        Column("PROVIDER", lambda service: service.name, whole=True),
        Column("TITLE", lambda service: service.title.en),
        Column("COLLECTIONS", lambda service: ", ".join(each.name for each in service.collections)),
        Column("FIELDS", lambda service: "; ".join(_form_text(each) for each in service.collections)),
    ]
    services = list(run.subscription(chosen).services.all())
    run.show_items(services, columns, "The subscription has no services of other resource providers.")


@group.command("list")
def list_resources(run: Invocation, chosen: InSubscription, whose: WhoseResources, wishes: ListWishes) -> None:
    """List what there is."""
    resources, collection = _resources(run, chosen, whose)
    columns: list[Column[ProviderResourceView]] = [
        NAME,
        *(Column(each.title.en.upper(), _field(each.name)) for each in collection.columns),
        id_column(run),
    ]
    run.show_list(resources, wishes, columns, f"There are no {collection.title.en.lower()}.")


@group.command("show")
def show_resource(run: Invocation, chosen: InSubscription, whose: WhoseResources, resource: ResourceArgument) -> None:
    """Show a resource."""
    resources, collection = _resources(run, chosen, whose)
    found = resources.find(resource)
    run.show(found, lambda: [Section(None, _facts(found, collection))])


@group.command("create")
def create_resource(
    run: Invocation, chosen: InSubscription, whose: WhoseResources, fields: FieldsArgument = None
) -> None:
    """Make a resource.

    For example: zaffre resource create --provider buckets name=photos gib=10
    """
    resources, collection = _resources(run, chosen, whose)
    made = resources.create(_values(fields or [], collection.form))
    run.report(made, f"{collection.singular.en} {made.name} is made.")


@group.command("change")
def change_resource(
    run: Invocation,
    chosen: InSubscription,
    whose: WhoseResources,
    resource: ResourceArgument,
    fields: FieldsArgument = None,
) -> None:
    """Change a resource.

    For example: zaffre resource change photos gib=20
    """
    resources, collection = _resources(run, chosen, whose)
    changed = resources.change(resources.find(resource).id, _values(fields or [], collection.change_form))
    run.report(changed, f"{collection.singular.en} {changed.name} is changed.")


@group.command("delete")
def delete_resource(
    run: Invocation,
    chosen: InSubscription,
    whose: WhoseResources,
    confirmation: Confirmation,
    resource: ResourceArgument,
) -> None:
    """Delete a resource."""
    resources, collection = _resources(run, chosen, whose)
    found = resources.find(resource)
    run.confirm(confirmation, f"Delete {found.name}?")
    resources.delete(found.id)
    run.report(found, f"{collection.singular.en} {found.name} is deleted.")


def _resources(
    run: Invocation, chosen: InSubscription, whose: WhoseResources
) -> tuple[ProviderResources, ProviderCollectionView]:
    services = run.subscription(chosen).services
    service = _one(list(services.all()), whose.provider, "--provider", "services of other resource providers")
    collection = _one(service.collections, whose.collection, "--collection", f"collections of {service.name}")
    return services.resources(service.name, collection.name), collection


def _one(choices: Any, name: str | None, option: str, what: str) -> Any:
    """Return the choice of a name, or the only one."""
    found = [each for each in choices if name is None or each.name == name]
    if len(found) != 1:
        known = ", ".join(each.name for each in choices) or "none"
        raise UsageProblem(
            f"It is not clear which of the {what} is meant.", f"Name it with {option}. There are: {known}."
        )
    return found[0]


def _values(fields: list[str], form: list[ProviderInputView]) -> dict[str, Any]:
    """Return what was written as NAME=VALUE, each as its field's kind wants it."""
    kinds = {each.name: each.kind for each in form}
    values: dict[str, Any] = {}
    for text in fields:
        name, equals, value = text.partition("=")
        if not equals or name not in kinds:
            raise UsageProblem(
                f"{text!r} is no field of the form.", f"Write NAME=VALUE. There are: {', '.join(kinds)}."
            )
        values[name] = _value(name, value, kinds[name])
    return values


def _value(name: str, text: str, kind: FieldKind) -> Any:
    if kind not in (FieldKind.NUMBER, FieldKind.BOOLEAN):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise UsageProblem(f"{name} cannot be {text!r}.", "Give a number, or true or false.") from None


def _field(name: str) -> Callable[[ProviderResourceView], Any]:
    return lambda resource: getattr(resource, name, None)


def _facts(found: ProviderResourceView, collection: ProviderCollectionView) -> list[tuple[str, Any]]:
    rest = [(_title(each.title), getattr(found, each.name, None)) for each in collection.columns]
    return [("Name", found.name), *rest, ("Id", found.id)]


def _title(labels: LabelsView) -> str:
    return labels.en


def _form_text(collection: ProviderCollectionView) -> str:
    return f"{collection.name}: {', '.join(each.name for each in collection.form)}"
