"""Staying signed in."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from support.scripted_api import InstantClock, Routes, ScriptedApi, ok, page, problem, size, tokens
from support.server_process import ServerProcess
from zaffre.client import ApiToken, Credentials, NotSignedIn, TokensView, Zaffre

URL = "http://zaffre.example"
EXPIRED = problem(401, "identity.unauthenticated")


def client_of(api: httpx.BaseTransport, credentials: Credentials) -> Zaffre:
    return Zaffre(URL, admin_url=URL, transport=api, credentials=credentials, clock=InstantClock())


def token_view(*given: str, **fields: Any) -> TokensView:
    return TokensView.model_validate(tokens(*given, **fields))


def bearers(api: ScriptedApi) -> list[str | None]:
    return [request.headers.get("Authorization") for request in api.requests]


def test_an_access_token_is_renewed_before_it_runs_out() -> None:
    kept: list[TokensView | None] = []
    credentials = Credentials(token_view(expires_at="2026-01-01T00:00:20Z"), kept.append)
    api = ScriptedApi(ok(tokens("access-2", "refresh-2")), page(size()))
    client_of(api, credentials).admin.sizes.list()
    assert [request.url.path for request in api.requests] == ["/sessions/refresh", "/sizes"]
    assert bearers(api) == [None, "Bearer access-2"]
    assert [each.refresh_token for each in kept if each] == ["refresh-2"]


def test_an_access_token_that_is_refused_is_renewed_once_and_the_request_repeated() -> None:
    credentials = Credentials(token_view())
    api = ScriptedApi(EXPIRED, ok(tokens("access-2", "refresh-2")), page(size()))
    client_of(api, credentials).admin.sizes.list()
    assert bearers(api) == ["Bearer access-1", None, "Bearer access-2"]


def test_a_request_that_is_refused_with_a_new_token_too_is_not_repeated_for_ever() -> None:
    api = ScriptedApi(EXPIRED, ok(tokens("access-2", "refresh-2")), EXPIRED)
    with pytest.raises(NotSignedIn):
        client_of(api, Credentials(token_view())).admin.sizes.list()
    assert len(api.requests) == 3


def test_a_session_that_has_ended_is_forgotten() -> None:
    kept: list[TokensView | None] = []
    credentials = Credentials(token_view(), kept.append)
    api = ScriptedApi(EXPIRED, problem(401, "identity.refresh_failed"))
    with pytest.raises(NotSignedIn) as caught:
        client_of(api, credentials).admin.sizes.list()
    assert caught.value.code == "identity.refresh_failed"
    assert kept == [None]
    assert credentials.tokens is None


def test_an_api_token_is_never_exchanged() -> None:
    api = ScriptedApi(EXPIRED)
    with pytest.raises(NotSignedIn):
        client_of(api, ApiToken("zat_x")).admin.sizes.list()
    assert bearers(api) == ["Bearer zat_x"]


def test_signing_in_asks_as_nobody_and_signs_from_then_on() -> None:
    api = ScriptedApi(ok(tokens(), 201), page(size()))
    client = client_of(api, Credentials())
    client.sessions.sign_in("ann@example.org", "correct horse")
    client.admin.sizes.list()
    assert bearers(api) == [None, "Bearer access-1"]


class SharedStore:
    """Where several programs keep the same tokens."""

    def __init__(self, first: TokensView) -> None:
        self.tokens: TokensView | None = first
        self.lock = threading.Lock()


class SharedCredentials(Credentials):
    def __init__(self, store: SharedStore) -> None:
        super().__init__(store.tokens, lambda tokens: setattr(store, "tokens", tokens))
        self.store = store

    @contextmanager
    def exclusively(self) -> Generator[None]:
        with self.store.lock:
            yield

    def stored(self) -> TokensView | None:
        return self.store.tokens


def test_programs_that_share_tokens_renew_them_once() -> None:
    store = SharedStore(token_view(expires_at="2026-01-01T00:00:20Z"))
    api = Routes({"POST /sessions/refresh": [ok(tokens("access-2", "refresh-2")), EXPIRED], "GET /sizes": page(size())})
    clients = [client_of(api, SharedCredentials(store)) for _ in range(4)]
    threads = [threading.Thread(target=client.admin.sizes.list) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.requests.count("POST /sessions/refresh") == 1
    assert {client.credentials.bearer for client in clients} == {"access-2"}


def test_a_session_outlives_its_access_token(served: ServerProcess) -> None:
    client, _ = served.tenant()
    with client:
        first = client.credentials.tokens
        assert first is not None
        client.credentials.accept(first.model_copy(update={"access_token": "spoilt"}))
        assert client.account.get().name == "Tenant"
        assert client.credentials.tokens is not None
        assert client.credentials.tokens.refresh_token != first.refresh_token


def test_signing_out_ends_the_session(served: ServerProcess) -> None:
    client, _ = served.tenant()
    with client:
        left_behind = client.credentials.tokens
        client.sessions.sign_out()
        assert client.credentials.bearer is None
        assert left_behind is not None
        client.credentials.accept(left_behind.model_copy(update={"access_token": "spoilt"}))
        with pytest.raises(NotSignedIn):
            client.account.get()


def test_an_api_token_signs_requests(served: ServerProcess) -> None:
    client, _ = served.tenant()
    with client:
        text = client.api_tokens.create("ci").token
        with Zaffre(served.url, credentials=ApiToken(text)) as program:
            assert program.account.get().id == client.account.get().id
            client.api_tokens.delete(client.api_tokens.find_item("ci").id)
            with pytest.raises(NotSignedIn):
                program.account.get()
