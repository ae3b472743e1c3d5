"""Lifecycle events: following what happens, and looking back."""

from collections.abc import Generator, Iterator

from pydantic import ValidationError

from zaffre.client.connection import Call, Connection
from zaffre.client.models import EventPageView, EventView
from zaffre.client.problems import Unreachable
from zaffre.client.server_sent import Message, messages

LARGEST_PAGE = 500
SHORT_STRETCH_S = 10.0
"""A stream that ends sooner than this was hardly worth opening."""
SILENCE_S = 45.0
"""A stream that has been silent for so long is lost: the server says something every 15 s."""


class Events:
    """The events that the caller may see."""

    def __init__(self, connection: Connection) -> None:
        """Use the events of a face."""
        self._connection = connection

    def follow(self, resource_id: str | None = None, after: str | None = None) -> Iterator[EventView]:
        """Yield events as they happen, none twice and none left out, until the caller stops listening.

        When the connection is lost, or the access token that opened it runs out, the stream is resumed behind the last
        event. What happened while the server was away follows as soon as it is back.

        Args:
            resource_id: only events of this resource.
            after: the cursor of an event to start behind; left out, from when the first event is asked for.

        Raises:
            Unreachable: the server has been away for about a minute.
            NotSignedIn: the session has ended.
        """
        cursor = after
        short_stretches = 0
        while True:
            opened_s = self._connection.clock.monotonic_s()
            for message in self._stretch(cursor, resource_id):
                cursor = message.id or cursor
                event = _event(message)
                if event is not None:
                    yield event
            lasted_s = self._connection.clock.monotonic_s() - opened_s
            short_stretches = short_stretches + 1 if lasted_s < SHORT_STRETCH_S else 0
            self._pause(short_stretches)

    def history(self, resource_id: str | None = None, before: str | None = None) -> Iterator[EventView]:
        """Yield past events, newest first, asking for each page only when it is needed.

        Args:
            resource_id: only events of this resource.
            before: the cursor of an event to start in front of; left out, the newest.
        """
        while True:
            parameters = {"resource_id": resource_id, "before": before, "$top": LARGEST_PAGE}
            page = self._connection.get("/events/history", EventPageView, parameters)
            yield from page.value
            before = page.before
            if before is None:
                return

    def _stretch(self, cursor: str | None, resource_id: str | None) -> Generator[Message]:
        """Yield what one stream says until it ends or breaks.

        Raises:
            Unreachable: it could not be opened.
        """
        parameters = {"resource_id": resource_id} if resource_id is not None else {}
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": cursor} if cursor is not None else {})
        call = Call("GET", "/events", parameters, headers, read_timeout_s=SILENCE_S)
        opened = False
        try:
            with self._connection.patient().open(call) as response:
                opened = True
                yield from messages(response.iter_lines())
        except Unreachable:
            if not opened:
                raise

    def _pause(self, short_stretches: int) -> None:
        """Wait before the stream is opened anew: hardly at first, longer if it breaks again and again."""
        clock = self._connection.clock
        policy = self._connection.retries
        delay_s = min(policy.first_delay_s * 2 ** min(short_stretches, 10), policy.longest_delay_s)
        clock.sleep(delay_s * (0.5 + 0.5 * clock.chance()))


def _event(message: Message) -> EventView | None:
    """Return the event in a message; None for those about the stream: where it begins, that its token ran out."""
    try:
        return EventView.model_validate_json(message.data) if message.data is not None else None
    except ValidationError:
        return None
