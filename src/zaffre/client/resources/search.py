"""Searching everything at once."""

from collections.abc import Sequence

from zaffre.client.collection import Listing
from zaffre.client.connection import Connection
from zaffre.client.models import SearchHitView


class Search(Listing[SearchHitView]):
    """What is found by a piece of its name or tags, or by how its id or address begins."""

    noun = "hit"
    filterable = False

    def __init__(self, connection: Connection) -> None:
        """Search what a face shows."""
        super().__init__(connection, "/search", SearchHitView)

    def __call__(self, text: str, top: int = 20) -> Sequence[SearchHitView]:
        """Return up to `top` things, the best hits first.

        Raises:
            ZaffreError: the text is empty or longer than 100 characters.
        """
        return self._page(self._path, {"q": text, "$top": str(top)}).items
