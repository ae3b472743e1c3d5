"""Wire models of virtual machines."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from zaffre.compute.api.disk_models import DiskView
from zaffre.compute.checkpoints import checkpoint_counts
from zaffre.compute.states import Desired, Observed, Transition
from zaffre.compute.suspensions import shown_stop_reason
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.compute.virtual_machines import PORTS_PER_MACHINE, SHUTDOWN_TIMEOUT_S, VirtualMachines
from zaffre.foundation.http.wire import Body, Content, Id, Name, ResourceView, View
from zaffre.foundation.tags import NewTags, TagChanges
from zaffre.foundation.work import UnitOfWork
from zaffre.network import PortRequest, Ports
from zaffre.network.tables import PortRow

SizeName = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9._-]{0,62}$")]


class NewPortBody(Body):
    """An attachment to a subnet."""

    vm_network_id: Id
    subnet_id: Id
    address: IPv4Address | None = None
    """A particular address of the subnet; left out, a free one is given."""

    def to_request(self) -> PortRequest:
        """Return the value for the rules."""
        return PortRequest(self.vm_network_id, self.subnet_id, str(self.address) if self.address else None)


class NewVirtualMachineBody(Body):
    """A virtual machine to make."""

    name: Name
    size: SizeName
    image_id: Id
    disk_gib: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Of the root disk; left out, it is as large as the image needs."""
    ports: Annotated[list[NewPortBody], Field(max_length=PORTS_PER_MACHINE)] = Field(default_factory=list[NewPortBody])
    ssh_key_ids: Annotated[list[Id], Field(max_length=20)] = Field(default_factory=list[str])
    availability_set_id: Id | None = None
    """The machines with which it shall not share a host."""
    user_data: Annotated[Content, Field(description="cloud-init user-data; kept encrypted, never shown")] | None = None
    tags: NewTags = Field(default_factory=dict[str, str])
    """Its root disk begins with the same."""


class MachineChangeBody(Body):
    """What to call a virtual machine from now on. What is left out stays as it is."""

    name: Name | None = None
    """Of the machine, and its guest's title on the host. The guest's host name stays."""
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


class ResizeBody(Body):
    """Another size for a virtual machine."""

    size: SizeName


class ShutdownBody(Body):
    """How patient to be with the guest."""

    timeout_s: Annotated[int, Field(ge=1, le=900)] = SHUTDOWN_TIMEOUT_S
    """How long it may take."""
    force: bool = True
    """Whether to cut its power when it has not shut down in time."""


class PortOfMachineView(View):
    """A network port of a virtual machine."""

    id: str
    vm_network_id: str
    subnet_id: str
    mac: str
    address: str
    up: bool

    @classmethod
    def of(cls, row: PortRow) -> "PortOfMachineView":
        """Shape a row."""
        return cls.model_validate(row)


class VirtualMachineView(ResourceView):
    """A virtual machine: what is wanted of it and what was last seen."""

    subscription_id: str
    name: str
    hostname: str
    size: str
    vcpus: int
    memory_mib: int
    image_id: str
    availability_set_id: str | None
    state: Transition | Observed
    """What is being done with it, or else what was last seen of it."""
    desired: Desired
    observed: Observed
    stop_reason: str | None
    """Why it is off or paused: `suspended` when its subscription is, `not_brought_back` when it could not be started
    after that; else what its host says."""
    ready: bool
    """Whether the guest has said that it is up and serving."""
    operation_id: str | None
    """The operation that works on it now."""
    observed_at: datetime | None
    tags: dict[str, str]
    restart_required: bool
    """It gets the rest of its new size when it is stopped and started."""
    ports: list[PortOfMachineView]
    disks: list[DiskView]
    """Its root disk and its data disks, in the order of their positions."""
    iso_image_id: str | None
    """The image in its drive."""
    checkpoint_count: int

    @classmethod
    async def read(cls, work: UnitOfWork, rows: Sequence[VirtualMachineRow]) -> list[Self]:
        """Shape rows with their ports, disks and numbers of checkpoints, which are read together."""
        ids = [row.id for row in rows]
        ports = await Ports(work).of_owners(ids)
        disks = await VirtualMachines.disks(work, ids)
        counts = await checkpoint_counts(work, ids)
        fields = [_fields(row, ports.get(row.id, []), disks.get(row.id, [])) for row in rows]
        return [cls.model_validate(each | {"checkpoint_count": counts.get(each["id"], 0)}) for each in fields]

    @classmethod
    async def one(cls, work: UnitOfWork, row: VirtualMachineRow) -> Self:
        """Shape one row."""
        return (await cls.read(work, [row]))[0]


class AdminVirtualMachineView(VirtualMachineView):
    """A virtual machine as the operator sees it."""

    host_id: str | None
    stamp_id: str


_PLAIN = (
    *("id", "generation", "created_at", "subscription_id", "name", "hostname", "size", "vcpus", "memory_mib"),
    *("image_id", "state", "desired", "observed", "ready", "observed_at", "host_id", "stamp_id"),
    "tags",
    "iso_image_id",
    "availability_set_id",
)


def _fields(row: VirtualMachineRow, ports: Sequence[PortRow], disks: Sequence[DiskRow]) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in _PLAIN}
    fields["stop_reason"] = shown_stop_reason(row)
    fields["restart_required"] = row.restart_required and row.observed in (Observed.RUNNING, Observed.PAUSED)
    fields["operation_id"] = row.operation_id if row.transition else None
    fields["ports"] = [PortOfMachineView.of(port) for port in ports]
    fields["disks"] = [DiskView.of(disk) for disk in disks]
    return fields
