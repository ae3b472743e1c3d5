"""A furnished cloud in a process of its own: what clients and the command line talk to, through `zaffre serve`."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, UNLIMITED, qcow2
from zaffre.client import (
    NewCloudBody,
    NewHostBody,
    NewImageBody,
    NewLogicalNetworkBody,
    NewPlanBody,
    NewSizeBody,
    NewStampBody,
    PlannedServiceBody,
    RetryPolicy,
    SubscriptionScope,
    Unreachable,
    Zaffre,
)

ZAFFRE = [sys.executable, "-c", "from zaffre.cli.main import main; main()"]
"""Runs the command line in a process of its own."""
START_ATTEMPTS = 3
START_DEADLINE_S = 90
"""A server is up within 3 s, on a machine that has nothing else to do."""
PORTS = 5
"""Of the admin, tenant and public face, and of the tenant and admin portal."""


class ServerProcess:
    """A running server with a stamp, a host, an image, sizes and a public plan named `Starter`."""

    def __init__(self, ports: Sequence[int], directory: Path) -> None:
        self.admin_url, _, self.url, self.tenant_portal, self.admin_portal = (
            f"http://127.0.0.1:{port}" for port in ports
        )
        self.image_file = directory / "tiny.qcow2"
        self.cloud_id = ""
        self.logical_network_id = ""

    def admin(self, **options: object) -> Zaffre:
        """Return a client that is signed in as the administrator."""
        client = Zaffre(self.url, admin_url=self.admin_url, **options)  # type: ignore[arg-type]
        client.sessions.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        return client

    def tenant(self, **options: object) -> tuple[Zaffre, SubscriptionScope]:
        """Return a client that is signed in as a new tenant, and the tenant's subscription."""
        client = Zaffre(self.url, **options)  # type: ignore[arg-type]
        email = f"{uuid.uuid4().hex}@zaffre.example"
        client.account.sign_up(email, "Tenant", PASSWORD)
        client.sessions.sign_in(email, PASSWORD)
        made = client.subscriptions.create(client.plans.find("Starter").id, "main").wait()
        return client, client.subscription(made.id)

    def furnish(self) -> None:
        self.image_file.write_bytes(qcow2())
        with self.admin() as client:
            admin = client.admin
            stamp = admin.stamps.create(NewStampBody(name="stamp"))
            network = NewLogicalNetworkBody(stamp_id=stamp.id, name="logical", driver="simulated", address="plane")
            self.logical_network_id = admin.logical_networks.create(network).id
            self.cloud_id = admin.clouds.create(NewCloudBody(stamp_id=stamp.id, name="cloud")).id
            host = NewHostBody(
                stamp_id=stamp.id, name="host-1", driver="simulated", uri="simulated:///host-1", pool_path="/pool"
            )
            admin.hosts.add(host).wait()
            for name, vcpus, memory_mib in (("tiny", 1, 128), ("small", 1, 1024), ("large", 8, 16_384)):
                admin.sizes.create(NewSizeBody(name=name, vcpus=vcpus, memory_mib=memory_mib))
            image = admin.images.create(NewImageBody(name="tiny"))
            admin.images.upload(image.id, self.image_file)
            admin.plans.publish(admin.plans.create(self.plan("Starter", virtual_machines=3)).id)

    def plan(self, name: str, **quota: int | None) -> NewPlanBody:
        machines = PlannedServiceBody(
            provider="virtual_machines", settings={"cloud_id": self.cloud_id}, quota=dict(quota)
        )
        networks = PlannedServiceBody(
            provider="networks", settings={"logical_network_id": self.logical_network_id}, quota={}
        )
        return NewPlanBody(name=name, services=[machines, networks])


@contextmanager
def server_process(directory: Path, **more: object) -> Iterator[ServerProcess]:
    """Run a server until the block ends; `more` are settings as in `settings_arguments`."""
    process, ports = _started(directory, more)
    try:
        cloud = ServerProcess(ports, directory)
        cloud.furnish()
        yield cloud
    finally:
        process.terminate()
        process.wait(timeout=60)


def _started(directory: Path, more: Mapping[str, object]) -> tuple[subprocess.Popen[bytes], Sequence[int]]:
    """Start a server on ports that were free a moment ago; on others if somebody took one since."""
    for attempt in range(START_ATTEMPTS):
        ports = free_ports(PORTS)
        with (directory / f"server-{attempt}.log").open("wb") as log:
            process = subprocess.Popen(
                [*ZAFFRE, "serve", *settings_arguments(directory, ports, **more)], stdout=log, stderr=log
            )
        if _answers(process, f"http://127.0.0.1:{ports[2]}"):
            return process, ports
        process.kill()
        process.wait()
    raise AssertionError((directory / f"server-{START_ATTEMPTS - 1}.log").read_text())


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until a server answers; False once its process has ended, as when a port is taken, or after long enough."""
    deadline_s = time.monotonic() + START_DEADLINE_S
    with Zaffre(url, retries=RetryPolicy(attempts=1)) as client:
        while process.poll() is None and time.monotonic() < deadline_s:
            try:
                client.alive()
            except Unreachable:
                time.sleep(0.05)
            else:
                return True
    return False


def settings_arguments(directory: Path, ports: Sequence[int], **more: object) -> list[str]:
    """Return the settings of a server that keeps everything in a directory, as arguments of `zaffre serve`.

    `more` names settings with `__` for the dot between section and key.
    """
    settings: dict[str, object] = {
        "state_directory": directory / "state",
        "fabric.simulated_world": directory / "world",
        "fabric.reconcile_interval_s": 0.3,
        "operations.sweep_interval_s": 0.2,
        "identity.bootstrap_admin_password": ADMIN_PASSWORD,
        "identity.sign_in_attempts_per_minute": 1000,
        **dict(flag.split("=") for flag in UNLIMITED),
        "library.import_directories": directory,
        "api.admin_port": ports[0],
        "api.tenant_port": ports[1],
        "api.public_port": ports[2],
        "portal.tenant_port": ports[3] if len(ports) > 3 else 0,
        "portal.admin_port": ports[4] if len(ports) > 4 else 0,
    } | {key.replace("__", "."): value for key, value in more.items()}
    return [argument for key, value in settings.items() for argument in ("--set", f"{key}={value}")]


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the environment without what steers Zaffre's programs or how they print, and with the given variables."""
    ours, printing = ("ZAFFRE_", "_ZAFFRE"), {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) and name not in printing}
    return {**kept, **variables}
