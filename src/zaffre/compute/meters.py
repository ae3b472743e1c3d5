"""What compute meters: virtual machines by what they are doing, disks, and checkpoints that hold memory."""

from collections.abc import Sequence
from decimal import Decimal

from zaffre.compute.disk_records import DiskState
from zaffre.compute.states import Observed
from zaffre.compute.tables import DiskRow, VirtualMachineRow
from zaffre.fabric.images import ImageState
from zaffre.fabric.own_images import size_gib
from zaffre.fabric.tables import ImageRow
from zaffre.management.metering import Meter, MeterKind, ResourceUsage, Watched

MACHINE_HOURS = Meter("virtual_machine_hours", "Virtual machines", "hour")
VCPU_HOURS = Meter("vcpu_hours", "Virtual processors", "vCPU-hour")
MEMORY_HOURS = Meter("memory_gib_hours", "Memory", "GiB-hour")
DISK_HOURS = Meter("disk_gib_hours", "Disks", "GiB-hour")
LIBRARY_HOURS = Meter("library_gib_hours", "Images", "GiB-hour")
NETWORK_IN = Meter("network_in_gb", "Network, received", "GB", MeterKind.COUNTER)
NETWORK_OUT = Meter("network_out_gb", "Network, sent", "GB", MeterKind.COUNTER)

METERS: Sequence[Meter] = (
    MACHINE_HOURS,
    VCPU_HOURS,
    MEMORY_HOURS,
    DISK_HOURS,
    LIBRARY_HOURS,
    NETWORK_IN,
    NETWORK_OUT,
)

_STATES = {
    Observed.RUNNING: "running",
    Observed.PAUSED: "suspended",
    Observed.STOPPED: "stopped",
    Observed.CRASHED: "stopped",
    Observed.MISSING: "stopped",
}
_MIB_PER_GIB = 1024


def machine_usage(row: VirtualMachineRow) -> ResourceUsage | None:
    """Return what a virtual machine uses: time always; processors and memory while it has them, so also while paused.

    It begins with being built. Of one whose host does not answer nothing is known.
    """
    observed = Observed(row.observed)
    if observed is Observed.ABSENT:
        return None
    state = _STATES.get(observed)
    amounts: dict[str, int | Decimal] = {MACHINE_HOURS.name: 1}
    if state != "stopped":
        amounts[VCPU_HOURS.name] = row.vcpus
        amounts[MEMORY_HOURS.name] = Decimal(row.memory_mib) / _MIB_PER_GIB
    return ResourceUsage(
        "virtual_machine",
        row.id,
        row.name,
        row.subscription_id,
        state=state or "",
        amounts=amounts if state is not None else None,
        dimensions={"size": row.size, "vcpus": row.vcpus, "memory_mib": row.memory_mib},
        tags=row.tags or {},
    )


def disk_usage(row: DiskRow) -> ResourceUsage | None:
    """Return what a disk uses from being made to being gone, whatever its machine does."""
    if row.state == DiskState.CREATING:
        return None
    return ResourceUsage(
        "disk",
        row.id,
        row.name,
        row.subscription_id,
        state="attached" if row.virtual_machine_id is not None else "detached",
        amounts={DISK_HOURS.name: row.size_gib},
        dimensions={"kind": row.kind},
        tags=row.tags or {},
    )


def image_usage(row: ImageRow) -> ResourceUsage | None:
    """Return what an image of a subscription's own uses of the library. The site's images are nobody's."""
    if row.owner_subscription_id is None or row.state != ImageState.AVAILABLE:
        return None
    return ResourceUsage(
        "image",
        row.id,
        row.name,
        row.owner_subscription_id,
        state="stored",
        amounts={LIBRARY_HOURS.name: size_gib(row.size_bytes or 0)},
        dimensions={"kind": row.kind},
        tags=row.tags or {},
    )


WATCHED: Sequence[Watched] = (
    Watched(
        VirtualMachineRow,
        frozenset({"observed", "name", "size", "vcpus", "memory_mib", "tags"}),
        "virtual_machine",
        machine_usage,
    ),
    Watched(DiskRow, frozenset({"state", "name", "size_gib", "virtual_machine_id", "tags"}), "disk", disk_usage),
    Watched(ImageRow, frozenset({"state", "name", "size_bytes", "tags"}), "image", image_usage),
)
