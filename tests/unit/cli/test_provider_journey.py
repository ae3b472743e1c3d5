"""What a provider does to build a cloud and to look after it."""

import re
import time
from pathlib import Path
from uuid import UUID

from support.cloud import PASSWORD
from support.command_line import Person
from support.server_process import ServerProcess
from zaffre.client import NewVirtualMachineBody


def test_a_provider_builds_a_cloud_and_takes_it_down(admin: Person, served: ServerProcess) -> None:
    admin.does("stamp create north --vcpu-ratio 2")
    assert "north" in admin.does("stamp list").out
    admin.does("logical-network create plane --stamp north --driver simulated --address north")
    admin.does("cloud create gold --stamp north --description 'Fast things'")
    added = admin.does("host add north-1 --stamp north --driver simulated --uri simulated:///north-1 --pool-path /pool")
    assert added.err.splitlines()[-1] == "✓ Host north-1 is enabled."
    assert "north-1" in admin.does("host list").out
    admin.does("host disable north-1")
    assert admin.gets("host show north-1")["state"] == "disabled"
    admin.does("host enable north-1")
    admin.does("size create medium --vcpus 2 --memory 4096")
    assert "4 GiB" in admin.does("size show medium").out
    admin.does(f"image create debian --default-user debian --file {served.image_file}")
    assert "available" in admin.does("image show debian").out

    created = admin.does(
        "plan create Gold --cloud gold --logical-network plane --quota virtual_machines=10 --quota vcpus=unlimited"
    )
    assert "zaffre plan publish Gold" in created.err
    shown = admin.does("plan show Gold").out
    assert re.search(r"^ *Cloud  +gold$", shown, re.MULTILINE)
    assert re.search(r"^ *vCPUs  +unlimited$", shown, re.MULTILINE)
    admin.does("add-on create more --service networks --quota vm_networks=2 --fee '2 EUR month' --text de=Mehr")
    admin.does("add-on publish more")
    assert "VM networks +2" in admin.does("add-on list").out
    admin.does("plan change Gold --text de=Gold --fee '9 EUR month' --invitation-code sesame --add-on more=3")
    admin.does("plan change Gold --quota vcpus=9")
    changed = admin.gets("plan show Gold")
    assert (changed["needs_invitation_code"], changed["fee"]["amount"]) == (True, "9")
    assert [(link["name"], link["maximum"]) for link in changed["add_ons"]] == [("more", 3)]
    assert admin.gets("plan change Gold --quota vcpus=8 --dry-run")["subscriptions"] == 0
    admin.does("add-on change more --quota vm_networks=3")
    assert "vm_networks" in str(admin.gets("add-on show more")["services"])
    _set_prices(admin)
    admin.does("plan publish Gold")
    assert admin.gets("plan show Gold")["state"] == "public"
    admin.does("plan decommission Gold --yes")

    for line in (
        "plan delete Gold --yes",
        "add-on decommission more --yes",
        "add-on delete more --yes",
        "image delete debian --yes",
        "size delete medium --yes",
        "cloud delete gold --yes",
        "host remove north-1 --yes",
        "logical-network delete plane --yes",
        "stamp delete north --yes",
    ):
        admin.does(line)
    assert [stamp["name"] for stamp in admin.gets("stamp list")] == ["stamp"]


def _set_budget(admin: Person) -> None:
    admin.does(
        "budget create cap -s hers --amount '40 EUR' --at 90% --at 100%:forecast --at 120%:suspend --tag team=red"
    )
    admin.does("budget change cap -s hers --amount 50 --tag ''")
    (budget,) = admin.gets("budget list --everybody")
    assert (budget["amount"], budget["by_provider"], budget["tag_key"]) == ("50.00", True, None)
    assert [each["percent"] for each in admin.gets("budget show cap -s hers")["thresholds"]] == [90, 100, 120]
    assert admin.gets("budget alerts cap -s hers") == []
    admin.does("budget delete cap -s hers --yes")


def _record_late(admin: Person) -> None:
    day = "--from 2026-01-05T10:00:00 --to 2026-01-05T11:00:00"
    used = f"usage add -s hers --meter vcpu_hours {day} --resource {UUID(int=7)} --name old --state running"
    record = admin.gets(f"{used} --quantity 12.5 --tag team=red --dimension vcpus=2")
    assert (record["quantity"], record["kind"], record["dimensions"]) == ("12.5", "late", {"vcpus": 2})
    assert "Corrected by -2.5 vCPU-hour" in admin.does(f"usage correct {record['id']} --by -2.5").err
    assert "usage.record_taken" in admin.types(f"{used} --quantity 1").err or admin.types(f"{used} --quantity 1").code
    assert admin.types(f"{used} --quantity 1 --tag red").code == 2
    overview = admin.gets("cost overview --month 2026-01 --top 3")
    assert (overview["month"], overview["totals"]) == ("2026-01", [])
    assert "not calculated yet" in admin.does("cost overview --month 2026-01").out


def _set_prices(admin: Person) -> None:
    admin.does("rate-card create basic --currency EUR")
    admin.does("rate-card set basic vcpu_hours 10:0.05,0.03")
    priced = admin.does("rate-card set basic vcpu_hours 0.02 --state suspended --from 2999-01-01").err
    assert "0.02 from 2999-01-01 00:00 UTC" in priced
    assert "0.05 up to 10, 0.03 above" in admin.does("rate-card show basic").out
    planned = next(rate for rate in admin.gets("rate-card show basic") if rate["state"])
    admin.does(f"rate-card withdraw basic {planned['id']}")
    assert admin.types("rate-card set basic vcpu_hours much").code == 2
    admin.does("rate-card use basic --plan Gold")
    assert re.search(r"^Gold +basic", admin.does("rate-card uses").out, re.MULTILINE)
    admin.does("rate-card create spare --currency USD")
    admin.does("rate-card delete spare --yes")
    admin.does("discount create early --plan Gold --off 10%")
    assert "10 %" in admin.does("discount list").out
    assert admin.types("discount create early --off 10%").code == 2
    admin.does("discount end early")
    admin.does("credit create sorry --account admin@zaffre.example --amount '50 EUR'")
    admin.does("credit revoke sorry")
    assert admin.gets("credit list")[0]["left"] == "0"


def test_a_provider_looks_after_people(admin: Person, served: ServerProcess) -> None:
    admin.does("account create eve@example.org --full-name Eve", ZAFFRE_PASSWORD=PASSWORD)
    made = admin.does("subscription create hers --plan Starter --for eve@example.org")
    _set_budget(admin)
    _record_late(admin)
    assert "Subscription hers is active." in made.err
    assert "current subscription" not in made.err
    assert "eve@example.org" in admin.does("subscription list").out
    assert "suspended" in admin.does("account suspend eve@example.org --yes").err
    assert admin.gets("account show eve@example.org")["state"] == "suspended"
    login = f"login --name eve --url {served.url} --email eve@example.org"
    assert admin.types(login, ZAFFRE_PASSWORD=PASSWORD).code == 3
    admin.does("account activate eve@example.org")
    admin.does(login, ZAFFRE_PASSWORD=PASSWORD)
    assert "tenant" in admin.does("whoami --context eve").out


def test_a_provider_sees_every_virtual_machine_and_its_host(admin: Person, served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        client.subscriptions.change(scope.id, name="theirs")
        admin.does("vm create seen --image tiny --size tiny --no-network -s theirs")
        (line,) = [line for line in admin.does("vm list --everybody").out.splitlines() if line.startswith("seen")]
        assert "host-1" in line
        assert "theirs" in line
    assert admin.does("unmanaged-guest list").code == 0
    assert "virtual_machines" in admin.does("provider list").out


def test_an_image_is_filled_afterwards(admin: Person, served: ServerProcess) -> None:
    assert "zaffre image upload later FILE" in admin.does("image create later").err
    uploaded = admin.does(f"image upload later {served.image_file}")
    assert uploaded.err.splitlines()[-1] == "✓ Image later is available: 256 KiB, for a disk of 1 GiB."
    again = admin.types(f"image upload later {served.image_file}")
    assert again.code == 1
    admin.does("image create imported")
    admin.does(f"image import imported {served.image_file}")
    for name in ("later", "imported"):
        admin.does(f"image delete {name} --yes")


def test_a_plan_says_which_quotas_and_providers_there_are(admin: Person) -> None:
    for line, told in (
        ("plan create p", "A plan sells at least one service."),
        ("plan create p --cloud cloud --quota colour=1", "virtual_machines, vcpus, memory_mib, disk_gib"),
        ("plan create p --cloud cloud --quota vcpus=many", "vcpus=unlimited"),
        ("plan create p --service ice", "networks, virtual_machines"),
        ("plan create p --setting x", "PROVIDER.KEY=VALUE"),
    ):
        refused = admin.types(line)
        assert refused.code == 2, refused
        assert told in refused.err
    made = admin.gets(
        "plan create odd --service networks --setting networks.logical_network_id="
        + admin.gets("logical-network list")[0]["id"]
    )
    assert made["services"][0]["provider"] == "networks"
    admin.does("plan delete odd --yes")


def test_a_provider_moves_a_machine_to_another_host(admin: Person, served: ServerProcess) -> None:
    client, scope = served.tenant()
    with client:
        image = scope.images.find_item("tiny")
        body = NewVirtualMachineBody(name="mover", size="tiny", image_id=image.id, ports=[])
        machine_id = scope.virtual_machines.create(body).wait().id
        alone = admin.types(f"vm migrate {machine_id}")
        assert (alone.code, "Error:" in alone.err) == (5, True)
        admin.does("host add spare --stamp stamp --driver simulated --uri simulated:///spare --pool-path /pool")
        candidates = admin.does(f"vm hosts {machine_id}").out
        assert re.search(r"^host-1 +no ", candidates, re.MULTILINE)
        assert re.search(r"^spare +yes ", candidates, re.MULTILINE)
        moved = admin.does(f"vm migrate {machine_id} --to spare").err.splitlines()[-1]
        assert moved == "✓ Virtual machine mover is on spare."
        admin.does(f"vm migrate {machine_id}")
        scope.virtual_machines.delete(machine_id).wait()
        admin.does("host remove spare --yes")


def test_a_provider_proves_that_nothing_in_the_audit_trail_was_altered(admin: Person, tmp_path: Path) -> None:
    admin.does("stamp create watched")
    admin.does("stamp create later")
    deadline_s = time.monotonic() + 60
    while admin.gets("audit head")["unsealed"] and time.monotonic() < deadline_s:
        time.sleep(0.1)
    head = re.search(r"Head +(\d+:[0-9a-f]{64})", admin.does("audit head").out)
    assert head is not None
    assert "is whole" in admin.does(f"audit verify --head {head[1]}").err
    assert "has another hash" in admin.types(f"audit verify --head {head[1].partition(':')[0]}:{'0' * 64}").out
    made = admin.gets("audit list --filter \"resource_name eq 'watched'\"")[0]
    assert "vcpu ratio" in admin.does(f"audit show {made['id']}").out

    export = tmp_path / "audit.ndjson"
    admin.does(f"audit export --to {export}")
    assert "is whole" in admin.does(f"audit verify --file {export} --head {head[1]}").err
    lines = export.read_text().splitlines()
    for how, tampered in (
        ("changed", [line.replace("watched", "forged") for line in lines]),
        ("missing", [line for line in lines if "watched" not in line]),
        ("broken", [lines[1], lines[0], *lines[2:]]),
    ):
        export.write_text("".join(f"{line}\n" for line in tampered))
        refused = admin.types(f"audit verify --file {export}")
        assert (refused.code, refused.out.split()[0]) == (1, how)
        assert "is damaged" in refused.err
    admin.does(f"audit export --to {export} --filter \"resource_type eq 'stamp'\"")
    assert "is whole" in admin.does(f"audit verify --partial --file {export}").err
    assert admin.does("audit export --format csv").out.startswith("id,occurred_at,")
    export.write_text("nothing\n")
    assert "not a record" in admin.types(f"audit verify --file {export}").err
