"""What is seen of a virtual machine, and what follows from it."""

from zaffre.compute.states import ADOPTED, Desired, Observed, observed_power
from zaffre.compute.tables import VirtualMachineRow
from zaffre.compute.virtual_machines import reference, set_observed
from zaffre.fabric.drivers.hypervisor import GuestObservation
from zaffre.foundation.work import UnitOfWork


def apply_observation(work: UnitOfWork, row: VirtualMachineRow, observation: GuestObservation | None) -> bool:
    """Note what was seen of a virtual machine (None: its host does not know it); True when that is news.

    While an operation works on the machine, what is seen is its doing and needs no event of its own. Otherwise somebody
    else changed it: that is told, and the tenant is taken to want what it has become.
    """
    observed = observed_power(observation)
    ready = observation.ready if observation is not None else False
    reason = observation.stop_reason if observation is not None else None
    if (row.observed, row.ready, row.stop_reason) == (observed, ready, reason):
        return False
    was, was_ready = Observed(row.observed), row.ready
    set_observed(row, observed, ready=ready, reason=reason, at=work.clock.now())
    if row.transition is None and was != observed:
        row.desired = ADOPTED.get(observed, Desired(row.desired))
        work.emit("virtual_machine.state_changed", reference(row), state=observed, was=was, reason=reason)
    if ready and not was_ready:
        work.emit("virtual_machine.ready", reference(row))
    return True


def mark_unknown(work: UnitOfWork, row: VirtualMachineRow) -> None:
    """Note that nothing is known of a virtual machine, because its host does not answer."""
    set_observed(row, Observed.UNKNOWN, ready=False, reason=None, at=work.clock.now())
    work.emit("virtual_machine.state_changed", reference(row), state=Observed.UNKNOWN, reason="host_lost")
