"""Identity providers: with which accounts that people have elsewhere they can sign in."""

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    IdentityProviderChangeBody,
    IdentityProviderView,
    LinkedIdentityView,
    NewIdentityProviderBody,
    ProviderTestView,
)


class IdentityProviders(Collection[IdentityProviderView, IdentityProviderView]):
    """OpenID providers that a site trusts, for administrators."""

    noun = "identity provider"

    def __init__(self, connection: Connection) -> None:
        """Use the identity providers of the admin face."""
        super().__init__(connection, "/identity-providers", IdentityProviderView, IdentityProviderView)

    def create(self, body: NewIdentityProviderBody) -> IdentityProviderView:
        """Trust an OpenID provider. Register the answer's redirect URLs there."""
        return self._create(body)

    def change(
        self, provider_id: str, change: IdentityProviderChangeBody, if_match: int | None = None
    ) -> IdentityProviderView:
        """Change a provider. Disabling it ends the sessions that began there."""
        return self._change(provider_id, change, IdentityProviderView, if_match)

    def delete(self, provider_id: str, if_match: int | None = None) -> None:
        """Forget a provider to which no account is linked."""
        self._delete(provider_id, if_match)

    def test(self, provider_id: str) -> ProviderTestView:
        """Ask the provider what it is and for its keys.

        Raises:
            ZaffreError: it does not answer, or not with what can be used.
        """
        return parsed(self._connection.ask("POST", f"{self._member(provider_id)}/test"), ProviderTestView)


class LinkedIdentities(Listing[LinkedIdentityView]):
    """The accounts elsewhere that one can sign in with. They are linked in the portal, with a browser."""

    noun = "linked identity"
    name_field = "provider_name"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the identities of one's own account."""
        super().__init__(connection, "/accounts/me/identities", LinkedIdentityView)

    def unlink(self, identity_id: str) -> None:
        """Not sign in with it any more.

        Raises:
            ZaffreError: it is the last way to sign in.
        """
        self._connection.ask("DELETE", self._member(identity_id))
