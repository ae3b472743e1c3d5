"""Finding things by a piece of what people know of them."""

from typing import Any

import pytest

from support.cloud import Client, SimulatedCloud
from zaffre.edge.search import id_range


async def found(client: Client, q: str, **options: Any) -> list[tuple[str, str]]:
    hits = (await client.get("/search", params={"q": q} | options))["value"]
    return [(hit["resource_type"], hit["name"]) for hit in hits]


@pytest.mark.parametrize(
    ("text", "between"),
    [
        ("0190c1a0", ("0190c1a0-0000-0000-0000-000000000000", "0190c1a0-ffff-ffff-ffff-ffffffffffff")),
        ("0190c1a0-00", ("0190c1a0-0000-0000-0000-000000000000", "0190c1a0-00ff-ffff-ffff-ffffffffffff")),
        ("0190c1a0-0000-7000-8000-000000000001", ("0190c1a0-0000-7000-8000-000000000001",) * 2),
        ("0190c1a", None),
        ("0190c1a0-0000-7000-8000-0000000000012", None),
        ("web-server", None),
    ],
)
def test_what_looks_like_the_beginning_of_an_id(text: str, between: tuple[str, str] | None) -> None:
    assert id_range(text) == between


async def test_a_machine_is_found_by_name_id_address_and_tag(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    machine = await tenant.vm("Web-Front", await tenant.network("10.7.0.0/24", name="office"))
    await tenant.client.patch(f"{tenant.base}/virtual-machines/{machine['id']}", {"tags": {"tier": "gold"}})
    port = machine["ports"][0]
    wanted = ("web-f", "FRONT", machine["id"], machine["id"][:18], port["address"], port["address"][:5], port["mac"])
    for q in (*wanted, "tier=gold", "gol"):
        hits = (await tenant.client.get("/search", params={"q": q}))["value"]
        mine = [hit for hit in hits if hit["resource_type"] == "virtual_machine"]
        assert [(hit["id"], hit["name"]) for hit in mine] == [(machine["id"], "Web-Front")], q
        assert mine[0]["detail"] == f"running · {port['address']}"
        assert (mine[0]["subscription_id"], mine[0]["subscription_name"]) == (tenant.subscription_id, "main")


async def test_the_best_hits_come_first_and_no_kind_crowds_out_another(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(virtual_machines=None, vcpus=None, memory_mib=None, disk_gib=None))
    network = await tenant.network(name="blue 5")
    for number in range(12):
        await tenant.vm(f"blue {number}")
    await tenant.vm("light blue 5")
    hits = await found(tenant.client, "blue 5")
    assert hits[:3] == [("virtual_machine", "blue 5"), ("vm_network", "blue 5"), ("virtual_machine", "light blue 5")]
    everything = await found(tenant.client, "blue")
    assert everything.count(("vm_network", network["name"])) == 1
    assert len(everything) == 11
    assert len(await found(tenant.client, "blue", **{"$top": 3})) == 3


async def test_another_tenants_things_are_never_found(cloud: SimulatedCloud) -> None:
    owner, stranger = await cloud.tenant(name="owner"), await cloud.tenant(name="stranger")
    network = await owner.network("10.99.0.0/24", name="secret-net")
    machine = await owner.vm("secret-machine", network)
    await owner.client.post(
        f"{owner.base}/ssh-keys",
        {
            "name": "secret-key",
            "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJNqWXYsVhFQyqfGJ5Kx0xZlyCPPpp3fk0lIx6a5v3k8",
        },
    )
    await owner.client.patch(owner.base, {"name": "secret-subscription"})
    private = await cloud.admin.post(
        "/plans",
        {
            "name": "secret plan",
            "services": [{"provider": "virtual_machines", "settings": {"cloud_id": cloud.cloud_id}, "quota": {}}],
        },
    )
    await cloud.admin.post("/images", {"name": "secret empty image"})
    operation = owner.client.ended["id"]
    known = ["secret", "secret-machine", "10.99", machine["id"], machine["ports"][0]["mac"], network["id"], operation]
    known += [network["subnets"][0]["id"], owner.subscription_id, owner.email, private["id"], cloud.hosts[0], "host-"]
    for q in known:
        assert await found(stranger.client, q) == [], q
    kinds = {kind for kind, _ in await found(owner.client, "secret")}
    assert kinds == {"virtual_machine", "vm_network", "ssh_key", "subscription"}
    assert await found(owner.client, operation) == [("operation", "virtual_machine.create")]


async def test_an_administrator_finds_everything_on_the_admin_face(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(name="somebody")
    await tenant.vm("odd-machine")
    for q, hit in (
        ("odd-m", ("virtual_machine", "odd-machine")),
        (tenant.email, ("account", tenant.email)),
        ("somebody", ("account", tenant.email)),
        (cloud.hosts[0], ("host", "host-1")),
        ("simulated:///host-1", ("host", "host-1")),
        ("stamp", ("stamp", "stamp")),
        ("logical", ("logical_network", "logical")),
        ("cloud", ("cloud", "cloud")),
        ("tiny", ("image", "tiny")),
    ):
        assert hit in await found(cloud.admin, q), q


async def test_odd_texts_find_nothing_and_break_nothing(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    await tenant.vm("plain")
    for q in ("%", "_", "%%", "\\", "'; DROP TABLE accounts", "ü", "\U0010ffff", "plain%"):
        assert await found(tenant.client, q) == [], q
    for q in ("", " ", "\0", "x" * 101):
        assert (await tenant.client.ask("GET", "/search", params={"q": q})).status == 400
    assert (await cloud.client().ask("GET", "/search", params={"q": "plain"})).status == 401
