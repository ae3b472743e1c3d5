"""`zaffre host`."""

from typing import Annotated

import typer
from rich.text import Text

from zaffre.cli.arguments import HostArgument, NewNameArgument, StampOption
from zaffre.cli.charts import USUAL_SINCE, SinceOption, show_metrics
from zaffre.cli.columns import NAME, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes, Waiting
from zaffre.cli.sheets import Fact, Section
from zaffre.cli.states import BAD, styled_state
from zaffre.cli.tables import Column
from zaffre.cli.words import instant_text
from zaffre.client import HostState, HostView, NewHostBody, PreflightCheckView, PreflightView

group = CommandGroup(help="Hypervisor hosts.")
app = group.app

UriOption = Annotated[
    str, typer.Option("--uri", metavar="URI", help="How to reach it, as in qemu+tls://host-1/system.")
]
DriverOption = Annotated[str, typer.Option("--driver", metavar="NAME", help="What speaks to it.")]
PoolOption = Annotated[
    str | None, typer.Option("--pool-path", metavar="PATH", help="Where it keeps disks.", show_default=False)
]
BridgeOption = Annotated[
    str | None, typer.Option("--bridge", metavar="NAME", help="Its OVN integration bridge.", show_default=False)
]


@group.command("list")
def list_hosts(run: Invocation, wishes: ListWishes) -> None:
    """List the hosts, and how much of them is reserved."""
    columns: list[Column[HostView]] = [
        NAME,
        Column("STATE", _state, whole=True),
        Column("STAMP", lambda host: run.names.stamp(host.stamp_id)),
        Column("VCPUS", lambda host: f"{host.vcpus_reserved}/{host.vcpus_capacity}", number=True),
        Column("MEMORY GiB", _memory, number=True),
        Column("DISK GiB", lambda host: f"{host.storage_reserved_gib}/{host.storage_capacity_gib}", number=True),
        Column("ACCELERATOR", lambda host: host.accelerator, wide=True),
        Column("ENGINE", lambda host: host.engine_version, wide=True),
        Column("URI", lambda host: host.uri, wide=True),
        age_column(run),
        id_column(run),
    ]
    none = "There are no hosts. Add one with: zaffre host add NAME --stamp STAMP --uri URI"
    run.show_list(run.client.admin.hosts, wishes, columns, none)


@group.command("show")
def show_host(run: Invocation, host: HostArgument) -> None:
    """Show a host: what it is, and what is reserved on it."""
    found = run.find(run.client.admin.hosts, host)
    run.show(found, lambda: _sections(run, found))


@group.command("metrics")
def show_host_metrics(run: Invocation, host: HostArgument, *, since: SinceOption = USUAL_SINCE) -> None:
    """Show what a host used in the last day, its guests included."""
    hosts = run.client.admin.hosts
    host_id = run.id_in(hosts, host)
    show_metrics(run, since, lambda begin, step_s: hosts.metrics(host_id, begin, step_s=step_s))


@group.command("preflight")
def preflight_host(
    run: Invocation,
    name: NewNameArgument,
    stamp: StampOption,
    uri: UriOption,
    driver: DriverOption = "libvirt",
    pool_path: PoolOption = None,
    integration_bridge: BridgeOption = None,
) -> None:
    """See what is in the way of adding a host.

    The machine is looked at, and what to do about each thing is said. Nothing is changed.
    """
    found = run.client.admin.hosts.preflight(_body(run, name, stamp, uri, driver, pool_path, integration_bridge, None))
    run.show(found, lambda: _findings(found))
    failed = [check for check in found.checks if not check.ok]
    if failed:
        run.terminal.note(f"{len(failed)} of {len(found.checks)} checks failed.")
        raise typer.Exit(ExitCode.REFUSED)
    run.terminal.done(f"Nothing is in the way of adding {name}.")


@group.command("add")
def add_host(
    run: Invocation,
    waiting: Waiting,
    name: NewNameArgument,
    stamp: StampOption,
    uri: UriOption,
    driver: DriverOption = "libvirt",
    pool_path: PoolOption = None,
    integration_bridge: BridgeOption = None,
    provider_address: Annotated[
        str | None, typer.Option("--provider-address", metavar="ADDRESS", help="Its address for tunnels.")
    ] = None,
) -> None:
    """Add a host: connect to it, and let guests be placed on it."""
    body = _body(run, name, stamp, uri, driver, pool_path, integration_bridge, provider_address)
    run.finish(run.client.admin.hosts.add(body), waiting, lambda host: f"Host {host.name} is {host.state}.")


@group.command("enable")
def enable_host(run: Invocation, host: HostArgument) -> None:
    """Let guests be placed on a host."""
    hosts = run.client.admin.hosts
    found = hosts.enable(run.id_in(hosts, host))
    run.report(found, f"Host {found.name} is {found.state}.")


@group.command("disable")
def disable_host(run: Invocation, host: HostArgument) -> None:
    """Place no more guests on a host; those on it run on."""
    hosts = run.client.admin.hosts
    found = hosts.disable(run.id_in(hosts, host))
    run.report(found, f"Host {found.name} is {found.state}: guests on it run on, and no new ones are placed.")


@group.command("remove")
def remove_host(run: Invocation, waiting: Waiting, confirmation: Confirmation, host: HostArgument) -> None:
    """Remove a host without guests."""
    hosts = run.client.admin.hosts
    found = run.find(hosts, host)
    run.confirm(confirmation, f"Remove the host {found.name}?", ["copies of images on it"])
    run.finish(hosts.remove(found.id), waiting, lambda _: f"Host {found.name} is removed.")


def _body(
    run: Invocation,
    name: str,
    stamp: str,
    uri: str,
    driver: str,
    pool_path: str | None,
    integration_bridge: str | None,
    provider_address: str | None,
) -> NewHostBody:
    given = {"pool_path": pool_path, "integration_bridge": integration_bridge, "provider_address": provider_address}
    return NewHostBody.model_validate(
        {key: value for key, value in given.items() if value is not None}
        | {"name": name, "stamp_id": run.id_in(run.client.admin.stamps, stamp), "uri": uri, "driver": driver}
    )


def _findings(found: PreflightView) -> list[Section]:
    """Return the checks, each with what to do about it, and what the machine is."""
    sections = [Section("Checks", [fact for check in found.checks for fact in _finding(check)])]
    if found.facts is not None:
        facts = found.facts
        machine: list[Fact] = [
            ("Host name", facts.hostname),
            ("Engine", facts.engine_version),
            ("Acceleration", facts.accelerator),
            ("Processors", facts.vcpus),
            ("Memory", f"{facts.memory_mib} MiB"),
            ("Storage", f"{facts.storage_gib} GiB ({facts.storage_free_gib} free)"),
        ]
        sections.append(Section("Machine", machine))
    return sections


def _finding(check: PreflightCheckView) -> list[Fact]:
    facts: list[Fact] = [(f"{'✓' if check.ok else '✗'} {check.title}", check.detail)]
    return facts if check.remedy is None else [*facts, ("  What to do", check.remedy)]


def _state(host: HostView) -> Text:
    """Return the wanted state and, if it does not answer, that."""
    if host.connected or host.state == HostState.ADDING:
        return styled_state(host.state)
    return Text.assemble(styled_state(host.state), (", unreachable", BAD))


def _memory(host: HostView) -> str:
    return f"{host.memory_reserved_mib / 1024:.3g}/{host.memory_capacity_mib / 1024:.3g}"


def _sections(run: Invocation, host: HostView) -> list[Section]:
    general: list[Fact] = [
        ("Name", host.name),
        ("State", _state(host)),
        ("Problem", host.problem),
        ("Stamp", run.names.stamp(host.stamp_id)),
        ("URI", host.uri),
        ("Driver", host.driver),
        ("Host name", host.hostname),
        ("Engine", host.engine_version),
        ("Acceleration", host.accelerator),
        ("Disks kept in", host.pool_path),
        ("Bridge", host.integration_bridge),
        ("Tunnel address", host.provider_address),
        created(run, host),
        ("Last seen", instant_text(host.observed_at, run.terminal.now)),
        ("Id", host.id),
    ]
    capacity: list[Fact] = [
        ("vCPUs", f"{host.vcpus_reserved} of {host.vcpus_capacity} ({host.vcpus} processors)"),
        ("Memory", f"{host.memory_reserved_mib} of {host.memory_capacity_mib} MiB ({host.memory_mib} there are)"),
        ("Storage", f"{host.storage_reserved_gib} of {host.storage_capacity_gib} GiB ({host.storage_free_gib} free)"),
    ]
    return [Section(None, general), Section("Reserved", capacity)]
