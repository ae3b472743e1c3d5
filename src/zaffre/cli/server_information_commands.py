"""`zaffre server`."""

from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.tables import Column
from zaffre.client import SettingView

group = CommandGroup(help="The running server.")
app = group.app


@group.command("settings")
def list_settings(run: Invocation) -> None:
    """List the settings in effect, and where each comes from."""
    columns: list[Column[SettingView]] = [
        Column("KEY", lambda setting: setting.key, whole=True),
        Column("VALUE", lambda setting: setting.value),
        Column("ORIGIN", lambda setting: setting.origin),
    ]
    run.show_items(run.client.admin.settings(), columns, "There are no settings.")
