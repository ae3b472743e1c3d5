"""Sizes of virtual machines."""

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import NewSizeBody, SizeView


class AvailableSizes(Listing[SizeView]):
    """The sizes that virtual machines of a subscription can have."""

    noun = "size"


class Sizes(AvailableSizes):
    """All sizes, for administrators."""

    def __init__(self, connection: Connection) -> None:
        """Use the sizes of the admin face."""
        super().__init__(connection, "/sizes", SizeView)

    def create(self, body: NewSizeBody) -> SizeView:
        """Add a size."""
        return parsed(self._connection.ask("POST", self._path, body), SizeView)

    def delete(self, size_id: str) -> None:
        """Withdraw a size. Virtual machines that have it keep it."""
        self._connection.ask("DELETE", self._member(size_id))
