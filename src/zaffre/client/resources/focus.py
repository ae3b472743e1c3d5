"""FOCUS: charges in the form of the FinOps Open Cost and Usage Specification."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from zaffre.client.connection import Call, Connection
from zaffre.client.models import FocusFormat

SILENCE_S = 120.0
"""How long nothing may come; a large month is calculated while it is sent."""


class Focus:
    """The charges of a subscription, or on the admin face everybody's."""

    def __init__(self, connection: Connection, path: str = "") -> None:
        """Export what is below a path."""
        self._connection = connection
        self._path = f"{path}/focus-export"

    @contextmanager
    def export(self, period: str | None = None, form: FocusFormat = FocusFormat.CSV) -> Generator[Iterator[bytes]]:
        """Give out a month such as `2026-11` in pieces while it comes in; left out, the running one."""
        options = {"format": form.value} | ({"period": period} if period is not None else {})
        with self._connection.open(Call("GET", self._path, options, {}, read_timeout_s=SILENCE_S)) as response:
            yield response.iter_bytes()
