"""The table of permissions as documentation: `python -m zaffre.identity.permission_table` writes it."""

from pathlib import Path

from zaffre.identity.permissions import HELD_IN_SUBSCRIPTIONS, PERMISSIONS_OF, Permission, Role

FILE = Path(__file__).parents[3] / "docs" / "guide" / "permissions.md"
INTRODUCTION = """# Permissions

Every route needs a permission, which its OpenAPI description names (`x-permission`), or says that anybody may call it.
A role is a set of permissions; a site can make others than these ([how](provider.md#people-and-roles)).
This table is made from the one in the code: `python -m zaffre.identity.permission_table`.

*In subscriptions* says that a role in a subscription can allow it or leave it out; who owns the subscription has all of
these.
"""


def permission_table() -> str:
    """Return the table as Markdown."""
    roles = list(Role)
    heads = ["permission", "what it allows", *(role.value.replace("_", " ") for role in roles), "in subscriptions"]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for permission in Permission:
        held = [_mark(permission in PERMISSIONS_OF[role]) for role in roles]
        within = _mark(permission in HELD_IN_SUBSCRIPTIONS)
        lines.append(_line([f"`{permission.value}`", permission.text, *held, within]))
    return INTRODUCTION + "\n" + "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _mark(yes: bool) -> str:  # noqa: FBT001 - what is marked
    return "yes" if yes else ""


if __name__ == "__main__":
    FILE.write_text(permission_table(), encoding="utf-8")
