"""Requests that meet trouble on the way."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scripted_api import ID, InstantClock, ScriptedApi, ok, problem, size
from support.server_process import ServerProcess
from zaffre.client import NewSizeBody, NewVmNetworkBody, RetryPolicy, Unreachable, Zaffre, ZaffreError

BODY = NewSizeBody(name="small", vcpus=1, memory_mib=512)
LOST = httpx.ReadError("connection reset")


def client_of(api: httpx.BaseTransport, clock: InstantClock | None = None) -> Zaffre:
    url = "http://zaffre.example"
    return Zaffre(url, admin_url=url, transport=api, clock=clock or InstantClock())


def keys(api: ScriptedApi) -> list[str | None]:
    return [request.headers.get("Idempotency-Key") for request in api.requests]


def test_a_change_whose_answer_was_lost_is_sent_again_under_the_same_key() -> None:
    api = ScriptedApi(LOST, httpx.ConnectError("refused"), ok(size(), 201))
    assert client_of(api).admin.sizes.create(BODY).name == "small"
    assert len(api.requests) == 3
    assert len(set(keys(api))) == 1
    assert keys(api)[0]


def test_each_change_has_a_key_of_its_own() -> None:
    api = ScriptedApi(ok(size(), 201))
    client = client_of(api)
    client.admin.sizes.create(BODY)
    client.admin.sizes.create(BODY)
    assert len(set(keys(api))) == 2


def test_reading_needs_no_key() -> None:
    api = ScriptedApi(ok({"status": "alive", "version": "1"}))
    client_of(api).alive()
    assert keys(api) == [None]


def test_a_server_that_stays_away_is_given_up() -> None:
    api, clock = ScriptedApi(httpx.ConnectError("connection refused")), InstantClock()
    with pytest.raises(Unreachable, match="connection refused") as caught:
        client_of(api, clock).alive()
    assert caught.value.target == "http://zaffre.example"
    assert len(api.requests) == RetryPolicy().attempts
    assert clock.slept_s == [0.1, 0.2, 0.4]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_says_when_to_come_back_is_asked_again_then(status: int) -> None:
    clock = InstantClock()
    busy = problem(status, "service.too_busy")
    busy.headers["Retry-After"] = "7"
    api = ScriptedApi(busy, ok({"status": "alive", "version": "1"}))
    assert client_of(api, clock).alive().version == "1"
    assert clock.slept_s == [7.0]


def test_a_server_that_wants_a_long_wait_is_taken_at_its_word() -> None:
    busy = problem(429, "identity.too_many_attempts")
    busy.headers["Retry-After"] = "60"
    api, clock = ScriptedApi(busy), InstantClock()
    with pytest.raises(ZaffreError) as caught:
        client_of(api, clock).alive()
    assert caught.value.code == "identity.too_many_attempts"
    assert clock.slept_s == []


def test_a_refusal_is_not_repeated() -> None:
    api = ScriptedApi(problem(409, "resource.conflict"))
    with pytest.raises(ZaffreError):
        client_of(api).admin.sizes.create(BODY)
    assert len(api.requests) == 1


@given(attempt=st.integers(1, 20), chance=st.floats(0, 1, exclude_max=True))
def test_delays_grow_are_spread_and_have_a_bound(attempt: int, chance: float) -> None:
    policy = RetryPolicy(attempts=12)
    delay_s = policy.delay_s(attempt, chance)
    if attempt >= policy.attempts:
        assert delay_s is None
    else:
        full_s = min(policy.first_delay_s * 2 ** (attempt - 1), policy.longest_delay_s)
        assert delay_s is not None
        assert full_s / 2 <= delay_s <= full_s


def test_who_tries_for_hours_waits_no_longer_for_it() -> None:
    policy = RetryPolicy(attempts=100_000)
    assert policy.delay_s(99_999, chance=0.0) == policy.longest_delay_s / 2


class LosesFirstAnswer(httpx.BaseTransport):
    """Delivers every request; the answer to the first POST is lost on the way back."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        if request.method == "POST" and not self.lost:
            response.read()
            self.lost += 1
            raise LOST
        return response

    def close(self) -> None:
        self.inner.close()


def test_a_network_whose_answer_was_lost_is_made_once(served: ServerProcess) -> None:
    client, scope = served.tenant()
    lossy = LosesFirstAnswer()
    with client, Zaffre(served.url, credentials=client.credentials, transport=lossy) as other:
        made = other.subscription(scope.id).vm_networks.create(NewVmNetworkBody(name="net")).wait()
        assert lossy.lost == 1
        assert [network.id for network in scope.vm_networks.all()] == [made.id]


def test_a_stale_writer_is_told(served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        subscription = client.subscriptions.get(scope.id)
        client.subscriptions.change(scope.id, name="a", if_match=subscription.generation)
        with pytest.raises(ZaffreError) as caught:
            client.subscriptions.change(scope.id, name="b", if_match=subscription.generation)
    assert (caught.value.status, caught.value.code) == (412, "resource.stale")


def test_an_id_cannot_lead_to_another_path() -> None:
    api = ScriptedApi(ok({}))
    with pytest.raises(ZaffreError, match="not a UUID"):
        client_of(api).operations.get(f"../accounts/{ID}")
    assert api.requests == []
