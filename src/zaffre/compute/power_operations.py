"""Durable work on virtual machines: changing their power."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from zaffre.compute.guest import seed_volume
from zaffre.compute.operations import IMAGE_DEADLINE_S, MachineSaga, MachineTools
from zaffre.compute.resizing import take_up_size
from zaffre.compute.virtual_machines import SHUTDOWN_TIMEOUT_S, Power
from zaffre.fabric.drivers.hypervisor import GuestState, Hypervisor
from zaffre.foundation.errors import DomainError
from zaffre.foundation.operations.saga import Run, Step

POWER_POLL_S = 0.25
OFF = (GuestState.STOPPED, GuestState.CRASHED)


class GuestIgnoredShutdown(DomainError):
    """The guest did not shut down in time."""

    code = "virtual_machine.shutdown_ignored"
    title = "The guest did not shut down"
    status = 504

    def __init__(self, timeout_s: float) -> None:
        super().__init__(
            f"The guest's operating system did not shut down within {timeout_s:g} s.",
            remedy="Try again with a longer timeout_s, or stop it, which cuts its power.",
        )


class PowerSaga(MachineSaga):
    """A saga of one step, which acts and then settles with what is seen."""

    kind: str
    cancellable = True
    done: str
    """The event that tells of success."""
    sentence: str
    deadline_s = 120.0

    def steps(self) -> Sequence[Step]:
        """Return the steps."""
        return [Step("power", self.sentence, self._act, self._let_go, deadline_s=self.deadline_s)]

    async def _act(self, run: Run) -> None:
        hypervisor = await self._host(run)
        await self._change(run, hypervisor)
        await self._settle(run, await hypervisor.observe(run.operation.resource_id), self.done)

    @abstractmethod
    async def _change(self, run: Run, hypervisor: Hypervisor) -> None:
        """Bring about the new power state."""


@dataclass(frozen=True)
class PowerChange:
    """A change of power that is one call to the host."""

    power: Power
    done: str
    sentence: str
    call: Callable[[Hypervisor, str], Awaitable[None]]


POWER_CHANGES = (
    PowerChange(Power.STOP, "stopped", "Cutting its power", lambda host, guest_id: host.stop(guest_id)),
    PowerChange(Power.RESET, "reset", "Resetting it", lambda host, guest_id: host.reset(guest_id)),
    PowerChange(Power.PAUSE, "paused", "Pausing it", lambda host, guest_id: host.pause(guest_id)),
    PowerChange(Power.RESUME, "resumed", "Resuming it", lambda host, guest_id: host.start(guest_id)),
)


class ChangePower(PowerSaga):
    """Runs one of the simple changes."""

    def __init__(self, tools: MachineTools, change: PowerChange) -> None:
        super().__init__(tools)
        self.kind = f"virtual_machine.{change.power}"
        self.done = f"virtual_machine.{change.done}"
        self.sentence = change.sentence
        self._call = change.call

    async def _change(self, run: Run, hypervisor: Hypervisor) -> None:
        await self._call(hypervisor, run.operation.resource_id)


class StartVirtualMachine(PowerSaga):
    """Starts a virtual machine, rebuilding on its host whatever is missing there except its disks."""

    kind = "virtual_machine.start"
    done = "virtual_machine.started"
    sentence = "Starting it"
    deadline_s = IMAGE_DEADLINE_S

    async def _change(self, run: Run, hypervisor: Hypervisor) -> None:
        plan = await self._plan(run)
        await self._tools.port_plane.plug(run.actor, plan.machine_id)
        await hypervisor.upload_volume(seed_volume(plan.machine_id), plan.seed())
        if plan.iso_image_id is not None:
            await self._tools.copies.renew(plan.host_id, hypervisor, plan.iso_image_id)
        await hypervisor.define(plan.spec)
        await hypervisor.start(plan.machine_id)
        async with run.work() as work:
            row = await self._row(work, run)
            if row is not None and row.restart_required:
                await take_up_size(work, row)


class ShutDownVirtualMachine(PowerSaga):
    """Asks the guest to shut down; cuts its power when it has not done so in time, unless that is not wanted."""

    kind = "virtual_machine.shutdown"
    done = "virtual_machine.shut_down"
    sentence = "Asking the guest to shut down"
    deadline_s = 1200.0

    async def _change(self, run: Run, hypervisor: Hypervisor) -> None:
        timeout_s = float(run.operation.parameters.get("timeout_s", SHUTDOWN_TIMEOUT_S))
        await hypervisor.request_shutdown(run.operation.resource_id)
        if await self._wait_off(run, hypervisor, timeout_s):
            return
        if not run.operation.parameters.get("force", True):
            raise GuestIgnoredShutdown(timeout_s)
        run.report(1.0, "The guest did not react; cutting its power")
        await hypervisor.stop(run.operation.resource_id)

    async def _wait_off(self, run: Run, hypervisor: Hypervisor, timeout_s: float) -> bool:
        started_s = run.clock.monotonic_s()
        while (waited_s := run.clock.monotonic_s() - started_s) < timeout_s:
            observation = await hypervisor.observe(run.operation.resource_id)
            if observation is None or observation.state in OFF:
                return True
            await run.check_cancelled()
            run.report(waited_s / timeout_s)
            await run.clock.sleep(POWER_POLL_S)
        return False


def machine_power_sagas(tools: MachineTools) -> list[PowerSaga]:
    """Return the sagas of all changes of power."""
    simple = [ChangePower(tools, change) for change in POWER_CHANGES]
    return [StartVirtualMachine(tools), ShutDownVirtualMachine(tools), *simple]
