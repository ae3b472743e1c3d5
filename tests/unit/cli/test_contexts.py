"""Contexts: what is remembered, where, and for whom."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from support.cloud import PASSWORD
from support.command_line import Person, scripted
from support.scripted_api import ID, Routes, ok, page, tokens
from support.server_process import ServerProcess
from zaffre.cli.contexts import Context, ContextFile, effective
from zaffre.cli.stored_credentials import StoredCredentials
from zaffre.client import TokensView, Zaffre

SHOP = Context(
    "shop",
    "https://shop.example:30006",
    subscription_id=ID,
    subscription_name="shop",
    email="ann@example.org",
    tokens=tokens(),
)


@pytest.fixture
def file(tmp_path: Path) -> ContextFile:
    return ContextFile(tmp_path / "zaffre" / "contexts.json")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_only_the_owner_can_read_what_is_kept(file: ContextFile) -> None:
    file.put(SHOP, make_current=True)
    assert (mode(file.path), mode(file.path.parent)) == (0o600, 0o700)
    assert file.read().get("shop") == SHOP
    assert file.read().current == "shop"


def test_a_file_that_others_can_read_is_closed_to_them(file: ContextFile) -> None:
    file.put(SHOP)
    file.path.chmod(0o644)
    file.read()
    assert mode(file.path) == 0o600


def test_nothing_is_left_of_a_replaced_file(file: ContextFile) -> None:
    file.put(SHOP)
    file.put(replace(SHOP, name="other"))
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["contexts.json", "contexts.json.lock"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"current": "a", "contexts": {"a": 1}}', "nonsense"])
def test_a_file_that_is_not_ours_is_not_touched(person: Person, content: str) -> None:
    person.config.write_text(content)
    result = person.types("context list")
    assert result.code == 2
    assert f"{person.config} is not a file of contexts." in result.err
    assert person.config.read_text() == content


def test_fields_of_newer_versions_are_ignored(file: ContextFile) -> None:
    file.put(SHOP)
    stored = json.loads(file.path.read_text())
    stored["contexts"]["shop"]["colour"] = "blue"
    file.path.write_text(json.dumps(stored))
    assert file.read().get("shop") == SHOP


def test_changes_at_the_same_time_are_all_kept(file: ContextFile) -> None:
    names = [f"context-{number}" for number in range(8)]
    threads = [
        threading.Thread(target=ContextFile(file.path).put, args=(Context(name, "http://a.example"),)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(file.read().by_name) == names


def test_tokens_are_never_sent_to_another_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAFFRE_URL", "https://elsewhere.example")
    elsewhere = effective(SHOP)
    assert elsewhere.url == "https://elsewhere.example"
    assert (elsewhere.tokens, elsewhere.subscription_id, elsewhere.email) == (None, None, None)


def test_the_same_site_keeps_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAFFRE_URL", SHOP.url or "")
    monkeypatch.setenv("ZAFFRE_ADMIN_URL", "https://shop.example:30004")
    same = effective(SHOP)
    assert same == replace(SHOP, admin_url="https://shop.example:30004")


def test_another_admin_api_gets_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAFFRE_ADMIN_URL", "https://elsewhere.example")
    assert effective(replace(SHOP, admin_url="https://shop.example:30004")).tokens is None


def test_an_api_token_stands_for_whoever_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAFFRE_TOKEN", "zat_x")
    somebody = effective(replace(SHOP, admin_url="https://shop.example:30004"))
    assert somebody == Context("shop", SHOP.url)


def test_several_sites_are_kept_apart(person: Person, served: ServerProcess) -> None:
    person.signs_up(served, "one@example.org")
    person.does(
        f"signup --name two --url {served.url} --email two@example.org --full-name Two", ZAFFRE_PASSWORD=PASSWORD
    )
    assert "two@example.org" in person.does("whoami").out
    assert "one@example.org" in person.does("whoami --context default").out
    assert "one@example.org" in person.does("whoami", ZAFFRE_CONTEXT="default").out
    listed = person.gets("context list")
    assert [(each["name"], each["current"]) for each in listed] == [("default", False), ("two", True)]
    assert "access" not in json.dumps(listed)
    person.does("context use default")
    assert "one@example.org" in person.does("whoami").out
    assert served.url in person.does("context show").out
    person.does("context delete two")
    assert len(person.gets("context list")) == 1


def test_an_administrator_signs_in_to_both_apis_where_ports_are_usual(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, person, {"POST /sessions": ok(tokens() | {"role": "site_administrator"}, 201)})
    for variable in ("ZAFFRE_URL", "ZAFFRE_TOKEN"):
        del person.environment[variable]
    person.does("login --url https://cloud.example:30006 --email op@example.org", ZAFFRE_PASSWORD="secret words")
    assert person.gets("context show")["admin_url"] == "https://cloud.example:30004"
    assert person.gets("context show")["role"] == "site_administrator"


def test_signing_in_to_a_second_site_leaves_the_first_alone(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, {"POST /sessions": ok(tokens(), 201)})
    for variable in ("ZAFFRE_URL", "ZAFFRE_TOKEN"):
        del person.environment[variable]
    login = "login --email ann@example.org --url"
    person.does(f"{login} https://one.example:30006", ZAFFRE_PASSWORD="secret words")
    told = person.does(f"{login} https://two.example:30006", ZAFFRE_PASSWORD="secret words").err
    assert told == "✓ Signed in to https://two.example:30006 as ann@example.org (context two.example).\n"
    person.does(f"{login} https://two.example:30006", ZAFFRE_PASSWORD="secret words")
    urls = {each["name"]: (each["url"], each["signed_in"]) for each in person.gets("context list")}
    assert urls == {"default": ("https://one.example:30006", True), "two.example": ("https://two.example:30006", True)}


def test_signing_in_as_somebody_else_forgets_the_subscription(tenant: Person, served: ServerProcess) -> None:
    assert tenant.gets("context show")["subscription_name"] == "shop"
    tenant.signs_in_as_admin(served)
    assert tenant.gets("context show")["subscription_name"] is None


def test_commands_at_the_same_time_renew_their_tokens_once(file: ContextFile) -> None:
    expired = tokens(expires_at="2026-01-01T00:00:00Z")
    context = replace(SHOP, tokens=expired)
    file.put(context)
    api = Routes(
        {
            "POST /sessions/refresh": ok(tokens("access-2", "refresh-2", "2126-01-01T00:00:00Z")),
            "GET /api-tokens": page(),
        }
    )
    clients = [
        Zaffre(SHOP.url, transport=api, credentials=StoredCredentials(ContextFile(file.path), context))
        for _ in range(4)
    ]
    threads = [threading.Thread(target=client.api_tokens.list) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.requests.count("POST /sessions/refresh") == 1
    kept = file.read().get("shop")
    assert kept is not None
    assert TokensView.model_validate(kept.tokens).access_token == "access-2"
    assert kept.subscription_name == "shop"


def test_tokens_of_another_version_only_mean_signing_in_again(file: ContextFile) -> None:
    assert StoredCredentials(file, replace(SHOP, tokens={"token": "x"})).bearer is None


def test_a_directory_that_cannot_be_written_is_named(person: Person, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = person.types("context list", ZAFFRE_CONFIG=str(tmp_path / "file" / "contexts.json"))
    assert result.code == 2
    assert "contexts.json" in result.err
