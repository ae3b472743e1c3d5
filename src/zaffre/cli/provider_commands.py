"""`zaffre provider`: resource providers."""

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import ListWishes
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import yes_no
from zaffre.client import ProviderView

group = CommandGroup(help="Resource providers: what can be put into plans.")
app = group.app


@group.command("list")
def list_providers(run: Invocation) -> None:
    """List the resource providers, their health and their quotas."""
    columns: list[Column[ProviderView]] = [
        Column("NAME", lambda provider: provider.name, whole=True),
        Column("TITLE", lambda provider: provider.title),
        Column("HEALTHY", lambda provider: styled_state(yes_no(provider.healthy)), whole=True),
        Column("DIMENSIONS", lambda provider: ", ".join(each.name for each in provider.dimensions)),
        Column("VERSION", lambda provider: provider.version, wide=True),
        Column("HEALTH", lambda provider: provider.sentence, wide=True),
    ]
    run.show_list(run.client.admin.providers, ListWishes(everything=True), columns, "There are no resource providers.")
