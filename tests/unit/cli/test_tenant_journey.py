"""What a tenant does from the first minute to the last."""

from pathlib import Path

from support.cloud import PASSWORD
from support.command_line import Person
from support.media import iso
from support.server_process import ServerProcess

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQ7rZ0c1uUjJ7Vq4M5bqYb5xv0a5qFZ6l7yq8dJk9aB ann@desk"


def test_a_tenant_comes_uses_the_cloud_and_goes(person: Person, served: ServerProcess, tmp_path: Path) -> None:
    signed_up = person.does(
        f"signup --url {served.url} --email ann@example.org --full-name Ann", ZAFFRE_PASSWORD=PASSWORD
    )
    assert "The account ann@example.org is made." in signed_up.err
    assert "zaffre plan list" in signed_up.err
    assert "Starter" in person.does("plan list").out
    assert "up to 3" in person.does("plan show Starter").out

    subscribed = person.does("subscription create shop --plan Starter")
    assert "Subscription shop is active." in subscribed.err
    assert "shop is the current subscription from now on." in subscribed.err

    person.does("network create net --subnet a=10.1.0.0/24 --dns 192.0.2.53")
    assert "10.1.0.1" in person.does("network show net").out

    key = tmp_path / "id.pub"
    key.write_text(KEY)
    person.does(f"key add laptop --file {key}")
    assert "ed25519" in person.does("key list").out

    made = person.does("vm create web --image tiny --size tiny --key laptop")
    assert made.err.splitlines()[-1] == "✓ Virtual machine web is running at 10.1.0.2."
    assert made.out == ""
    ready = person.does("vm wait web --ready")
    assert ready.err.splitlines()[-1] == "✓ Virtual machine web is running and ready."

    (line,) = [line for line in person.does("vm list").out.splitlines() if line.startswith("web")]
    assert line.split()[:6] == ["web", "running,", "ready", "10.1.0.2", "tiny", "tiny"]
    assert "web login:" in person.does("vm log web").out
    assert "10.1.0.2" in person.does("network ports net").out
    usage = {each["dimension"]: each["used"] for each in person.gets("subscription usage")}
    assert usage["virtual_machines"] == 1
    assert "Costs of" in person.does("cost show").out
    assert person.gets("cost show --group resource --by day")["value"] == []
    assert "Nothing has a price" in person.does("cost rates").err

    for verb, state in (
        ("pause", "paused"),
        ("resume", "running"),
        ("shutdown", "stopped"),
        ("start", "running"),
        ("reset --yes", "running"),
        ("stop --yes", "stopped"),
    ):
        told = person.does(f"vm {verb} web").err.splitlines()[-1]
        assert told == f"✓ Virtual machine web is {state}."

    assert "virtual machine created" in person.does("events --limit 200").out
    assert "stop virtual machine" in person.does("operation list").out
    refused = person.types("network delete net --yes")
    assert (refused.code, "Error:" in refused.err) == (1, True)

    for line in ("vm delete web --yes", "network delete net --yes", "key delete laptop --yes"):
        person.does(line)
    assert "Make one with: zaffre vm create" in person.does("vm list").err
    person.does("subscription rename shop stall")
    assert "stall" in person.does("whoami").out
    person.does("subscription delete stall --yes")
    assert "Signed out" in person.does("logout").err
    assert person.types("whoami").code == 3


def test_things_are_called_by_name_by_id_and_by_the_end_of_an_id(tenant: Person) -> None:
    tenant.does("network create net --subnet a=10.0.0.0/24")
    network_id = tenant.gets("network list")[0]["id"]
    shown = tenant.does("network list").out.splitlines()[-1].split()[-1]
    assert shown == f"…{network_id[-8:]}"
    for reference in ("net", network_id, shown, network_id[-8:]):
        assert tenant.gets(f"network show {reference}")["id"] == network_id


def test_subnets_come_and_go(tenant: Person) -> None:
    tenant.does("network create net")
    assert "There are no subnets" in tenant.does("network subnet list net").err
    tenant.does("network subnet create net b 10.2.0.0/24 --dns 192.0.2.1 --dns 192.0.2.2")
    assert tenant.gets("network subnet show net b")["dns_servers"] == ["192.0.2.1", "192.0.2.2"]
    assert "192.0.2.1, 192.0.2.2" in tenant.does("network subnet show net b").out
    tenant.does("network subnet delete net b --yes")
    assert tenant.gets("network subnet list net") == []
    tenant.does("network rename net web-net")
    assert tenant.gets("network list")[0]["name"] == "web-net"


def test_a_machine_is_attached_where_it_is_told_to_be(tenant: Person) -> None:
    tenant.does("network create one --subnet a=10.0.0.0/24 --subnet b=10.0.1.0/24")
    tenant.does("network create two --subnet c=10.0.2.0/24")
    create = "vm create web --image tiny --size tiny"
    several = tenant.types(create)
    assert several.code == 2
    assert "There are several VM networks" in several.err
    assert "--no-network" in several.err
    unclear = tenant.types(f"{create} --network one")
    assert unclear.code == 2
    assert "one/a, one/b" in unclear.err
    made = tenant.gets(f"{create} --network one/b=10.0.1.77 --network two")
    assert [port["address"] for port in made["ports"]] == ["10.0.1.77", "10.0.2.2"]
    assert tenant.gets("vm create lonely --image tiny --size tiny --no-network")["ports"] == []


def test_a_machine_is_renamed_and_tagged(tenant: Person) -> None:
    tenant.does("vm create web --image tiny --size tiny --no-network")
    assert "is now called shop" in tenant.does("vm rename web shop").err
    assert "env=test, team=a" in tenant.does("vm tag shop team=a env=test").err
    assert tenant.gets("vm show shop")["tags"] == {"env": "test", "team": "a"}
    assert "env=test, team=a" in tenant.does("vm show shop").out
    assert [found["name"] for found in tenant.gets("vm list --search team=a")] == ["shop"]
    assert "(none)" in tenant.does("vm untag shop team env").err
    assert tenant.types("vm tag shop team").code == 2


def test_things_are_tagged_when_they_are_made(tenant: Person, tmp_path: Path) -> None:
    content = tmp_path / "own.iso"
    content.write_bytes(iso())
    key = tmp_path / "key.pub"
    key.write_text(KEY)
    made = {
        "network": "network create net",
        "disk": "disk create data 1",
        "key": f"key add laptop --file {key}",
        "availability-set": "availability-set create apart",
        "image": f"image create own --kind iso --file {content}",
        "vm": "vm create web --image tiny --size tiny --no-network",
    }
    for noun, line in made.items():
        tenant.does(f"{line} --tag env=test --tag team=a")
        assert tenant.gets(f"{noun} show {line.split()[2]}")["tags"] == {"env": "test", "team": "a"}
    assert tenant.types("network create other --tag team").code == 2
    assert tenant.gets("network list --search other") == []


def test_a_password_can_come_from_standard_input(person: Person, served: ServerProcess) -> None:
    line = f"signup --url {served.url} --email stdin@example.org --full-name Ann --password-stdin"
    person.does(line, answers=f"{PASSWORD}\n")
    person.does(f"login --url {served.url} --email stdin@example.org --password-stdin", answers=f"{PASSWORD}\n")
    assert "stdin@example.org" in person.does("whoami").out


def test_what_is_missing_is_asked_for_at_a_terminal(person: Person, served: ServerProcess) -> None:
    person.does(f"signup --url {served.url} --email asked@example.org --full-name Ann", ZAFFRE_PASSWORD=PASSWORD)
    signed_in = person.does(
        f"login --url {served.url}", answers="asked@example.org\n", terminal=True, ZAFFRE_PASSWORD=PASSWORD
    )
    assert "Signed in" in signed_in.err


def test_an_api_token_works_without_signing_in(tenant: Person, served: ServerProcess, tmp_path: Path) -> None:
    made = tenant.does("token create ci --days 2")
    assert "not shown again" in made.err
    text = made.out.strip()
    program = Person(tmp_path / "ci")
    assert program.does("subscription list", ZAFFRE_URL=served.url, ZAFFRE_TOKEN=text).out.count("shop") == 1
    assert not program.config.exists()
    assert "ci" in tenant.does("token list").out
    tenant.does("token delete ci --yes")
    assert program.types("subscription list", ZAFFRE_URL=served.url, ZAFFRE_TOKEN=text).code == 3


def test_sessions_elsewhere_can_be_ended(tenant: Person) -> None:
    sessions = tenant.gets("session list")
    assert [session["current"] for session in sessions] == [True]
    assert sessions[0]["client"].startswith("zaffre-cli/")
    tenant.does(f"session revoke {sessions[0]['id']}")


def test_checkpoints_are_shown_as_the_tree_they_are(tenant: Person) -> None:
    tenant.does("vm create tree --image tiny --size tiny --no-network")
    assert "There are no checkpoints" in tenant.does("checkpoint list tree").err
    assert "with memory" in tenant.does("checkpoint create tree first --description 'as made'").err
    tenant.does("checkpoint create tree second")
    tenant.does("checkpoint create tree third")
    assert "back at second" in tenant.does("checkpoint restore tree second --yes").err
    tenant.does("checkpoint create tree other")
    shown = tenant.does("checkpoint list tree").out.splitlines()
    lines = [line.removesuffix("…")[: shown[0].index("STATE")].rstrip() for line in shown]
    assert lines == ["NAME", "first", "└─ second", "   ├─ third", "   └─ other", "      └─ the machine is here"]
    assert "other is now called better" in tenant.does("checkpoint rename tree other better").err
    assert "as made" in tenant.does("checkpoint show tree first").out
    assert tenant.gets("checkpoint show tree better")["current"]
    assert len(tenant.gets("checkpoint list tree")) == 4
    tenant.does("checkpoint delete tree second --yes")
    assert tenant.gets("vm show tree")["checkpoint_count"] == 3
    assert "3 checkpoints" in tenant.types("vm delete tree", answers="no\n", terminal=True).err
    tenant.does("vm delete tree --yes")


def test_a_machine_gets_another_size_when_it_starts_anew(tenant: Person) -> None:
    tenant.does("vm create web --image tiny --size tiny --no-network")
    resized = tenant.does("vm resize web small").err.splitlines()[-1]
    assert resized == "✓ Virtual machine web has the size small; stop and start it to give it all of that."
    assert "takes full effect" in tenant.does("vm show web").out
    assert "Error:" in tenant.types("vm resize web enormous").err
    tenant.does("vm stop web --yes")
    tenant.does("vm start web")
    machine = tenant.gets("vm show web")
    assert (machine["size"], machine["memory_mib"], machine["restart_required"]) == ("small", 1024, False)
    tenant.does("vm delete web --yes")


def test_interfaces_come_and_go_while_a_machine_runs(tenant: Person) -> None:
    tenant.does("network create one --subnet a=10.0.0.0/24")
    tenant.does("network create two --subnet c=10.0.2.0/24")
    tenant.does("vm create web --image tiny --size tiny --network one")
    added = tenant.does("vm nic add web two=10.0.2.9").err.splitlines()[-1]
    assert added == "✓ Virtual machine web has 10.0.2.9 as well."
    assert "Choose one of these: 10.0.0.2, 10.0.2.9" in tenant.types("vm nic remove web 10.9.9.9 --yes").err
    removed = tenant.does("vm nic remove web 10.0.0.2 --yes").err.splitlines()[-1]
    assert removed == "✓ Virtual machine web has given up 10.0.0.2."
    assert [port["address"] for port in tenant.gets("vm show web")["ports"]] == ["10.0.2.9"]
    tenant.does("vm delete web --yes")
