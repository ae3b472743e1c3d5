"""Resource providers and their quota dimensions."""

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection
from zaffre.client.models import ProviderView


class Providers(Listing[ProviderView]):
    """What can be put into plans, for administrators."""

    noun = "resource provider"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Use the providers of the admin face."""
        super().__init__(connection, "/providers", ProviderView)
