"""Programs that are resource providers: registering them, and what tenants have there."""

from typing import Any

from pydantic import ConfigDict

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    NewResourceProviderBody,
    NewResourceProviderView,
    ProviderResourceView,
    ResourceProviderChangeBody,
    ResourceProviderView,
    SubscriptionServiceView,
)
from zaffre.client.wire import Wire


class Fields(Wire):
    """What a program's form asks for, by the names of its fields."""

    model_config = ConfigDict(extra="allow")


class ResourceProviders(Collection[ResourceProviderView, ResourceProviderView]):
    """Programs that sell services through plans, for administrators."""

    noun = "resource provider"

    def __init__(self, connection: Connection) -> None:
        """Use the registrations of the admin face."""
        super().__init__(connection, "/resource-providers", ResourceProviderView, ResourceProviderView)

    def register(self, body: NewResourceProviderBody) -> NewResourceProviderView:
        """Make a program a resource provider; the answer holds its access key, which is not shown again."""
        return parsed(self._connection.ask("POST", self._path, body), NewResourceProviderView)

    def change(
        self, provider_id: str, change: ResourceProviderChangeBody, if_match: int | None = None
    ) -> ResourceProviderView:
        """Change where a program is and what vouches for it; disable it, or enable it again."""
        return self._change(provider_id, change, ResourceProviderView, if_match)

    def refresh(self, provider_id: str) -> ResourceProviderView:
        """Ask a program anew what it is."""
        return parsed(self._connection.ask("POST", f"{self._member(provider_id)}/refresh"), ResourceProviderView)

    def rotate_keys(self, provider_id: str) -> NewResourceProviderView:
        """Give a program another access key, and have another key sign what it is asked."""
        return parsed(self._connection.ask("POST", f"{self._member(provider_id)}/rotate-keys"), NewResourceProviderView)

    def unregister(self, provider_id: str, if_match: int | None = None) -> None:
        """Forget a program of which no plan sells anything and nothing is left."""
        self._delete(provider_id, if_match)


class ProviderResources(Collection[ProviderResourceView, ProviderResourceView]):
    """What a subscription has in one collection of a program."""

    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the collection at `path`."""
        super().__init__(connection, path, ProviderResourceView, ProviderResourceView)

    def create(self, fields: dict[str, Any]) -> ProviderResourceView:
        """Make something, from what the collection's form asks for."""
        return self._create(Fields.model_validate(fields))

    def change(self, resource_id: str, fields: dict[str, Any]) -> ProviderResourceView:
        """Change something, as far as the collection's other form says."""
        return self._change(resource_id, Fields.model_validate(fields), ProviderResourceView, None)

    def delete(self, resource_id: str) -> None:
        """Delete something."""
        self._delete(resource_id)


class SubscriptionServices(Listing[SubscriptionServiceView]):
    """The services that a subscription has at programs."""

    noun = "service"
    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the services at `path`."""
        super().__init__(connection, path, SubscriptionServiceView)

    def resources(self, provider: str, collection: str) -> ProviderResources:
        """Return what there is in a collection of a program."""
        return ProviderResources(self._connection, f"{self._path}/{provider}/{collection}")
