"""Every command that shows something, in every format."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import Person
from support.server_process import ServerProcess

TENANT_LISTS = (
    "plan list",
    "subscription list",
    "subscription usage",
    "subscription add-ons",
    "network list",
    "network ports net",
    "network subnet list net",
    "vm list",
    "disk list",
    "image list",
    "size list",
    "key list",
    "availability-set list",
    "member list",
    "member role list",
    "member invitation list",
    "operation list",
    "events",
    "search web",
    "audit list",
    "audit list --mine",
    "session list",
    "token list",
    "context list",
)
TENANT_SHEETS = (
    "whoami",
    "plan show Starter",
    "subscription show shop",
    "network show net",
    "network subnet show net a",
    "vm show web",
    "vm metrics web",
    "vm facts web",
    "checkpoint show web before",
    "disk show data",
    "image show tiny",
    "size show tiny",
    "key show laptop",
    "availability-set show pair",
    "context show",
    "operation show {operation}",
)
ADMIN_LISTS = (
    "account list",
    "stamp list",
    "host list",
    "cloud list",
    "logical-network list",
    "image list",
    "size list",
    "plan list",
    "add-on list",
    "subscription list",
    "provider list",
    "unmanaged-guest list",
    "vm list --everybody",
    "search tiny",
    "audit list",
)
ADMIN_SHEETS = (
    "account show admin@zaffre.example",
    "stamp show stamp",
    "host show host-1",
    "host metrics host-1",
    "cloud show cloud",
    "logical-network show logical",
    "image show tiny",
    "size show tiny",
    "plan show Starter",
    "overview",
    "audit head",
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQ7rZ0c1uUjJ7Vq4M5bqYb5xv0a5qFZ6l7yq8dJk9aB ann@desk"


@pytest.fixture(scope="module")
def settled(served: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A tenant who has one of everything."""
    directory = tmp_path_factory.mktemp("settled")
    person = Person(directory)
    person.signs_up(served, f"{uuid.uuid4().hex[:12]}@zaffre.example")
    (directory / "id.pub").write_text(KEY)
    for line in (
        "subscription create shop --plan Starter",
        "network create net --subnet a=10.0.0.0/24",
        f"key add laptop --file {directory / 'id.pub'}",
        "token create ci",
        "availability-set create pair --strict",
        "vm create web --image tiny --size tiny --key laptop --availability-set pair",
        "disk create data 1 --attach web",
        "checkpoint create web before",
    ):
        person.does(line)
    yield person
    person.does("vm delete web --yes")


@pytest.fixture(scope="module")
def operator(served: ServerProcess, settled: Person, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """The administrator, after a tenant has settled."""
    person = Person(tmp_path_factory.mktemp("operator"))
    person.signs_in_as_admin(served)
    return person


def check_list(person: Person, line: str) -> None:
    table = person.does(line, COLUMNS="80").out.splitlines()
    assert all(len(each) <= 80 for each in table)
    assert all(each == each.rstrip() for each in table)
    wide = person.does(f"{line} --wide").out.splitlines()
    listed = person.gets(line)
    assert isinstance(listed, list)
    assert len(wide) == len(table) == (len(listed) + 1 if listed else 0)
    assert person.does(f"{line} -o yaml").yaml == person.gets(line)


def check_sheet(person: Person, line: str) -> None:
    sheet = person.does(line, COLUMNS="80").out.splitlines()
    assert len(sheet) > 2
    assert all(each == each.rstrip() for each in sheet)
    shown = person.gets(line)
    assert isinstance(shown, dict)
    assert person.does(f"{line} -o yaml").yaml == shown


@pytest.mark.parametrize("line", TENANT_LISTS)
def test_a_tenants_lists(settled: Person, line: str) -> None:
    check_list(settled, line)


@pytest.mark.parametrize("line", TENANT_SHEETS)
def test_a_tenants_sheets(settled: Person, line: str) -> None:
    check_sheet(settled, line.format(operation=settled.gets("operation list --limit 1")[0]["id"]))


@pytest.mark.parametrize("line", ADMIN_LISTS)
def test_an_administrators_lists(operator: Person, line: str) -> None:
    check_list(operator, line)


@pytest.mark.parametrize("line", ADMIN_SHEETS)
def test_an_administrators_sheets(operator: Person, line: str) -> None:
    check_sheet(operator, line)


def test_a_tree_of_checkpoints(settled: Person) -> None:
    tree = settled.does("checkpoint list web", COLUMNS="80").out.splitlines()
    assert tree[1].startswith("before ")
    assert tree[2] == "└─ the machine is here"
    listed = settled.gets("checkpoint list web")
    assert [each["name"] for each in listed] == ["before"]
    assert settled.does("checkpoint list web -o yaml").yaml == listed


def test_the_events_of_one_resource(settled: Person) -> None:
    machine = settled.gets("vm show web")
    events = settled.gets(f"events --resource {machine['id']} --limit 100")
    assert {each["resource_id"] for each in events} == {machine["id"]}
    assert settled.does(f"events --resource {uuid.uuid4()}").err == "Nothing has happened yet.\n"


def test_a_private_key_is_not_sent(settled: Person, tmp_path: Path) -> None:
    secret = tmp_path / "id"
    secret.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    result = settled.types(f"key add oops --file {secret}")
    assert result.code == 2
    assert "is a private key" in result.err
    assert settled.types(f"key add oops --file {tmp_path}/absent").code == 2
    settled.does("key add piped --file -", answers=KEY.replace("q8dJ", "q9dJ"))
    settled.does("key delete piped --yes")
