"""How answers are printed: for people, and for programs."""

import json

import pytest

from support.command_line import MACHINES, TERMINAL, Person, scripted
from support.scripted_api import ID, OTHER_ID, disk, machine, ok, page

PORT = {"id": ID, "vm_network_id": ID, "subnet_id": ID, "mac": "0a:5a:00:00:00:01", "address": "10.0.0.2", "up": True}
IMAGE = {
    "id": ID,
    "generation": 1,
    "created_at": "2026-01-01T00:00:00Z",
    "name": "debian-12",
    "description": "",
    "default_user": "debian",
    "minimum_memory_mib": 256,
    "minimum_disk_gib": 2,
    "state": "available",
    "kind": "disk",
    "owner_subscription_id": None,
    "announced_size_bytes": None,
    "format": "qcow2",
    "sha256": None,
    "size_bytes": None,
    "virtual_size_bytes": None,
    "tags": {},
}
WEB = machine("web", ports=[PORT], disks=[disk()])
OTHER = machine("a-machine-with-quite-a-long-name-for-a-table", "shutting_down", id=OTHER_ID, ready=False)
NETWORK = {
    "id": ID,
    "generation": 1,
    "created_at": WEB["created_at"],
    "subscription_id": ID,
    "name": "net",
    "state": "ready",
    "tags": {},
}


@pytest.fixture
def somebody(person: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    base = f"/subscriptions/{ID}"
    monkeypatch.setattr("zaffre.cli.columns.age", lambda *_: "3h")
    monkeypatch.setattr("zaffre.cli.machine_views.instant_text", lambda *_: "2026-01-01 00:00:00 UTC (3h ago)")
    monkeypatch.setattr("zaffre.cli.columns.instant_text", lambda *_: "2026-01-01 00:00:00 UTC (3h ago)")
    scripted(
        monkeypatch,
        person,
        {
            f"GET {MACHINES}": page(WEB, OTHER),
            f"GET {MACHINES}/{ID}": ok(WEB),
            f"GET {base}/images": page(IMAGE),
            f"GET {base}/vm-networks": page(NETWORK),
        },
    )
    return person


def test_a_list_is_a_table_that_fits_the_screen(somebody: Person) -> None:
    assert somebody.does("vm list", COLUMNS="80").out == (
        "NAME             STATE            ADDRESS    SIZE    IMAGE       AGE   ID\n"
        "web              running, ready   10.0.0.2   small   debian-12    3h   …00000001\n"
        "a-machine-wit…   shutting down    -          small   debian-12    3h   …000000aa\n"
    )


def test_a_wide_list_cuts_nothing(somebody: Person) -> None:
    wide = somebody.does("vm list --wide", COLUMNS="80").out
    assert OTHER["name"] in wide
    assert OTHER_ID in wide
    assert "MEMORY" in wide


def test_a_list_in_a_pipe_cuts_nothing(somebody: Person) -> None:
    del somebody.environment["COLUMNS"]
    assert OTHER["name"] in somebody.does("vm list").out


def test_a_sheet_tells_all_about_one(somebody: Person) -> None:
    assert somebody.does(f"vm show {ID}").out == (
        "Name           web\n"
        "State          running, ready\n"
        "Host name      web\n"
        "Size           small (1 vCPU, 1 GiB)\n"
        "Image          debian-12\n"
        "Tags           -\n"
        "Checkpoints    -\n"
        "Created        2026-01-01 00:00:00 UTC (3h ago)\n"
        "Last changed   2026-01-01 00:00:00 UTC (3h ago)\n"
        f"Id             {ID}\n"
        "\n"
        "Network\n"
        "  ADDRESS    VM NETWORK   MAC                 UP\n"
        "  10.0.0.2   net          0a:5a:00:00:00:01   yes\n"
        "\n"
        "Disks\n"
        "  NAME   STATE       SIZE   KIND   SERIAL\n"
        "  web    attached   8 GiB   root   0\n"
    )


def test_states_are_coloured_on_a_terminal_only(somebody: Person) -> None:
    del somebody.environment["NO_COLOR"]
    assert "\x1b[32mrunning" in somebody.does("vm list", **TERMINAL).out
    assert "\x1b[33mshutting down" in somebody.does("vm list", **TERMINAL).out
    assert "\x1b" not in somebody.does("vm list").out


def test_json_is_the_fields_of_the_api_and_nothing_else(somebody: Person) -> None:
    listed = somebody.does("vm list -o json")
    assert [each["name"] for each in listed.json] == [WEB["name"], OTHER["name"]]
    assert listed.json[0] == WEB
    assert somebody.gets(f"vm show {ID}") == WEB


def test_yaml_is_the_fields_of_the_api_and_nothing_else(somebody: Person) -> None:
    assert somebody.does("vm list -o yaml").yaml[0] == WEB
    assert somebody.does(f"vm show {ID} -o yaml").yaml == WEB


def test_names_are_never_taken_for_markup(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "[red]:smile: [/red]"
    scripted(monkeypatch, person, {f"GET {MACHINES}": page(machine(name))})
    assert name in person.does("vm list").out


def test_an_empty_list_says_what_to_do_on_the_side(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, {f"GET {MACHINES}": page()})
    empty = person.does("vm list")
    assert empty.out == ""
    assert "zaffre vm create" in empty.err
    assert person.does("vm list --search nothing").err == "Nothing matches.\n"
    assert json.loads(person.does("vm list -o json").out) == []


def test_lists_can_be_narrowed_sorted_and_limited(admin: Person) -> None:
    sizes = "size list -o json"
    by_memory = [each["name"] for each in admin.does(f"{sizes} --order 'memory_mib desc'").json]
    assert by_memory == ["large", "small", "tiny"]
    assert [each["name"] for each in admin.does(f"{sizes} --filter 'vcpus gt 4'").json] == ["large"]
    assert [each["name"] for each in admin.does(f"{sizes} --search tin").json] == ["tiny"]
    limited = admin.does(f"{sizes} --limit 2")
    assert len(limited.json) == 2
    assert limited.err == "There are more; --all lists them all.\n"
    exactly = admin.does(f"{sizes} --limit 3")
    assert (len(exactly.json), exactly.err) == (3, "")
    assert len(admin.does(f"{sizes} --all").json) == 3
    assert admin.does("size list --limit 2").out.count("\n") == 3


def test_a_usage_bar_shows_how_full_a_quota_is(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"plan_limit": 2, "add_on_limit": 0}
    rows = [
        {"dimension": "vcpus", "title": "Virtual processors", "unit": "vCPU", "limit": 4, "used": 1} | parts,
        {"dimension": "virtual_machines", "title": "Virtual machines", "unit": "count", "limit": 2, "used": 2} | parts,
        {"dimension": "disk_gib", "title": "Disk", "unit": "GiB", "limit": None, "used": 9} | parts,
    ]
    scripted(monkeypatch, person, {f"GET /subscriptions/{ID}/usage": page(*rows)})
    assert person.does("subscription usage").out == (
        "WHAT                 USED          OF   UNIT\n"
        "Virtual processors      1           4   vCPU   █████░░░░░░░░░░░░░░░\n"
        "Virtual machines        2           2          ████████████████████\n"
        "Disk                    9   unlimited   GiB    -\n"
    )
