"""`zaffre webhook`: events sent to others."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, OptionBundle
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text
from zaffre.client import (
    DeliveryDetailView,
    DeliveryView,
    NewWebhookBody,
    WebhookChangeBody,
    Webhooks,
    WebhookView,
)

group = CommandGroup(help="Webhooks: events sent to others.")
app = group.app


@dataclass(frozen=True)
class WhoseWebhooks(OptionBundle):
    """Whether the site's webhooks are meant and not a subscription's."""

    site: Annotated[bool, typer.Option("--site", help="Those of the site, as an administrator.")] = False


WebhookArgument = Annotated[
    str,
    typer.Argument(
        metavar="WEBHOOK",
        help="Name or id of a webhook.",
        autocompletion=names_of(lambda run: run.subscription().webhooks),
    ),
]
DeliveryArgument = Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of a delivery.")]
KindsOption = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help="virtual_machine.started, virtual_machine.* or *; may be repeated."),
]
FilterOption = Annotated[
    str | None, typer.Option("--filter", metavar="EXPRESSION", help="Only events for which it holds; '' for all.")
]


@group.command("list")
def list_webhooks(run: Invocation, chosen: InSubscription, whose: WhoseWebhooks, wishes: ListWishes) -> None:
    """List where events are sent."""
    columns: list[Column[WebhookView]] = [
        NAME,
        Column("STATE", _state, whole=True),
        Column("WAITING", lambda webhook: webhook.pending, number=True),
        Column("URL", lambda webhook: webhook.url),
        Column("KINDS", lambda webhook: ", ".join(webhook.kinds), wide=True),
        age_column(run),
        id_column(run),
    ]
    none = "No events are sent anywhere. Make a webhook with: zaffre webhook create NAME URL"
    run.show_list(_webhooks(run, chosen, whose), wishes, columns, none)


@group.command("show")
def show_webhook(run: Invocation, chosen: InSubscription, whose: WhoseWebhooks, webhook: WebhookArgument) -> None:
    """Show a webhook, and how its endpoint is."""
    found = run.find(_webhooks(run, chosen, whose), webhook)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_webhook(
    run: Invocation,
    chosen: InSubscription,
    whose: WhoseWebhooks,
    name: NewNameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send them: https://…")],
    kinds: KindsOption = None,
    filter_: FilterOption = None,
) -> None:
    """Have events sent somewhere from now on. The signing secret is printed this once."""
    body = NewWebhookBody(name=name, url=url, kinds=kinds or ["*"], filter=filter_ or None)
    made = _webhooks(run, chosen, whose).create(body)
    run.report_once(made, made.secret, f"Webhook {name} is made. Keep its secret safe: it is not shown again.")


@group.command("change")
def change_webhook(
    run: Invocation,
    chosen: InSubscription,
    whose: WhoseWebhooks,
    webhook: WebhookArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Another address.")] = None,
    kinds: KindsOption = None,
    filter_: FilterOption = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether anything is sent.")] = None,
) -> None:
    """Change what is sent where. It is checked that you may see what is sent, as long as it is."""
    given = {"name": name, "url": url, "kinds": kinds or None, "enabled": enabled}
    wanted: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    if filter_ is not None:
        wanted["filter"] = filter_ or None
    if not wanted:
        raise UsageProblem("Nothing is to change.", "Say what with --url, --kind, --filter, --enable and the like.")
    webhooks = _webhooks(run, chosen, whose)
    changed = webhooks.change(run.id_in(webhooks, webhook), WebhookChangeBody.model_validate(wanted))
    run.report(changed, f"Webhook {changed.name} is changed ({_state(changed)}).")


@group.command("delete")
def delete_webhook(
    run: Invocation, chosen: InSubscription, whose: WhoseWebhooks, confirmation: Confirmation, webhook: WebhookArgument
) -> None:
    """Send no more, and forget what was sent."""
    webhooks = _webhooks(run, chosen, whose)
    found = run.find(webhooks, webhook)
    run.confirm(confirmation, f"Delete the webhook {found.name}?", [f"{found.pending} deliveries wait and are lost."])
    webhooks.delete(found.id)
    run.report(found, f"Webhook {found.name} is deleted.")


@group.command("rotate-secret")
def rotate_secret(
    run: Invocation,
    chosen: InSubscription,
    whose: WhoseWebhooks,
    webhook: WebhookArgument,
    overlap_hours: Annotated[
        int, typer.Option("--overlap", min=0, max=168, metavar="HOURS", help="How long the present one signs as well.")
    ] = 24,
) -> None:
    """Have another secret sign. It is printed this once."""
    webhooks = _webhooks(run, chosen, whose)
    made = webhooks.rotate_secret(run.id_in(webhooks, webhook), overlap_hours)
    run.report_once(made, made.secret, f"Webhook {made.name} has another secret. Keep it safe: it is not shown again.")


@group.command("test")
def test_webhook(run: Invocation, chosen: InSubscription, whose: WhoseWebhooks, webhook: WebhookArgument) -> None:
    """Have a message sent that tells of nothing."""
    webhooks = _webhooks(run, chosen, whose)
    webhook_id = run.id_in(webhooks, webhook)
    sent = webhooks.test(webhook_id)
    run.report(sent, f"It is on its way. See what came of it with: zaffre webhook delivery {webhook_id} {sent.id}")


@group.command("deliveries")
def list_deliveries(
    run: Invocation, chosen: InSubscription, whose: WhoseWebhooks, wishes: ListWishes, webhook: WebhookArgument
) -> None:
    """List what a webhook was sent and is to be sent, newest first."""
    webhooks = _webhooks(run, chosen, whose)
    columns: list[Column[DeliveryView]] = [
        Column("WHAT", lambda delivery: delivery.kind, whole=True),
        Column("RESOURCE", lambda delivery: delivery.resource_name or run.names.id(delivery.resource_id)),
        STATE,
        Column("ANSWER", _answer, whole=True),
        Column("MS", lambda delivery: delivery.duration_ms, number=True, whole=True),
        Column("ATTEMPTS", lambda delivery: delivery.attempts, number=True, whole=True),
        Column("WHY", lambda delivery: delivery.trigger, wide=True),
        age_column(run),
        id_column(run),
    ]
    run.show_list(webhooks.deliveries(run.id_in(webhooks, webhook)), wishes, columns, "Nothing was sent yet.")


@group.command("delivery")
def show_delivery(
    run: Invocation, chosen: InSubscription, whose: WhoseWebhooks, webhook: WebhookArgument, delivery: DeliveryArgument
) -> None:
    """Show a delivery: what was sent, and what was answered."""
    webhooks = _webhooks(run, chosen, whose)
    found = webhooks.deliveries(run.id_in(webhooks, webhook)).get(delivery)
    run.show(found, lambda: _delivery_sections(run, found))


@group.command("redeliver")
def redeliver(
    run: Invocation,
    chosen: InSubscription,
    whose: WhoseWebhooks,
    webhook: WebhookArgument,
    delivery: Annotated[str | None, typer.Argument(metavar="DELIVERY", help="Id of a delivery.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", metavar="TIME", help="All events from then on, in UTC.")
    ] = None,
) -> None:
    """Send one delivery again, or all events since."""
    webhooks = _webhooks(run, chosen, whose)
    webhook_id = run.id_in(webhooks, webhook)
    if (delivery is None) == (since is None):
        raise UsageProblem("It is not clear what to send again.", "Name a delivery, or an instant with --since.")
    if delivery is not None:
        run.report(webhooks.deliveries(webhook_id).redeliver(delivery), "It is sent again.")
    elif since is not None:
        done = webhooks.replay(webhook_id, since if since.tzinfo else since.replace(tzinfo=UTC))
        run.report(done, f"{done.deliveries} events are sent again.")
        if done.more and done.through is not None:
            run.terminal.note(f"There are more. Go on with: --since {done.through:%Y-%m-%dT%H:%M:%S}")


def _webhooks(run: Invocation, chosen: InSubscription, whose: WhoseWebhooks) -> Webhooks:
    return run.client.admin.webhooks if whose.site else run.subscription(chosen).webhooks


def _state(webhook: WebhookView) -> str:
    if not webhook.enabled:
        return f"disabled ({webhook.disabled_reason})"
    return "failing" if webhook.failures else "enabled"


def _answer(delivery: DeliveryView | DeliveryDetailView) -> str | None:
    return str(delivery.status) if delivery.status is not None else delivery.error


def _sections(run: Invocation, found: WebhookView) -> list[Section]:
    def told(instant: datetime | None) -> str | None:
        return instant_text(instant, run.terminal.now) if instant is not None else None

    facts = [
        ("Name", found.name),
        ("State", _state(found)),
        ("URL", found.url),
        ("Kinds", ", ".join(found.kinds)),
        ("Filter", found.filter),
        ("Waiting", found.pending),
        ("Last success", told(found.last_success_at)),
        ("Last failure", told(found.last_failure_at)),
        ("Failing since", told(found.failing_since)),
        ("Old secret until", told(found.previous_secret_until)),
        created(run, found),
        ("Id", found.id),
    ]
    return [Section(None, facts)]


def _delivery_sections(run: Invocation, found: DeliveryDetailView) -> list[Section]:
    facts = [
        ("Event", found.kind),
        ("State", found.state),
        ("Attempts", found.attempts),
        ("Answer", _answer(found)),
        ("Milliseconds", found.duration_ms),
        ("Message id", found.event_id),
        created(run, found),
    ]
    return [Section(None, facts), Section("Sent", [("Body", found.body)]), Section("Answer", [("Text", found.excerpt)])]
