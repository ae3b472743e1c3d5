"""The states of a virtual machine, and how the one that people read follows from the others."""

from enum import StrEnum

from zaffre.fabric.drivers.hypervisor import GuestObservation, GuestState


class Desired(StrEnum):
    """The power state a tenant wants."""

    RUNNING = "running"
    STOPPED = "stopped"
    PAUSED = "paused"
    DELETED = "deleted"


class Observed(StrEnum):
    """The power state last seen."""

    ABSENT = "absent"
    """It has not been built yet."""
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CRASHED = "crashed"
    MISSING = "missing"
    """Its host does not know it, although it should."""
    UNKNOWN = "unknown"
    """Its host does not answer."""


class Transition(StrEnum):
    """What an operation is doing with a virtual machine."""

    CREATING = "creating"
    STARTING = "starting"
    SHUTTING_DOWN = "shutting_down"
    STOPPING = "stopping"
    RESETTING = "resetting"
    PAUSING = "pausing"
    RESUMING = "resuming"
    RESIZING = "resizing"
    RECONFIGURING = "reconfiguring"
    """What it consists of is being changed, such as its disks."""
    MIGRATING = "migrating"
    """It is going to another host. If it was on it stays on."""
    DELETING = "deleting"
    CHECKPOINTING = "checkpointing"
    """A checkpoint of it is being taken or deleted."""
    RESTORING = "restoring"
    """It is being brought back to a checkpoint."""


def derive_state(transition: Transition | None, observed: Observed) -> str:
    """Return the state that people read: what is being done, else what was seen."""
    return transition or observed


def observed_power(observation: GuestObservation | None) -> Observed:
    """Return what an observation says of a guest's power; a guest that its host does not know is missing."""
    if observation is None:
        return Observed.MISSING
    return {
        GuestState.RUNNING: Observed.RUNNING,
        GuestState.PAUSED: Observed.PAUSED,
        GuestState.STOPPED: Observed.STOPPED,
        GuestState.CRASHED: Observed.CRASHED,
    }[observation.state]


ADOPTED = {
    Observed.RUNNING: Desired.RUNNING,
    Observed.PAUSED: Desired.PAUSED,
    Observed.STOPPED: Desired.STOPPED,
    Observed.CRASHED: Desired.STOPPED,
}
"""What a tenant is taken to want when a guest's power changed without us: what it changed to. A guest that was shut
down from inside stays down, as its owner expects."""
