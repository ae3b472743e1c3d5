"""Virtual machines on real hosts: how long Zaffre takes to make them, over libvirt alone with the same guests.

A development cloud of one host is brought up in a directory of its own. Single machines are made in turns, one through
the public API and one by libvirt's own calls with disk and seed ready; then many at once, each way. Needs root and what
`scripts/prepare fabric` installs.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libvirt

from bench.figures import Figure, arguments, report
from bench.load import Answer, Connection, ask
from bench.raw_network import RawNetwork, RawPort
from zaffre.client import NewPlanBody, PlannedServiceBody, Zaffre
from zaffre.compute.seed import GuestIdentity, build_seed
from zaffre.devfabric.cloud import DevelopmentCloud, FabricChoice
from zaffre.devfabric.cloud.furnishing import PLAN
from zaffre.devfabric.cloud.tenancy import Tenant, new_key_pair, settle_in
from zaffre.fabric.drivers.domain_xml import domain_xml
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestPort, GuestSpec, HostAddress
from zaffre.fabric.drivers.libvirt_driver import LibvirtDriver
from zaffre.foundation.ids import SystemIds

SETTLING_S = 0.5
"""Between two measured machines, for the host to get rid of the one before."""
CREATE_BUDGET = 1.25
BURST_BUDGET = 1.15
CLIENTS = 8
BURST_TIMEOUT_S = 300.0
PASSWORD = "a benchmark's password"
EMAIL = "bench@zaffre.example"


class RawGuests:
    """Makes the same guests as Zaffre does, by libvirt's own calls."""

    def __init__(
        self, address: HostAddress, accelerator: Accelerator, image_volume: str, network: RawNetwork, public_key: str
    ) -> None:
        self._address = address
        self._accelerator = accelerator
        self._image_volume = image_volume
        self._network = network
        self._public_key = public_key
        self._ids = SystemIds()
        self._connection = libvirt.open(address.uri)
        self._hypervisor = LibvirtDriver().open(address)
        self._made: list[GuestSpec] = []

    async def prepare(self, count: int) -> list[GuestSpec]:
        """Make disks, seeds and ports of some guests, which is not measured."""
        specs = [self._spec() for _ in range(count)]
        self._made += specs
        self._network.add(_ports_of(specs))
        for spec in specs:
            await self._hypervisor.create_overlay(spec.disks[0].volume, self._image_volume, 1)
            macs = tuple(port.mac for port in spec.ports)
            identity = GuestIdentity(spec.id, spec.title, (self._public_key,), macs, None)
            await self._hypervisor.upload_volume(str(spec.seed_volume), build_seed(identity))
        return specs

    def start(self, spec: GuestSpec) -> None:
        """Define and start a guest; this is the baseline."""
        self._connection.defineXML(domain_xml(spec, self._address)).create()

    def start_all(self, specs: Sequence[GuestSpec], workers: int) -> None:
        """Define and start guests, several at a time over one connection."""
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self.start, specs))

    async def remove(self) -> None:
        """Remove every guest that was prepared, with its volumes."""
        for spec in self._made:
            await self._hypervisor.undefine(spec.id)
            for name in (spec.disks[0].volume, str(spec.seed_volume), spec.serial_log_volume):
                await self._hypervisor.delete_volume(name)
        if self._made:
            self._network.remove(_ports_of(self._made))
        self._made.clear()

    async def close(self) -> None:
        """Remove what was made and let go of the host."""
        await self.remove()
        self._network.close()
        await self._hypervisor.close()

    def _spec(self) -> GuestSpec:
        guest_id = self._ids.new()
        tail = guest_id[-6:]
        return GuestSpec(
            id=guest_id,
            title="raw",
            vcpus=1,
            memory_mib=128,
            accelerator=self._accelerator,
            disks=(GuestDisk(f"{guest_id}-root.qcow2", "qcow2"),),
            seed_volume=f"{guest_id}-seed.iso",
            serial_log_volume=f"{guest_id}-serial.log",
            ports=(GuestPort(self._ids.new(), f"52:54:00:{tail[:2]}:{tail[2:4]}:{tail[4:]}", 1442),),
            labels={},
        )


class ZaffreGuests:
    """Makes guests through the public API, as a program without our client would."""

    def __init__(self, url: str, tenant: Tenant, image_id: str) -> None:
        self._tenant = tenant
        self._image_id = image_id
        self._url = url
        self._connection = Connection(url, tenant.client.credentials.bearer)

    def create(self, name: str, wait_s: int) -> str | None:
        """Create a machine, staying for up to `wait_s` seconds for it to run; returns how the operation stands."""
        return self._create(self._connection, name, wait_s).headers.get("operation-state")

    def create_all(self, count: int, clients: int) -> None:
        """Ask for many machines from several connections at once."""
        bearer = self._tenant.client.credentials.bearer
        ask(self._url, bearer, count, clients, lambda connection, n: self._create(connection, f"burst-{n}", 0))

    def _create(self, connection: Connection, name: str, wait_s: int) -> Answer:
        body = {
            "name": name,
            "size": "tiny",
            "image_id": self._image_id,
            "ports": [{"vm_network_id": self._tenant.network.id, "subnet_id": self._tenant.network.subnets[0].id}],
            "ssh_key_ids": [self._tenant.key_id],
        }
        path = f"/subscriptions/{self._tenant.scope.id}/virtual-machines"
        answer = connection.post(path, body, prefer=f"wait={wait_s}")
        if answer.status != 202:
            raise RuntimeError(f"answered {answer.status}: {answer.body.decode()}")
        return answer

    def count(self, state: str) -> int:
        """Return how many of the tenant's machines are in a state."""
        path = f"/subscriptions/{self._tenant.scope.id}/virtual-machines"
        answer = self._connection.get(f"{path}?$count=true&$top=1&$filter=state eq '{state}'")
        return int(answer.json()["@odata.count"])

    def delete_all(self) -> None:
        """Delete every machine of the tenant."""
        machines = self._tenant.scope.virtual_machines
        for accepted in [machines.delete(machine.id) for machine in machines.all()]:
            accepted.wait()


class Bench:
    """The comparison, on a furnished cloud."""

    def __init__(self, raw: RawGuests, zaffre: ZaffreGuests) -> None:
        self._raw = raw
        self._zaffre = zaffre

    async def one_by_one(self, count: int) -> list[Figure]:
        """Make single machines in turns; the first pair warms up and is not counted."""
        raw_s: list[float] = []
        zaffre_s: list[float] = []
        for number in range(count + 1):
            [spec] = await self._raw.prepare(1)
            await asyncio.sleep(SETTLING_S)
            raw_s.append(_timed(self._raw.start, spec))
            await self._raw.remove()
            await asyncio.sleep(SETTLING_S)
            zaffre_s.append(_timed(self._create_one, f"single-{number}"))
            self._zaffre.delete_all()
        raw_ms, zaffre_ms = (1000 * statistics.median(seconds[1:]) for seconds in (raw_s, zaffre_s))
        return [
            Figure("raw_define_and_start", round(raw_ms, 1), "ms"),
            Figure("zaffre_create", round(zaffre_ms, 1), "ms"),
            Figure("create_over_raw", round(zaffre_ms / raw_ms, 3), "x", CREATE_BUDGET),
        ]

    async def burst(self, count: int, workers: int) -> list[Figure]:
        """Make many machines at once, each way; Zaffre has to make their disks as well."""
        specs = await self._raw.prepare(count)
        await asyncio.sleep(SETTLING_S)
        raw_s = _timed(self._raw.start_all, specs, workers)
        await self._raw.remove()
        await asyncio.sleep(SETTLING_S)
        zaffre_s = _timed(self._create_many, count)
        running = self._zaffre.count("running")
        self._zaffre.delete_all()
        return [
            Figure(f"raw_{count}_at_once", round(raw_s, 2), "s"),
            Figure(f"zaffre_{count}_at_once", round(zaffre_s, 2), "s"),
            Figure("burst_over_raw", round(zaffre_s / raw_s, 3), "x", BURST_BUDGET),
            Figure("burst_not_running", count - running, "", 0),
        ]

    def _create_one(self, name: str) -> None:
        state = self._zaffre.create(name, wait_s=30)
        if state != "succeeded":
            raise RuntimeError(f"the machine was not made: its operation is {state}")

    def _create_many(self, count: int) -> None:
        self._zaffre.create_all(count, CLIENTS)
        deadline_s = time.monotonic() + BURST_TIMEOUT_S
        while self._zaffre.count("creating") > 0 and time.monotonic() < deadline_s:
            time.sleep(0.25)


def _ports_of(specs: Sequence[GuestSpec]) -> list[RawPort]:
    return [RawPort(port.port_id, port.mac) for spec in specs for port in spec.ports]


def _timed(action: Any, *values: Any) -> float:
    started_s = time.perf_counter()
    action(*values)
    return time.perf_counter() - started_s


def _offer_boundless_plan(admin: Zaffre) -> str:
    """Offer what the development cloud's plan offers, without its limits; returns the plan's name."""
    services = [
        PlannedServiceBody(
            provider=service.provider, settings=service.settings, quota=dict.fromkeys(service.quota or (), None)
        )
        for service in admin.admin.plans.find_item(PLAN).services
    ]
    plan = admin.admin.plans.create(NewPlanBody(name="boundless", services=services))
    return admin.admin.plans.publish(plan.id).name


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--singles", type=int, default=10, help="how many machines to make one by one")
    parser.add_argument("--burst", type=int, default=50, help="how many machines to make at once")
    parser.add_argument("--workers", type=int, default=4, help="how many threads the baseline of the burst uses")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zb-", dir="/tmp") as directory:
        cloud = DevelopmentCloud(Path(directory), host_count=1)
        try:
            figures = asyncio.run(_run(cloud, options.singles, options.burst, options.workers))
        finally:
            cloud.down(purge=True)
    return report(figures, options.json)


async def _run(cloud: DevelopmentCloud, singles: int, burst: int, workers: int) -> list[Figure]:
    description = cloud.up(FabricChoice.KVM, tenant=False)
    with cloud.administrator() as admin:
        plan = _offer_boundless_plan(admin)
        [host] = admin.admin.hosts.all()
        image = admin.admin.images.find_item("tiny")
        [logical_network] = admin.admin.logical_networks.all()
    network = RawNetwork(logical_network.address.split(";")[0].removeprefix("nb="))
    public_key = new_key_pair()[1]
    tenant = settle_in(description.public_url, EMAIL, PASSWORD, public_key, plan)
    zaffre = ZaffreGuests(description.public_url, tenant, image.id)
    zaffre.create("first", wait_s=60)  # brings the image to the host
    zaffre.delete_all()
    address = HostAddress(host.name, host.uri, host.pool_path, host.integration_bridge or "")
    accelerator = Accelerator(str(host.accelerator))
    raw = RawGuests(address, accelerator, f"image-{image.id}.qcow2", network, public_key)
    bench = Bench(raw, zaffre)
    try:
        return await bench.one_by_one(singles) + await bench.burst(burst, workers)
    finally:
        await raw.close()


if __name__ == "__main__":
    sys.exit(main())
