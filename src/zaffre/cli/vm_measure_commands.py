"""The verbs of `zaffre vm` that look at what a machine does."""

from zaffre.cli.arguments import MachineArgument
from zaffre.cli.charts import USUAL_SINCE, SinceOption, show_metrics
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import InSubscription


def add_measure_commands(group: CommandGroup) -> None:
    """Put the verbs into the group."""

    @group.command("metrics")
    def metrics(
        run: Invocation, chosen: InSubscription, machine: MachineArgument, *, since: SinceOption = USUAL_SINCE
    ) -> None:
        """Show what a virtual machine used in the last day."""
        machines = run.subscription(chosen).virtual_machines
        machine_id = run.id_in(machines, machine)
        show_metrics(run, since, lambda begin, step_s: machines.metrics(machine_id, begin, step_s=step_s))
