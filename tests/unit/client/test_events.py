"""Following events."""

import itertools
from collections.abc import Iterator

import httpx
import pytest

from support.scripted_api import (
    InstantClock,
    Routes,
    ScriptedApi,
    event,
    ok,
    problem,
    stream,
    tokens,
)
from support.server_process import ServerProcess
from zaffre.client import Credentials, TokensView, Unreachable, Zaffre
from zaffre.client.server_sent import Message, messages


class Cutting(httpx.BaseTransport):
    """Cuts every live stream off after so many events, in the middle of the next one."""

    def __init__(self, after_events: int) -> None:
        self.inner = httpx.HTTPTransport()
        self.after_events = after_events
        self.resumed_at: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        if request.url.path == "/events":
            self.resumed_at.append(request.headers.get("Last-Event-ID"))
            return httpx.Response(
                response.status_code,
                headers={"content-type": "text/event-stream"},
                stream=CutStream(response.stream, self.after_events),
            )
        return response

    def close(self) -> None:
        self.inner.close()


class CutStream(httpx.SyncByteStream):
    def __init__(self, whole: httpx.SyncByteStream | httpx.AsyncByteStream, after_events: int) -> None:
        assert isinstance(whole, httpx.SyncByteStream)
        self.whole = whole
        self.left = after_events

    def __iter__(self) -> Iterator[bytes]:
        buffer = b""
        for chunk in self.whole:
            buffer += chunk
            while b"\n\n" in buffer:
                block, _, buffer = buffer.partition(b"\n\n")
                if b"\ndata:" in block:
                    if not self.left:
                        yield block[: len(block) // 2]
                        raise httpx.ReadError("cut")
                    self.left -= 1
                yield block + b"\n\n"

    def close(self) -> None:
        self.whole.close()


def test_a_stream_that_is_cut_again_and_again_loses_nothing_and_repeats_nothing(served: ServerProcess) -> None:
    client, _ = served.tenant()
    cutting = Cutting(after_events=2)
    with client, Zaffre(served.url, credentials=client.credentials, transport=cutting) as watcher:
        start = next(watcher.events.history()).cursor
        names = [f"token {number}" for number in range(7)]
        for name in names:
            client.api_tokens.create(name)
        followed = list(itertools.islice(watcher.events.follow(after=start), len(names)))
    assert [each.kind for each in followed] == ["api_token.created"] * len(names)
    assert [each.resource_name for each in followed] == names
    assert cutting.resumed_at == [start, *(followed[number].cursor for number in (1, 3, 5))]


def test_the_past_is_read_backwards(served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        kinds = [each.kind for each in client.events.history()]
        assert kinds[-1] == "account.created"
        assert "subscription.created" in kinds
        only = [each.resource_id for each in client.events.history(resource_id=scope.id)]
        assert set(only) == {scope.id}


def script(*streams: httpx.Response | Exception, **routes: httpx.Response) -> tuple[Routes, ScriptedApi]:
    api = Routes({"GET /events": list(streams), **routes})
    return api, api.scripts["GET /events"]


def client_of(api: Routes, clock: InstantClock | None = None, credentials: Credentials | None = None) -> Zaffre:
    return Zaffre("http://zaffre.example", transport=api, clock=clock or InstantClock(), credentials=credentials)


def test_a_stream_that_ends_before_its_first_event_is_resumed_where_it_began() -> None:
    api, live = script(stream(start="0.7"), stream(event(8)))
    assert next(client_of(api).events.follow()).cursor == "0.8"
    assert [request.headers.get("Last-Event-ID") for request in live.requests] == [None, "0.7"]


def test_a_token_that_runs_out_while_following_is_renewed() -> None:
    api, live = script(
        stream(event(1), ending="event: credential_expired\ndata: {}\n\n"),
        problem(401, "identity.unauthenticated"),
        stream(event(2)),
    )
    api.scripts["POST /sessions/refresh"] = ScriptedApi(ok(tokens("access-2", "refresh-2")))
    follow = client_of(api, credentials=Credentials(TokensView.model_validate(tokens()))).events.follow()
    assert [each.cursor for each in itertools.islice(follow, 2)] == ["0.1", "0.2"]
    assert [request.headers["Authorization"] for request in live.requests] == [
        "Bearer access-1",
        "Bearer access-1",
        "Bearer access-2",
    ]


def test_a_server_that_is_away_for_a_moment_is_followed_on() -> None:
    refused = httpx.ConnectError("refused")
    api, _ = script(stream(event(1)), refused, refused, refused, refused, refused, stream(event(2)))
    follow = client_of(api).events.follow()
    assert [each.cursor for each in itertools.islice(follow, 2)] == ["0.1", "0.2"]


def test_a_server_that_stays_away_is_given_up() -> None:
    clock = InstantClock()
    api, _ = script(httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        next(client_of(api, clock).events.follow())
    assert 20 < clock.monotonic_s() < 90


def test_streams_that_break_at_once_are_opened_more_and_more_slowly() -> None:
    clock = InstantClock()
    api, _ = script(*[stream()] * 12, stream(event(1)))
    next(client_of(api, clock).events.follow())
    assert clock.slept_s == sorted(clock.slept_s)
    assert clock.slept_s[-1] == 10.0


def test_the_words_of_a_stream_are_understood() -> None:
    lines = [
        "id: 0",
        ": connected",
        "",
        "id: 1",
        "event: a",
        "data: {",
        "data: }",
        "",
        ":",
        "data",
        "",
        "event: lost",
        "",
    ]
    assert list(messages(lines)) == [
        Message("0", "message", None),
        Message("1", "a", "{\n}"),
        Message(None, "message", ""),
    ]
