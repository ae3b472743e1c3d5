"""Site roles: what accounts may do at the site."""

from collections.abc import Sequence

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection
from zaffre.client.models import NewSiteRoleBody, Permission, SiteRoleChangeBody, SiteRoleView


class SiteRoles(Collection[SiteRoleView, SiteRoleView]):
    """The roles that are built in, and the site's own."""

    noun = "site role"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the roles of the admin face."""
        super().__init__(connection, "/site-roles", SiteRoleView, SiteRoleView)

    def create(self, name: str, permissions: Sequence[Permission], description: str = "") -> SiteRoleView:
        """Make a role. It can allow no more than one may do oneself."""
        return self._create(NewSiteRoleBody(name=name, description=description, permissions=list(permissions)))

    def change(self, role_id: str, change: SiteRoleChangeBody, if_match: int | None = None) -> SiteRoleView:
        """Change one of the site's own roles, for everybody who holds it."""
        return self._change(role_id, change, SiteRoleView, if_match)

    def delete(self, role_id: str, if_match: int | None = None) -> None:
        """Delete a role that nobody holds.

        Raises:
            ZaffreError: accounts hold it, or it is built in.
        """
        self._delete(role_id, if_match)
