"""`zaffre up` and `zaffre down`: a whole cloud on this machine."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from zaffre.cli.commands import CONTEXT_SETTINGS
from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.terminal import Terminal
from zaffre.client import ZaffreError, local_problem
from zaffre.devfabric.cloud import (
    CloudDescription,
    DevelopmentCloud,
    FabricChoice,
    JourneyReport,
    run_journey,
)
from zaffre.devfabric.cloud.development_cloud import Ports
from zaffre.devfabric.cloud.places import ADMIN_EMAIL, TENANT_EMAIL, usual_directory
from zaffre.devfabric.progress import Progress, StepReport, StepState
from zaffre.foundation.errors import DomainError

up = typer.Typer(add_completion=False, rich_markup_mode=None)
down = typer.Typer(add_completion=False, rich_markup_mode=None)

StateOption = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="Where everything is kept. Keep the path short.")
]


@up.command(context_settings=CONTEXT_SETTINGS)
def bring_up(
    hosts: Annotated[int, typer.Option(min=1, max=32, help="How many hosts.")] = 2,
    fabric: Annotated[
        FabricChoice, typer.Option(help="Real hosts (kvm), simulated ones, or whatever this machine can carry.")
    ] = FabricChoice.AUTO,
    image: Annotated[
        list[str] | None, typer.Option("--image", help="A further guest image to offer: debian-12. May be repeated.")
    ] = None,
    demo: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--demo", help="Do a tenant's whole journey, report on it, take everything down.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="With --demo: also write the report as JSON.")
    ] = None,
    tenant: Annotated[bool, typer.Option(help="Settle a tenant with two machines.")] = True,  # noqa: FBT002 - a flag
    port: Annotated[
        int,
        typer.Option(
            min=1026,
            max=65450,
            help="Of the public API; the tenant and admin APIs are just below, the portals 75 and 85 above.",
        ),
    ] = 30006,
    state: StateOption = None,
) -> None:
    """Bring up a cloud on this machine: hosts with KVM and OVN between them, the server, and a tenant.

    Real hosts need root and Debian packages (scripts/prepare installs them); without, the hosts are simulated. Run it
    again at any time: what is there stays. "zaffre down" takes everything down.
    """
    started_s = time.monotonic()
    terminal = Terminal()
    directory = state or usual_directory("demo" if demo else "dev")
    cloud = DevelopmentCloud(directory, hosts, Ports.from_public(port))
    steps = StepPrinter(terminal)
    images = ["tiny", *(name for name in image or [] if name != "tiny")]
    _check_images(images)
    try:
        if demo:
            raise typer.Exit(_demonstrate(cloud, fabric, images, steps, terminal, json, started_s))
        description = cloud.up(fabric, images, steps, tenant=tenant)
    except DomainError as error:
        raise _told(error) from None
    _describe(terminal, description, cloud, time.monotonic() - started_s)


@down.command(context_settings=CONTEXT_SETTINGS)
def take_down(
    purge: Annotated[bool, typer.Option("--purge", help="Remove cached guest images as well.")] = False,  # noqa: FBT002
    state: StateOption = None,
) -> None:
    """Take the cloud on this machine down and remove everything it made, also after a crash."""
    terminal = Terminal()
    cloud = DevelopmentCloud(state or usual_directory())
    try:
        removed = cloud.down(purge=purge, report=StepPrinter(terminal))
    except DomainError as error:
        raise _told(error) from None
    terminal.note(f"Removed {len(removed)} things." if removed else "There was nothing to take down.")


class StepPrinter:
    """Shows steps as they happen: one line each, with the time it took."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __call__(self, report: StepReport) -> None:
        """Show a report."""
        match report.state:
            case StepState.STARTED:
                return
            case StepState.NOTE:
                self._terminal.note(f"   {report.step}", "dim")
            case StepState.FINISHED:
                self._line("✓", "green", report)
            case StepState.FAILED:
                self._line("✗", "red", report)

    def _line(self, mark: str, style: str, report: StepReport) -> None:
        seconds = f"{report.elapsed_s or 0:6.1f} s"
        self._terminal.note(Text.assemble((f"{mark} ", style), (seconds, "dim"), f"  {report.step}"))


def _demonstrate(
    cloud: DevelopmentCloud,
    fabric: FabricChoice,
    images: list[str],
    steps: StepPrinter,
    terminal: Terminal,
    json: Path | None,
    started_s: float,
) -> ExitCode:
    """Bring everything up from nothing, travel, take everything down; returns how it went."""
    progress = Progress(steps)
    report = JourneyReport(fabric.value, 0, "")
    cloud.down(report=steps)
    try:
        description = cloud.up(fabric, images, steps, tenant=False)
        report.fabric, report.hosts = description.fabric.value, description.hosts
        report.accelerator = description.accelerator
        _explain_choice(terminal, description)
        with cloud.administrator(description.passwords) as admin:
            run_journey(description.public_url, admin, progress, report, started_s)
    finally:
        cloud.down(report=steps)
        report.seconds_total = round(time.monotonic() - started_s, 1)
        if json is not None:
            report.write(json)
    _print_report(terminal, report)
    return ExitCode.DONE if report.ok else ExitCode.OPERATION_FAILED


def _print_report(terminal: Terminal, report: JourneyReport) -> None:
    terminal.print()
    terminal.print(f"A tenant's journey on {report.hosts} {report.fabric} hosts (accelerator: {report.accelerator})")
    for check in report.checks:
        mark, style = ("ok    ", "green") if check.ok else ("FAILED", "bold red")
        terminal.print(Text.assemble("  ", (mark, style), f"  {check.name}"))
        terminal.print(Text(f"          {check.detail}", "dim" if check.ok else "red"))
    for name, reason in report.skipped.items():
        terminal.print(Text(f"  skipped {name} ({reason})", "dim"))
    first = f"{report.seconds_to_first_vm:g} s" if report.seconds_to_first_vm is not None else "never"
    held = sum(check.ok for check in report.checks)
    terminal.print(
        f"{held} of {len(report.checks)} checks hold. First machine up after {first}, all done after "
        f"{report.seconds_total:g} s."
    )


def _describe(terminal: Terminal, description: CloudDescription, cloud: DevelopmentCloud, seconds: float) -> None:
    terminal.print()
    terminal.print(Text(f"Zaffre is up: {description.hosts} {description.fabric} hosts, after {seconds:.1f} s", "bold"))
    _explain_choice(terminal, description)
    rows = [
        ("Tenant portal", description.tenant_portal_url, "for tenants, in a browser"),
        ("Admin portal", description.admin_portal_url, "for the provider, in a browser"),
        ("Public API", description.public_url, "for tenants and their programs"),
        ("Admin API", description.admin_url, "for the provider"),
        ("Administrator", ADMIN_EMAIL, description.passwords.admin),
    ]
    if description.machines:
        rows.append(("Tenant", TENANT_EMAIL, description.passwords.tenant))
    for name, value, note in rows:
        terminal.print(f"  {name:<14} {value:<24} {note}")
    for machine in description.machines:
        ready = "up" if machine.ready else "starting"
        terminal.print(f"  {'Machine':<14} {machine.name:<24} {machine.state}, {ready}, {machine.ports[0].address}")
    terminal.print()
    terminal.print("Next:")
    program = Path(".venv/bin/zaffre") if Path(".venv/bin/zaffre").exists() else Path("zaffre")
    terminal.print(f"  {program} login --url {description.public_url} --email {TENANT_EMAIL}")
    terminal.print(f"  {program} vm list")
    where = "" if cloud.places.directory == usual_directory() else f" --state {cloud.places.directory}"
    terminal.print(f"To stop: {program} down{where}")


def _explain_choice(terminal: Terminal, description: CloudDescription) -> None:
    if description.reason is not None:
        terminal.note(f"The hosts are simulated: {description.reason}", "yellow")


def _check_images(names: list[str]) -> None:
    from zaffre.devfabric.images import IMAGES  # noqa: PLC0415 - only here

    unknown = [name for name in names if name not in IMAGES]
    if unknown:
        raise typer.BadParameter(f"there is no image {unknown[0]!r}; there are {', '.join(IMAGES)}")


def _told(error: DomainError) -> ZaffreError:
    """Return a fault of the fabric as a refusal that the command line knows how to tell."""
    extra: dict[str, Any] = {"target": error.target} if error.target else {}
    return ZaffreError(local_problem(error.code, error.title, error.detail, error.remedy, **extra))
