"""Virtual machines: what tenants do with them, as rules inside a unit of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from zaffre.compute.availability_sets import AvailabilitySets
from zaffre.compute.disk_records import forget_disks, hold_disks, root_disk
from zaffre.compute.seed import hostname_of
from zaffre.compute.sizes import Sizes
from zaffre.compute.states import Desired, Observed, Transition, derive_state
from zaffre.compute.tables import DiskRow, SizeRow, VirtualMachineRow
from zaffre.fabric import Images
from zaffre.fabric.drivers.guest_slots import NETWORK_PORTS
from zaffre.fabric.images import smallest_disk_gib
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.tags import tags_field
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management import Quotas
from zaffre.network import PortRequest, Ports

_FIELDS = {
    "id": Field(VirtualMachineRow.id, FieldType.ID),
    "name": Field(VirtualMachineRow.name, FieldType.TEXT, searchable=True),
    "hostname": Field(VirtualMachineRow.hostname, FieldType.TEXT),
    "state": Field(VirtualMachineRow.state, FieldType.TEXT),
    "ready": Field(VirtualMachineRow.ready, FieldType.BOOLEAN),
    "size": Field(VirtualMachineRow.size, FieldType.TEXT),
    "vcpus": Field(VirtualMachineRow.vcpus, FieldType.INTEGER),
    "memory_mib": Field(VirtualMachineRow.memory_mib, FieldType.INTEGER),
    "image_id": Field(VirtualMachineRow.image_id, FieldType.ID),
    "tags": tags_field(VirtualMachineRow),
    "availability_set_id": Field(VirtualMachineRow.availability_set_id, FieldType.ID, sortable=False),
    "created_at": Field(VirtualMachineRow.created_at, FieldType.INSTANT),
}
TENANT_LISTING = Listing(VirtualMachineRow, _FIELDS, key=VirtualMachineRow.id, order="name")
ADMIN_LISTING = Listing(
    VirtualMachineRow,
    {
        **_FIELDS,
        "subscription_id": Field(VirtualMachineRow.subscription_id, FieldType.ID),
        "host_id": Field(VirtualMachineRow.host_id, FieldType.ID, sortable=False),
    },
    key=VirtualMachineRow.id,
    order="name",
)

PORTS_PER_MACHINE = NETWORK_PORTS
SHUTDOWN_TIMEOUT_S = 60


class Power(StrEnum):
    """What can be done with a virtual machine's power. The value is the operation's verb."""

    START = "start"
    SHUTDOWN = "shutdown"
    STOP = "stop"
    RESET = "reset"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True)
class _PowerRule:
    transition: Transition
    desired: Desired
    allowed: frozenset[Observed]
    needs: str
    """What to say when it is not allowed."""


_OFF = frozenset({Observed.STOPPED, Observed.CRASHED, Observed.MISSING})
_ON = frozenset({Observed.RUNNING, Observed.PAUSED})
_RUNNING = frozenset({Observed.RUNNING})
POWER_RULES = {
    Power.START: _PowerRule(Transition.STARTING, Desired.RUNNING, _OFF, "Only a stopped machine can be started."),
    Power.SHUTDOWN: _PowerRule(Transition.SHUTTING_DOWN, Desired.STOPPED, _RUNNING, "Only a running one can be."),
    Power.STOP: _PowerRule(Transition.STOPPING, Desired.STOPPED, _ON | {Observed.CRASHED}, "It is not on."),
    Power.RESET: _PowerRule(Transition.RESETTING, Desired.RUNNING, _RUNNING, "Only a running machine can be reset."),
    Power.PAUSE: _PowerRule(Transition.PAUSING, Desired.PAUSED, _RUNNING, "Only a running machine can be paused."),
    Power.RESUME: _PowerRule(
        Transition.RESUMING, Desired.RUNNING, frozenset({Observed.PAUSED}), "Only a paused machine can be resumed."
    ),
}


class VirtualMachineBusy(Conflict):
    """Another operation works on the virtual machine."""

    code = "virtual_machine.busy"
    title = "The virtual machine is busy"

    def __init__(self, row: VirtualMachineRow) -> None:
        super().__init__(
            f"Virtual machine {row.name!r} is {row.state}.",
            remedy=f"Wait for operation {row.operation_id} to end, or cancel it.",
            target=row.id,
        )


class WrongPowerState(Conflict):
    """The virtual machine's power state does not allow it."""

    code = "virtual_machine.wrong_state"
    title = "The virtual machine is in another state"


class ImageTooLarge(InvalidInput):
    """The size or disk is smaller than the image needs."""

    code = "virtual_machine.too_small_for_image"
    title = "Too small for the image"


@dataclass(frozen=True)
class NewVirtualMachine:
    """A virtual machine to make."""

    subscription_id: str
    stamp_id: str
    """Of the cloud that the subscription's plan offers."""
    name: str
    size: str
    image_id: str
    disk_gib: int | None
    """Of the root disk; None: as large as the image needs."""
    ports: Sequence[PortRequest]
    ssh_public_keys: Sequence[str] = field(default_factory=tuple[str, ...])
    user_data: SecretStr | None = None
    availability_set_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class VirtualMachines:
    """Rules for one subscription's virtual machines inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id

    async def create(self, draft: NewVirtualMachine) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to make a virtual machine. Quota, addresses and the use of the image are claimed at once.

        Raises:
            InvalidInput: there is no such size, or it is too small for the image.
            NotFound: the image, availability set, a network or a subnet is not there for this subscription.
            QuotaExceeded: the plan does not allow it.
            NameTaken: the subscription has another virtual machine of that name.
            AddressTaken, SubnetFull, NetworkNotReady: see `Ports.allocate`.
        """
        size = await Sizes(self._work).named(draft.size)
        if draft.availability_set_id is not None:
            await AvailabilitySets(self._work, self._subscription_id).get(draft.availability_set_id, lock=RowLock.USE)
        machine_id = self._work.ids.new()
        image = await Images(self._work).use(draft.image_id, machine_id, subscription_id=self._subscription_id)
        disk_gib = _disk_gib(draft, size, image)
        row = self._row(machine_id, draft, size)
        amounts = {
            "virtual_machines": 1,
            "vcpus": size.vcpus,
            "memory_mib": size.memory_mib,
            "disk_gib": disk_gib,
        }
        await Quotas(self._work).claim(self._subscription_id, row.id, amounts)
        operation = self._start(row, "create")
        await self._work.save(row, lambda _: NameTaken("virtual machine", draft.name))
        self._work.add(root_disk(self._work, row, disk_gib))
        await Ports(self._work).allocate(self._subscription_id, row.id, draft.ports)
        self._work.emit("virtual_machine.creating", reference(row), size=row.size, image_id=row.image_id)
        return row, operation

    async def get(self, machine_id: str, *, lock: RowLock | None = None) -> VirtualMachineRow:
        """Return a virtual machine of the subscription, locked as wanted until the transaction ends.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(VirtualMachineRow, machine_id, with_for_update=for_update(lock))
        if row is None or row.subscription_id != self._subscription_id:
            raise NotFound("virtual machine", machine_id)
        return row

    async def page(self, query: ListQuery) -> Rows[VirtualMachineRow]:
        """Return a page of the subscription's virtual machines."""
        scope = VirtualMachineRow.subscription_id == self._subscription_id
        return await TENANT_LISTING.rows(self._session, query, scope)

    @staticmethod
    async def disks(work: UnitOfWork, machine_ids: Sequence[str]) -> dict[str, list[DiskRow]]:
        """Return the disks of several virtual machines, each in order."""
        statement = select(DiskRow).where(DiskRow.virtual_machine_id.in_(machine_ids))
        disks: dict[str, list[DiskRow]] = {}
        for row in await work.session.scalars(statement.order_by(DiskRow.virtual_machine_id, DiskRow.position)):
            disks.setdefault(str(row.virtual_machine_id), []).append(row)
        return disks

    async def power(
        self, machine_id: str, power: Power, expected: int | None = None, **parameters: Any
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to change a virtual machine's power.

        Raises:
            NotFound: the subscription has none with this id.
            VirtualMachineBusy: another operation works on it.
            WrongPowerState: its present state does not allow it.
        """
        row = await self.free(machine_id, expected)
        rule = POWER_RULES[power]
        if row.observed not in rule.allowed:
            raise WrongPowerState(
                f"Virtual machine {row.name!r} is {row.state}. {rule.needs}",
                remedy="Bring it into that state first.",
                target=machine_id,
            )
        row.desired, row.suspension = rule.desired, None
        return await self.begin(row, rule.transition, power, parameters)

    async def delete(
        self, machine_id: str, expected: int | None = None, *, delete_disks: bool = False
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Begin to delete a virtual machine with its root disk, whatever its power state.

        Its data disks stay and can be attached to others, unless `delete_disks`.

        Raises:
            NotFound: the subscription has none with this id.
            VirtualMachineBusy: another operation works on it.
        """
        row = await self.free(machine_id, expected)
        row, operation = await self.begin(row, Transition.DELETING, "delete", {"delete_disks": delete_disks})
        await hold_disks(self._work, row.id, operation.id, delete=delete_disks)
        return row, operation

    async def free(self, machine_id: str, expected: int | None) -> VirtualMachineRow:
        """Return a virtual machine that no operation works on, locked until the transaction ends.

        Raises:
            NotFound: the subscription has none with this id.
            VirtualMachineBusy: an operation works on it.
        """
        row = await self.get(machine_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        if row.transition is not None:
            raise VirtualMachineBusy(row)
        return row

    async def begin(
        self, row: VirtualMachineRow, transition: Transition, verb: str, parameters: dict[str, Any]
    ) -> tuple[VirtualMachineRow, OperationRow]:
        """Start an operation on a virtual machine that is `free`, which keeps all others from it until it ends."""
        operation = self._start(row, verb, parameters)
        set_transition(row, transition, operation.id)
        await self._session.flush()
        self._work.emit(f"virtual_machine.{transition}", reference(row), operation_id=operation.id)
        return row, operation

    def _start(self, row: VirtualMachineRow, verb: str, parameters: dict[str, Any] | None = None) -> OperationRow:
        new = NewOperation(f"virtual_machine.{verb}", queue=row.stamp_id, parameters=parameters or {})
        operation = self._work.start(new, reference(row))
        row.operation_id = operation.id
        return operation

    def _row(self, machine_id: str, draft: NewVirtualMachine, size: SizeRow) -> VirtualMachineRow:
        sealed = self._work.keyring.seal(draft.user_data) if draft.user_data is not None else None
        return VirtualMachineRow(
            id=machine_id,
            subscription_id=self._subscription_id,
            name=draft.name,
            hostname=hostname_of(draft.name),
            size=size.name,
            vcpus=size.vcpus,
            memory_mib=size.memory_mib,
            image_id=draft.image_id,
            stamp_id=draft.stamp_id,
            availability_set_id=draft.availability_set_id,
            ssh_public_keys=list(draft.ssh_public_keys),
            sealed_user_data=sealed,
            desired=Desired.RUNNING,
            observed=Observed.ABSENT,
            transition=Transition.CREATING,
            state=Transition.CREATING,
            tags=dict(draft.tags),
            created_at=self._work.clock.now(),
        )


def set_transition(row: VirtualMachineRow, transition: Transition | None, operation_id: str | None) -> None:
    """Note which operation works on a virtual machine, or that none does."""
    row.transition, row.operation_id = transition, operation_id
    row.state = derive_state(transition, Observed(row.observed))


def set_observed(row: VirtualMachineRow, observed: Observed, *, ready: bool, reason: str | None, at: datetime) -> None:
    """Note what was seen of a virtual machine."""
    row.observed, row.ready, row.stop_reason, row.observed_at = observed, ready, reason, at
    row.state = derive_state(Transition(row.transition) if row.transition else None, observed)


async def forget(work: UnitOfWork, row: VirtualMachineRow) -> None:
    """Remove a virtual machine's records, and give back its quota, its addresses and its hold on its image."""
    await Quotas(work).release(row.id)
    await Ports(work).release(row.id)
    await Images(work).release(row.id)
    await forget_disks(work, row.id)
    await work.session.delete(row)
    await work.session.flush()


def reference(row: VirtualMachineRow) -> ResourceRef:
    """Name a virtual machine in events."""
    return ResourceRef("virtual_machine", row.id, row.name, row.subscription_id)


def check_memory(image: ImageRow, size: SizeRow) -> None:
    """Refuse a size that has too little memory for an image.

    Raises:
        ImageTooLarge: it has.
    """
    if size.memory_mib < image.minimum_memory_mib:
        raise ImageTooLarge(
            f"Image {image.name!r} needs {image.minimum_memory_mib} MiB of memory and size {size.name!r} has "
            f"{size.memory_mib}.",
            remedy="Choose a larger size.",
            target="size",
        )


def _disk_gib(draft: NewVirtualMachine, size: SizeRow, image: ImageRow) -> int:
    check_memory(image, size)
    smallest_gib = smallest_disk_gib(image)
    disk_gib = draft.disk_gib if draft.disk_gib is not None else smallest_gib
    if disk_gib < smallest_gib:
        raise ImageTooLarge(
            f"Image {image.name!r} needs a disk of {smallest_gib} GiB.",
            remedy=f"Ask for at least {smallest_gib} GiB, or leave it out.",
            target="disk_gib",
        )
    return disk_gib
