"""Server-sent events: the few lines of the standard that our server's streams use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One message of a stream."""

    id: str | None
    event: str
    data: str | None
    """None when the message only tells where the stream is."""


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Yield the messages that a stream's lines make up. Comments, which keep a connection alive, are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
        else:
            if "data" in fields or "id" in fields:
                yield Message(fields.get("id"), fields.get("event", "message"), fields.get("data"))
            fields = {}
