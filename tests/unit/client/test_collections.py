"""Listing, paging and finding."""

import itertools

import httpx
import pytest

from support.scripted_api import ID, OTHER_ID, InstantClock, Routes, ScriptedApi, ok, page, problem, size
from support.server_process import ServerProcess
from zaffre.client import Ambiguous, NewSizeBody, NotFound, Query, Zaffre, ZaffreError

URL = "http://zaffre.example"


class Counting(httpx.BaseTransport):
    """Delivers requests and counts them."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.requests: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url.path)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def client_of(api: httpx.BaseTransport) -> Zaffre:
    return Zaffre(URL, admin_url=URL, transport=api, clock=InstantClock())


def test_all_pages_are_read_one_by_one_as_they_are_needed(served: ServerProcess) -> None:
    transport = Counting()
    with served.admin(transport=transport) as client:
        for number in range(5):
            client.admin.sizes.create(NewSizeBody(name=f"page-{number}", vcpus=1, memory_mib=64))
        mine = Query("startswith(name,'page-')", order="name desc")
        transport.requests.clear()
        first = list(itertools.islice(client.admin.sizes.all(mine, page_size=2), 2))
        assert [each.name for each in first] == ["page-4", "page-3"]
        assert transport.requests == ["/sizes"]
        everything = list(client.admin.sizes.all(mine, page_size=2))
        assert [each.name for each in everything] == [f"page-{number}" for number in (4, 3, 2, 1, 0)]
        assert client.admin.sizes.list(mine, top=1, count=True).count == 5


def test_a_query_that_is_not_understood_is_explained(served: ServerProcess) -> None:
    with served.admin() as client, pytest.raises(ZaffreError) as caught:
        client.admin.sizes.list(Query("colour eq 'blue'"))
    assert caught.value.code == "query.invalid"
    assert caught.value.target == "$filter"
    assert "colour" in caught.value.detail
    assert caught.value.request_id


def test_a_next_page_on_another_server_is_not_asked_for() -> None:
    api = ScriptedApi(page(size(), next_link="https://elsewhere.example/sizes"))
    with pytest.raises(ZaffreError, match="leads elsewhere"):
        list(client_of(api).admin.sizes.all())
    assert len(api.requests) == 1


def test_things_are_found_by_name_and_by_id(served: ServerProcess) -> None:
    client, _ = served.tenant()
    with client:
        plan = client.plans.find("Starter")
        assert client.plans.find(plan.id) == plan
        with pytest.raises(NotFound) as caught:
            client.plans.find("nothing")
    assert caught.value.target == "nothing"


def test_names_with_quotes_are_found(served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        client.subscriptions.change(scope.id, name="Ann's & Bob's")
        assert client.subscriptions.find("Ann's & Bob's").id == scope.id


def test_what_the_server_does_not_filter_is_filtered_here(served: ServerProcess) -> None:
    client, _ = served.tenant()
    with client:
        made = client.api_tokens.create("a")
        client.api_tokens.create("b")
        assert client.api_tokens.find_item("a").id == made.id


def test_a_name_that_several_have_is_not_enough() -> None:
    api = ScriptedApi(page(size(), size(id=OTHER_ID)))
    with pytest.raises(Ambiguous, match=OTHER_ID):
        client_of(api).admin.sizes.find_item("small")


def test_a_detail_that_lists_leave_out_is_read() -> None:
    network = {
        "id": ID,
        "generation": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "subscription_id": ID,
        "name": "net",
        "state": "ready",
        "tags": {},
    }
    path = f"/subscriptions/{ID}/vm-networks"
    api = Routes({f"GET {path}": page(network), f"GET {path}/{ID}": ok(network | {"subnets": []})})
    assert client_of(api).subscription(ID).vm_networks.find("net").subnets == []


@pytest.mark.parametrize("answer", [ok({"items": []}), ok([]), httpx.Response(200, content=b"<html>")])
def test_an_answer_that_makes_no_sense_is_said_to_be_one(answer: httpx.Response) -> None:
    with pytest.raises(ZaffreError) as caught:
        client_of(ScriptedApi(answer)).admin.sizes.list()
    assert caught.value.code == "client.strange_answer"


def test_what_a_strange_answer_holds_is_not_repeated() -> None:
    api = ScriptedApi(ok({"access_token": "very secret"}, 201))
    with pytest.raises(ZaffreError) as caught:
        client_of(api).sessions.sign_in("ann@example.org", "correct horse")
    assert "Field required" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_refusal_by_something_that_is_not_zaffre_is_told_as_it_is() -> None:
    api = ScriptedApi(httpx.Response(502, content=b"<h1>Bad gateway</h1>"))
    with pytest.raises(ZaffreError, match="Bad gateway") as caught:
        client_of(api).admin.sizes.list()
    assert caught.value.status == 502


def test_a_problem_is_carried_whole() -> None:
    fields = [{"target": "a", "detail": "too long"}, {"target": "b", "detail": "missing"}]
    answer = problem(400, "request.invalid", errors=fields, request_id="r-1", operation_id=ID, target="a")
    with pytest.raises(ZaffreError) as caught:
        client_of(ScriptedApi(answer)).admin.sizes.list()
    error = caught.value
    assert (error.status, error.code, error.title) == (400, "request.invalid", "No")
    assert (error.detail, error.remedy) == ("It did not work.", "Try something else.")
    assert (error.request_id, error.operation_id, error.target) == ("r-1", ID, "a")
    assert [(field.target, field.detail) for field in error.errors] == [("a", "too long"), ("b", "missing")]
    assert str(error) == "No: It did not work. Try something else."


@pytest.mark.parametrize("url", ["", "zaffre.example", "ftp://zaffre.example", "http://", "http://a:b"])
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    with pytest.raises(ZaffreError) as caught:
        Zaffre(url)
    assert caught.value.code == "client.bad_url"


def test_a_site_without_any_url_is_refused() -> None:
    with pytest.raises(ZaffreError, match="No URL"):
        Zaffre()


def test_administration_needs_its_own_url() -> None:
    with pytest.raises(ZaffreError) as caught:
        _ = Zaffre(URL).admin
    assert caught.value.code == "client.no_admin_url"


def test_an_administrator_can_do_with_the_admin_url_alone(served: ServerProcess) -> None:
    with Zaffre(admin_url=served.admin_url) as client:
        assert client.alive().status == "alive"
        assert client.admin.readiness().ready
