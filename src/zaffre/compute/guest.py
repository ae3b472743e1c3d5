"""From a virtual machine's records to what its host is told."""

from dataclasses import dataclass

from sqlalchemy import select

from zaffre.compute.disk_records import serial_of
from zaffre.compute.seed import GuestIdentity, build_seed
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestPort, GuestSpec
from zaffre.fabric.image_kinds import ImageKind, image_volume
from zaffre.fabric.tables import HostRow
from zaffre.foundation.errors import NotFound
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import UnitOfWork
from zaffre.network import Ports

SUBSCRIPTION_LABEL = "subscription_id"


def seed_volume(machine_id: str) -> str:
    """Return the name of a guest's seed on its host."""
    return f"{machine_id}-seed.iso"


def serial_log_volume(machine_id: str) -> str:
    """Return the name of a guest's serial log on its host."""
    return f"{machine_id}-serial.log"


def guest_disk(row: DiskRow) -> GuestDisk:
    """Return what a host is told of a disk that has a volume and a position."""
    return GuestDisk(str(row.volume), "qcow2", row.position or 0, serial_of(row.id))


@dataclass(frozen=True)
class GuestPlan:
    """Everything that has to be made on a host for one virtual machine."""

    machine_id: str
    host_id: str
    image_id: str
    root_volume: str
    root_gib: int
    iso_image_id: str | None
    spec: GuestSpec
    identity: GuestIdentity

    @property
    def volumes(self) -> list[str]:
        """Every volume that goes with the machine."""
        return [
            self.root_volume,
            seed_volume(self.machine_id),
            serial_log_volume(self.machine_id),
        ]

    @property
    def data_volumes(self) -> list[str]:
        """The volumes of its data disks, which can outlive it."""
        return [disk.volume for disk in self.spec.disks if disk.volume != self.root_volume]

    def seed(self) -> bytes:
        """Return the content of the seed volume."""
        return build_seed(self.identity)


async def guest_plan(work: UnitOfWork, machine_id: str) -> GuestPlan:
    """Read what has to be made for a virtual machine that has a host.

    Raises:
        NotFound: there is no such machine, or it has no host yet.
    """
    row = await work.session.get(VirtualMachineRow, machine_id)
    if row is None or row.host_id is None:
        raise NotFound("placed virtual machine", machine_id)
    host = await work.session.get_one(HostRow, row.host_id)
    statement = select(DiskRow).where(DiskRow.virtual_machine_id == machine_id).order_by(DiskRow.position)
    disks = (await work.session.scalars(statement)).all()
    ports = await Ports(work).of_owner(machine_id)
    subnets = await Ports(work).subnets_of(ports)
    spec = GuestSpec(
        id=row.id,
        title=row.name,
        vcpus=row.vcpus,
        memory_mib=row.memory_mib,
        accelerator=Accelerator(host.accelerator or Accelerator.TCG),
        disks=tuple(guest_disk(disk) for disk in disks if disk.volume is not None),
        seed_volume=seed_volume(row.id),
        serial_log_volume=serial_log_volume(row.id),
        ports=tuple(GuestPort(port.id, port.mac, subnets[port.subnet_id].mtu, port.position) for port in ports),
        iso_volume=image_volume(row.iso_image_id, ImageKind.ISO) if row.iso_image_id is not None else None,
        labels={SUBSCRIPTION_LABEL: row.subscription_id},
    )
    sealed = row.sealed_user_data
    user_data = work.keyring.open(SealedSecret(sealed)).get_secret_value() if sealed is not None else None
    identity = GuestIdentity(
        row.id, row.hostname, tuple(row.ssh_public_keys), tuple(port.mac for port in ports), user_data
    )
    return GuestPlan(
        machine_id=row.id,
        host_id=host.id,
        image_id=row.image_id,
        root_volume=str(disks[0].volume),
        root_gib=disks[0].size_gib,
        iso_image_id=row.iso_image_id,
        spec=spec,
        identity=identity,
    )
