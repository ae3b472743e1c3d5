"""How virtual machines are shown."""

from rich.text import Text

from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import tags_fact
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import GOOD, styled_state
from zaffre.cli.tables import Column, table_of
from zaffre.cli.words import instant_text, mib_text, state_text, yes_no
from zaffre.client import (
    AdminVirtualMachineView,
    DiskView,
    MachineState,
    PortOfMachineView,
    SubscriptionScope,
    VirtualMachineView,
)

DISK_COLUMNS: list[Column[DiskView]] = [
    NAME,
    Column("STATE", lambda disk: styled_state(disk.state), whole=True),
    Column("SIZE", lambda disk: f"{disk.size_gib} GiB", number=True),
    Column("KIND", lambda disk: disk.kind),
    Column("SERIAL", lambda disk: disk.serial, whole=True),
]


def machine_columns(run: Invocation, scope: SubscriptionScope) -> list[Column[VirtualMachineView]]:
    """Return the columns of a list of virtual machines."""
    return [
        NAME,
        Column("STATE", _state, whole=True),
        Column("ADDRESS", _addresses),
        Column("SIZE", lambda machine: machine.size),
        Column("VCPUS", lambda machine: machine.vcpus, number=True, wide=True),
        Column("MEMORY", lambda machine: mib_text(machine.memory_mib), number=True, wide=True),
        Column("IMAGE", lambda machine: run.names.image(scope, machine.image_id)),
        age_column(run),
        id_column(run),
    ]


def all_machine_columns(run: Invocation) -> list[Column[AdminVirtualMachineView]]:
    """Return the columns of a list of everybody's virtual machines."""
    return [
        NAME,
        Column("STATE", _state, whole=True),
        Column("HOST", lambda machine: run.names.host(machine.host_id)),
        Column("SUBSCRIPTION", lambda machine: run.names.subscription(machine.subscription_id)),
        Column("SIZE", lambda machine: machine.size),
        Column("ADDRESS", _addresses, wide=True),
        age_column(run),
        id_column(run),
    ]


def machine_sections(run: Invocation, scope: SubscriptionScope, machine: VirtualMachineView) -> list[Section]:
    """Return the sheet of a virtual machine."""
    general: list[Fact] = [
        ("Name", machine.name),
        ("State", _state(machine)),
        *_oddities(machine),
        ("Host name", machine.hostname),
        ("Size", f"{machine.size} ({machine.vcpus} vCPU, {mib_text(machine.memory_mib)})"),
        ("Image", run.names.image(scope, machine.image_id)),
        tags_fact(machine),
        *_availability(run, scope, machine),
        ("Checkpoints", machine.checkpoint_count or None),
        created(run, machine),
        ("Last changed", instant_text(machine.observed_at, run.terminal.now)),
        ("Id", machine.id),
    ]
    if machine.iso_image_id is not None:
        general.append(("ISO", run.names.image(scope, machine.iso_image_id)))
    return [
        Section(None, general),
        Section("Network", table=table_of(machine.ports, _port_columns(run, scope), wide=run.wide)),
        Section("Disks", table=table_of(machine.disks, DISK_COLUMNS, wide=run.wide)),
    ]


def _state(machine: VirtualMachineView | AdminVirtualMachineView) -> Text:
    """Return the state; of a running machine also whether its guest has said that it is up."""
    text = styled_state(machine.state)
    if machine.state == MachineState.RUNNING and machine.ready:
        text.append(", ready", GOOD)
    return text


def _addresses(machine: VirtualMachineView | AdminVirtualMachineView) -> str:
    return ", ".join(port.address for port in machine.ports)


def _availability(run: Invocation, scope: SubscriptionScope, machine: VirtualMachineView) -> list[Fact]:
    if machine.availability_set_id is None:
        return []
    return [("Availability set", run.names.availability_set(scope, machine.availability_set_id))]


def _oddities(machine: VirtualMachineView) -> list[Fact]:
    """Return what is only worth telling when it is not as usual."""
    facts: list[Fact] = []
    if machine.operation_id is not None:
        facts.append(("Operation", machine.operation_id))
    elif machine.restart_required:
        facts.append(("Size", "takes full effect when it is stopped and started"))
    elif machine.desired != machine.observed and machine.state != MachineState.DELETING:
        facts.append(("Wanted", state_text(machine.desired)))
    if machine.stop_reason is not None:
        facts.append(("Stopped because", state_text(machine.stop_reason)))
    return facts


def _port_columns(run: Invocation, scope: SubscriptionScope) -> list[Column[PortOfMachineView]]:
    return [
        Column("ADDRESS", lambda port: port.address, whole=True),
        Column("VM NETWORK", lambda port: run.names.vm_network(scope, port.vm_network_id)),
        Column("MAC", lambda port: port.mac, whole=True),
        Column("UP", lambda port: styled_state(yes_no(port.up)), whole=True),
    ]
