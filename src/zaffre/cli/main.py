"""The entry point `zaffre`."""

import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.lazy_group import Entry, LazyGroup

_YOU = "You"
_TENANT = "What tenants use"
_PROVIDER = "What providers run"
_WATCH = "What happens"
_SERVER = "The server"

ENTRIES = (
    Entry("login", "zaffre.cli.sign_in_commands:login", "Sign in to a site.", _YOU),
    Entry("logout", "zaffre.cli.sign_in_commands:logout", "Sign out.", _YOU),
    Entry("signup", "zaffre.cli.sign_in_commands:signup", "Make an account for yourself and sign in.", _YOU),
    Entry("whoami", "zaffre.cli.sign_in_commands:whoami", "Show who you are and where.", _YOU),
    Entry("context", "zaffre.cli.context_commands:app", "Sites you work with.", _YOU),
    Entry("session", "zaffre.cli.session_commands:app", "Where you are signed in.", _YOU),
    Entry("token", "zaffre.cli.token_commands:app", "API tokens for your programs.", _YOU),
    Entry("certificate", "zaffre.cli.certificate_commands:app", "Client certificates for your programs.", _YOU),
    Entry("plan", "zaffre.cli.plan_commands:app", "Plans: what can be subscribed to.", _TENANT),
    Entry("subscription", "zaffre.cli.subscription_commands:app", "Subscriptions, and what they use.", _TENANT),
    Entry("member", "zaffre.cli.member_commands:app", "Who works in a subscription, and invitations.", _TENANT),
    Entry("service-account", "zaffre.cli.service_account_commands:app", "Accounts of programs.", _TENANT),
    Entry("change-request", "zaffre.cli.change_request_commands:app", "Changes that need an approval.", _TENANT),
    Entry("network", "zaffre.cli.network_commands:app", "VM networks with subnets and ports.", _TENANT),
    Entry("vm", "zaffre.cli.vm_commands:app", "Virtual machines.", _TENANT),
    Entry(
        "availability-set",
        "zaffre.cli.availability_set_commands:app",
        "Virtual machines that are kept on different hosts.",
        _TENANT,
    ),
    Entry("checkpoint", "zaffre.cli.checkpoint_commands:app", "States of a virtual machine to go back to.", _TENANT),
    Entry("disk", "zaffre.cli.disk_commands:app", "Disks of virtual machines.", _TENANT),
    Entry("image", "zaffre.cli.image_commands:app", "Images that virtual machines are made from.", _TENANT),
    Entry("size", "zaffre.cli.size_commands:app", "Sizes of virtual machines.", _TENANT),
    Entry("key", "zaffre.cli.key_commands:app", "SSH keys.", _TENANT),
    Entry("resource", "zaffre.cli.resource_commands:app", "Things at other resource providers.", _TENANT),
    Entry("usage", "zaffre.cli.usage_commands:app", "What was used, for billing.", _WATCH),
    Entry("cost", "zaffre.cli.cost_commands:app", "What subscriptions cost.", _WATCH),
    Entry("statement", "zaffre.cli.statement_commands:app", "What months came to.", _WATCH),
    Entry("budget", "zaffre.cli.budget_commands:app", "What months may cost.", _WATCH),
    Entry("focus", "zaffre.cli.focus_commands:app", "Charges for FinOps tools, as FOCUS 1.2.", _WATCH),
    Entry("search", "zaffre.cli.search_commands:search", "Find anything by name, id, address or tag.", _WATCH),
    Entry("overview", "zaffre.cli.overview_commands:overview", "How the site is, and what needs a human.", _WATCH),
    Entry("operation", "zaffre.cli.operation_commands:app", "Work under way and done.", _WATCH),
    Entry("events", "zaffre.cli.event_commands:events", "What happened, and what happens.", _WATCH),
    Entry("webhook", "zaffre.cli.webhook_commands:app", "Events sent to others.", _WATCH),
    Entry("audit", "zaffre.cli.audit_commands:app", "Who did what, and the proof of it.", _WATCH),
    Entry("account", "zaffre.cli.account_commands:app", "People's accounts.", _PROVIDER),
    Entry(
        "identity-provider",
        "zaffre.cli.identity_provider_commands:app",
        "Identity providers: with what people can sign in.",
        _PROVIDER,
    ),
    Entry("site-role", "zaffre.cli.site_role_commands:app", "What accounts may do at the site.", _PROVIDER),
    Entry("add-on", "zaffre.cli.add_on_commands:app", "Add-ons: what can be had on top of plans.", _PROVIDER),
    Entry(
        "approval-program", "zaffre.cli.approval_program_commands:app", "Programs that decide on changes.", _PROVIDER
    ),
    Entry("approval-rule", "zaffre.cli.approval_rule_commands:app", "Which changes need an approval.", _PROVIDER),
    Entry("mail", "zaffre.cli.mail_commands:app", "Mail that the site sends.", _PROVIDER),
    Entry("rate-card", "zaffre.cli.rate_card_commands:app", "Rate cards: what usage costs.", _PROVIDER),
    Entry("discount", "zaffre.cli.discount_commands:app", "Discounts on prices.", _PROVIDER),
    Entry("credit", "zaffre.cli.credit_commands:app", "Credits that statements use up.", _PROVIDER),
    Entry("stamp", "zaffre.cli.stamp_commands:app", "Stamps: scale units of hosts.", _PROVIDER),
    Entry("host", "zaffre.cli.host_commands:app", "Hypervisor hosts.", _PROVIDER),
    Entry("cloud", "zaffre.cli.cloud_commands:app", "Clouds: slices of stamps that plans offer.", _PROVIDER),
    Entry("logical-network", "zaffre.cli.logical_network_commands:app", "Network planes of stamps.", _PROVIDER),
    Entry("provider", "zaffre.cli.provider_commands:app", "Resource providers and their quotas.", _PROVIDER),
    Entry(
        "unmanaged-guest",
        "zaffre.cli.unmanaged_guest_commands:app",
        "Guests on hosts that Zaffre does not know.",
        _PROVIDER,
    ),
    Entry("up", "zaffre.cli.fabric_commands:up", "Bring up a whole cloud on this machine.", _SERVER),
    Entry("down", "zaffre.cli.fabric_commands:down", "Take it down again.", _SERVER),
    Entry("server", "zaffre.cli.server_information_commands:app", "The running server's settings.", _SERVER),
    Entry("serve", "zaffre.cli.server_commands:serve", "Run the server.", _SERVER),
    Entry("openapi", "zaffre.cli.server_commands:openapi", "Write the API's OpenAPI descriptions.", _SERVER),
    Entry("version", "zaffre.cli.server_commands:version", "Show versions, yours and the server's.", _SERVER),
)
"""Every command. Whoever adds one adds a line here."""

_INTRODUCTION = """Zaffre, an open cloud operating system.

Begin with "zaffre login --url https://cloud.example:30006", then "zaffre plan list". Things are called by their names
or ids. Commands that show something print JSON or YAML with -o.
"""


class Commands(LazyGroup):
    """All there is."""

    entries = ENTRIES
    footnotes = (("Exit codes", [(str(code.value), code.text) for code in ExitCode]),)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help=_INTRODUCTION,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback()
def _root() -> None:  # pyright: ignore[reportUnusedFunction] - Typer keeps it
    """Stand for the command itself, which does nothing without a verb."""


def main() -> None:
    """Run the command that the process was started with."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns its exit code. Nothing but the code comes back: people have been told the rest."""
    try:
        ended = get_command(app).main(args=list(arguments), prog_name="zaffre", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the last place where a fault can become a sentence
        from zaffre.cli.refusals import explain  # noqa: PLC0415 - nothing goes wrong most of the time

        return explain(error)
    return ended if isinstance(ended, int) else ExitCode.DONE


if __name__ == "__main__":
    main()
