"""A large site, written straight into the database and the simulated world: hosts, tenants, virtual machines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from zaffre.compute.guest import SUBSCRIPTION_LABEL, seed_volume, serial_log_volume
from zaffre.compute.tables import DiskRow, SizeRow, VirtualMachineRow
from zaffre.edge.schema.migrate import migrate
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestPort, GuestSpec, HostAddress
from zaffre.fabric.drivers.simulated import SimulatedDriver
from zaffre.fabric.drivers.simulated_world import SimulatedWorld
from zaffre.fabric.image_copies import image_volume
from zaffre.fabric.tables import CloudRow, HostRow, ImageCopyRow, ImageRow, ImageUseRow, ReservationRow, StampRow
from zaffre.foundation.clock import SystemClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.identity.tables import AccountRow
from zaffre.management.tables import PlanRow, QuotaClaimRow, QuotaCounterRow, SubscriptionRow, SubscriptionSyncRow
from zaffre.network.addressing import SubnetRange, gateway_mac, mac_text
from zaffre.network.drivers.plane import PlaneNetwork
from zaffre.network.drivers.simulated_plane import SimulatedPlaneDriver, SimulatedPlaneWorld
from zaffre.network.ports import plane_port
from zaffre.network.subnets import plane_subnet
from zaffre.network.tables import LogicalNetworkRow, PortRow, SubnetRow, VmNetworkRow

PLANE = "plane"
HOST_CAPACITY = "?vcpus=64&memory_mib=262144&storage_gib=8000"
FIRST_MAC = 0x0A5A00000000
BATCH = 2000
AMOUNTS = {"virtual_machines": 1, "vcpus": 1, "memory_mib": 512, "disk_gib": 1}


@dataclass
class Population:
    """What is in the site."""

    stamp_id: str
    image_id: str
    subscriptions: list[tuple[str, str]]
    """Account id and subscription id of each tenant."""
    networks: dict[str, tuple[str, str]]
    """VM network id and subnet id by subscription."""
    machines: list[tuple[str, str]]
    """Subscription id and machine id."""


class Populator:
    """Writes a site of a given size."""

    def __init__(self, database: Database, world_file: Path, password_hash: str) -> None:
        self._database = database
        self._world_file = world_file
        self._password_hash = password_hash
        self._ids = SystemIds()
        self._now = datetime.now(UTC)
        self._rows: dict[type[Table], list[dict[str, Any]]] = {}

    async def populate(self, hosts: int, tenants: int, machines: int) -> Population:
        """Write everything; takes about a minute for 1,000 hosts and 20,000 machines."""
        await migrate(self._database)
        site = self._site(hosts)
        population = Population(site["stamp"], site["image"], [], {}, [])
        subnets = [self._tenant(number, site, population) for number in range(tenants)]
        for number in range(machines):
            self._machine(number, site, population, subnets[number % tenants], number % hosts)
        async with self._database.transaction(write=True) as session:
            for table in Table.metadata.sorted_tables:
                await self._insert(session, table.name)
            await self._reserve(session, hosts, machines)
            # What a database that has been up for a minute does by itself.
            await session.execute(text("ANALYZE"))
        await self._build_world()
        return population

    def _site(self, hosts: int) -> dict[str, Any]:
        site: dict[str, Any] = {name: self._ids.new() for name in ("stamp", "image", "logical", "cloud", "plan")}
        self._add(StampRow, id=site["stamp"], name="s", vcpu_ratio=4.0, storage_ratio=2.0, memory_reserve_mib=1024)
        self._add(CloudRow, id=site["cloud"], stamp_id=site["stamp"], name="c", description="")
        self._add(
            LogicalNetworkRow,
            id=site["logical"],
            stamp_id=site["stamp"],
            name="l",
            driver="simulated",
            address=PLANE,
            underlay_mtu=1500,
            first_mac=FIRST_MAC,
            last_mac=FIRST_MAC + 2**32 - 1,
            next_vsid=100_000,
        )
        self._add(
            ImageRow,
            id=site["image"],
            name="tiny",
            kind="disk",
            description="",
            default_user="root",
            state="available",
            minimum_memory_mib=16,
            minimum_disk_gib=1,
            format="qcow2",
            sha256="0" * 64,
            size_bytes=1,
            virtual_size_bytes=2**30,
        )
        self._add(SizeRow, id=self._ids.new(), name="tiny", vcpus=1, memory_mib=512)
        services = [
            {"provider": "virtual_machines", "settings": {"cloud_id": site["cloud"]}, "quota": dict.fromkeys(AMOUNTS)},
            {
                "provider": "networks",
                "settings": {"logical_network_id": site["logical"]},
                "quota": {"vm_networks": None},
            },
        ]
        self._add(PlanRow, id=site["plan"], name="p", description="", state="public", services=services)
        site["hosts"] = [self._host(number, site) for number in range(hosts)]
        return site

    def _host(self, number: int, site: dict[str, Any]) -> str:
        host_id, name = self._ids.new(), f"host-{number}"
        self._add(
            HostRow,
            id=host_id,
            stamp_id=site["stamp"],
            name=name,
            driver="simulated",
            pool_path="/pool",
            uri=f"simulated:///{name}{HOST_CAPACITY}",
            integration_bridge="br-int",
            state="enabled",
            connected=True,
            accelerator=Accelerator.KVM,
            engine_uuid=self._ids.new(),
            hostname=name,
            vcpus=64,
            memory_mib=262_144,
            storage_gib=8000,
            storage_free_gib=8000,
            vcpus_capacity=256,
            memory_capacity_mib=261_120,
            storage_capacity_gib=16_000,
            observed_at=self._now,
        )
        self._add(ImageCopyRow, host_id=host_id, image_id=site["image"])
        return host_id

    def _tenant(self, number: int, site: dict[str, Any], population: Population) -> dict[str, Any]:
        account_id, subscription_id = self._ids.new(), self._ids.new()
        network_id, subnet_id = self._ids.new(), self._ids.new()
        self._add(
            AccountRow,
            id=account_id,
            email=f"tenant{number}@zaffre.example",
            name="T",
            role="tenant",
            state="active",
            password_hash=self._password_hash,
        )
        self._add(
            SubscriptionRow,
            id=subscription_id,
            name="main",
            account_id=account_id,
            plan_id=site["plan"],
            state="active",
        )
        for provider in ("virtual_machines", "networks"):
            sync = {"subscription_id": subscription_id, "provider": provider, "state": "in_sync", "pending": None}
            self._rows.setdefault(SubscriptionSyncRow, []).append(sync | {"updated_at": self._now})
        self._add(
            VmNetworkRow,
            id=network_id,
            subscription_id=subscription_id,
            logical_network_id=site["logical"],
            name="net",
            state="ready",
        )
        claim = {"resource_id": network_id, "dimension": "vm_networks", "amount": 1}
        self._rows.setdefault(QuotaClaimRow, []).append(claim | {"subscription_id": subscription_id})
        vsid = 5000 + number
        subnet = {
            "id": subnet_id,
            "vm_network_id": network_id,
            "logical_network_id": site["logical"],
            "name": "sub",
            "state": "ready",
            "vsid": vsid,
            "cidr": "10.0.0.0/16",
            "gateway": "10.0.0.1",
            "mtu": 1442,
            "gateway_mac": gateway_mac(vsid),
            "dns_servers": [],
            "next_host": 10_000,
        }
        self._add(SubnetRow, **subnet)
        population.subscriptions.append((account_id, subscription_id))
        population.networks[subscription_id] = (network_id, subnet_id)
        return subnet | {"subscription_id": subscription_id}

    def _machine(
        self, number: int, site: dict[str, Any], population: Population, subnet: dict[str, Any], host: int
    ) -> None:
        machine_id, subscription_id = self._ids.new(), subnet["subscription_id"]
        stopped = number % 10 == 0
        power = "stopped" if stopped else "running"
        self._add(
            VirtualMachineRow,
            id=machine_id,
            subscription_id=subscription_id,
            name=f"vm-{number:05}",
            size="tiny",
            hostname=f"vm-{number:05}",
            vcpus=1,
            memory_mib=512,
            image_id=site["image"],
            stamp_id=site["stamp"],
            host_id=site["hosts"][host],
            ssh_public_keys=[],
            desired=power,
            observed=power,
            state=power,
            ready=not stopped,
            observed_at=self._now,
            stop_reason="destroyed" if stopped else None,
        )
        self._rows[VirtualMachineRow][-1]["created_at"] = self._now - timedelta(seconds=number)
        self._add(
            DiskRow,
            id=self._ids.new(),
            subscription_id=subscription_id,
            stamp_id=site["stamp"],
            name=f"vm-{number:05} root",
            kind="root",
            state="attached",
            virtual_machine_id=machine_id,
            position=0,
            size_gib=1,
            volume=f"{machine_id}-root.qcow2",
        )
        self._add(
            PortRow,
            id=self._ids.new(),
            subnet_id=subnet["id"],
            vm_network_id=subnet["vm_network_id"],
            logical_network_id=site["logical"],
            subscription_id=subscription_id,
            owner_id=machine_id,
            position=0,
            mac=mac_text(FIRST_MAC + number),
            wanted=True,
            up=True,
            address=SubnetRange.parse(subnet["cidr"]).address(2 + number // len(population.networks)),
            chassis="simulated",
            requested_chassis=[],
        )
        self._add(
            ReservationRow,
            resource_id=machine_id,
            host_id=site["hosts"][host],
            subscription_id=subscription_id,
            vcpus=1,
            memory_mib=512,
            storage_gib=1,
        )
        self._rows.setdefault(ImageUseRow, []).append({"image_id": site["image"], "user_id": machine_id})
        for dimension, amount in AMOUNTS.items():
            claim = {"resource_id": machine_id, "dimension": dimension, "subscription_id": subscription_id}
            self._rows.setdefault(QuotaClaimRow, []).append(claim | {"amount": amount})
        population.machines.append((subscription_id, machine_id))

    def _add(self, table: type[Table], **values: Any) -> None:
        columns = table.__table__.columns
        values |= {"created_at": self._now} if "created_at" in columns else {}
        values |= {"generation": 1} if "generation" in columns else {}
        self._rows.setdefault(table, []).append(values)

    async def _insert(self, session: AsyncSession, name: str) -> None:
        if name == QuotaCounterRow.__tablename__:
            self._count_quotas()
        table = next((table for table in self._rows if table.__tablename__ == name), None)
        for rows in _batches(self._rows.get(table, []) if table else []):
            await session.execute(insert(table.__table__), rows)

    def _count_quotas(self) -> None:
        used: dict[tuple[str, str], int] = {}
        for row in self._rows[SubscriptionRow]:
            used |= {(row["id"], dimension): 0 for dimension in AMOUNTS} | {(row["id"], "vm_networks"): 0}
        for claim in self._rows.get(QuotaClaimRow, []):
            used[claim["subscription_id"], claim["dimension"]] += claim["amount"]
        self._rows[QuotaCounterRow] = [
            {"subscription_id": s, "dimension": d, "limit": None, "used": n, "closed": False}
            for (s, d), n in used.items()
        ]

    async def _reserve(self, session: AsyncSession, hosts: int, machines: int) -> None:
        for number, row in enumerate(self._rows[HostRow]):
            held = machines // hosts + (number < machines % hosts)
            values = {"vcpus_reserved": held, "memory_reserved_mib": 512 * held, "storage_reserved_gib": held}
            await session.execute(update(HostRow).where(HostRow.id == row["id"]).values(values))

    async def _build_world(self) -> None:
        world = SimulatedWorld(SystemClock(), path=self._world_file)
        driver = SimulatedDriver(world)
        hosts = {row["id"]: row for row in self._rows[HostRow]}
        ports = {row["owner_id"]: row for row in self._rows.get(PortRow, [])}
        doors = {
            host_id: driver.open(HostAddress(row["name"], row["uri"], row["pool_path"]))
            for host_id, row in hosts.items()
        }
        image_id = self._rows[ImageRow][0]["id"]
        for door in doors.values():
            await door.upload_volume(image_volume(image_id), b"\0", "qcow2")
        for row in self._rows.get(VirtualMachineRow, []):
            door = doors[row["host_id"]]
            await door.create_overlay(f"{row['id']}-root.qcow2", image_volume(image_id), 1)
            await door.upload_volume(seed_volume(row["id"]), b"\0")
            await door.define(_spec(row, ports[row["id"]]))
            if row["desired"] == "running":
                await door.start(row["id"])
        for door in doors.values():
            await door.close()
        await self._build_plane()

    async def _build_plane(self) -> None:
        plane_world = SimulatedPlaneWorld(
            SystemClock(), path=self._world_file.with_name(f"{self._world_file.name}-plane"), auto_bind=True
        )
        plane = SimulatedPlaneDriver(plane_world).open("l", PLANE)
        await plane.ensure_networks([PlaneNetwork(row["id"]) for row in self._rows[VmNetworkRow]])
        await plane.ensure_subnets([plane_subnet(SubnetRow(**row)) for row in self._rows[SubnetRow]])
        for rows in _batches(self._rows.get(PortRow, [])):
            await plane.ensure_ports([plane_port(PortRow(**row)) for row in rows])
        await plane.close()


def _spec(row: dict[str, Any], port: dict[str, Any]) -> GuestSpec:
    return GuestSpec(
        id=row["id"],
        title=row["name"],
        vcpus=1,
        memory_mib=512,
        accelerator=Accelerator.KVM,
        disks=(GuestDisk(f"{row['id']}-root.qcow2", "qcow2"),),
        seed_volume=seed_volume(row["id"]),
        serial_log_volume=serial_log_volume(row["id"]),
        ports=(GuestPort(port["id"], port["mac"], 1442),),
        labels={SUBSCRIPTION_LABEL: row["subscription_id"]},
    )


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
