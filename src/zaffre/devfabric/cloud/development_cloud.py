"""A whole development cloud: fabric, server, furnishing, a tenant; up and down."""

import json
import secrets
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from zaffre.client import Credentials, NewHostBody, VirtualMachineView, Zaffre
from zaffre.devfabric.cloud.furnishing import FabricToUse, Furnishing, ImageToOffer
from zaffre.devfabric.cloud.places import ADMIN_EMAIL, TENANT_EMAIL, Places
from zaffre.devfabric.cloud.server import ServerProcess, SettingValue
from zaffre.devfabric.cloud.simulated_image import write_simulated_image
from zaffre.devfabric.cloud.tenancy import new_key_pair, settle_in
from zaffre.devfabric.errors import FabricNotPossible
from zaffre.devfabric.fabric import DevelopmentFabric
from zaffre.devfabric.images import IMAGES, build, check_image
from zaffre.devfabric.layout import FabricLayout
from zaffre.devfabric.preflight import check_fabric
from zaffre.devfabric.progress import Progress, Report, silent

SIMULATED_HOST = "?vcpus=32&memory_mib=65536&storage_gib=1000"
MACHINES = (("web-1", "10.10.0.11"), ("web-2", "10.10.0.12"))
NO_STAMP = "00000000-0000-7000-8000-000000000000"


class FabricChoice(StrEnum):
    """Which fabric to use."""

    AUTO = "auto"
    """Real hosts where this machine can carry them, simulated ones elsewhere."""
    KVM = "kvm"
    SIMULATED = "simulated"


@dataclass(frozen=True)
class Ports:
    """Where the faces and the portals listen on loopback."""

    admin: int = 30004
    tenant: int = 30005
    public: int = 30006
    tenant_portal: int = 30081
    admin_portal: int = 30091

    @classmethod
    def from_public(cls, public: int) -> "Ports":
        """Return the ports that belong to a public one: three in a row, and the portals as far above as usual."""
        return cls(public - 2, public - 1, public, public + 75, public + 85)


@dataclass(frozen=True)
class Passwords:
    """What to sign in with. Kept in a file that only its owner can read."""

    admin: str
    tenant: str


@dataclass(frozen=True)
class CloudDescription:
    """A running development cloud."""

    fabric: FabricChoice
    reason: str | None
    """Why the fabric is simulated although nobody asked for that."""
    hosts: int
    accelerator: str
    public_url: str
    admin_url: str
    tenant_portal_url: str
    admin_portal_url: str
    passwords: Passwords
    machines: Sequence[VirtualMachineView]
    """The tenant's, when one was settled."""


class DevelopmentCloud:
    """The cloud in one directory."""

    def __init__(self, directory: Path, host_count: int = 2, ports: Ports | None = None) -> None:
        self.places = Places(directory)
        self._ports = ports or Ports()
        self._host_count = host_count
        self._public_url = f"http://127.0.0.1:{self._ports.public}"
        self._admin_url = f"http://127.0.0.1:{self._ports.admin}"
        self._server = ServerProcess(self.places, self._public_url)

    @cached_property
    def _fabric(self) -> DevelopmentFabric:
        # Not made before it is needed: it refuses directories with long paths, in which simulated hosts live well.
        return DevelopmentFabric(self.places.fabric, self._host_count)

    def up(
        self,
        choice: FabricChoice = FabricChoice.AUTO,
        images: Sequence[str] = ("tiny",),
        report: Report = silent,
        *,
        tenant: bool = True,
    ) -> CloudDescription:
        """Bring everything up that is not, and return what there is.

        Args:
            choice: which fabric.
            images: which guest images to offer; built when they are not cached.
            report: told about every step.
            tenant: whether to settle a tenant with two machines.

        Raises:
            FabricNotPossible: real hosts were asked for and this machine cannot carry them.
            DaemonFailed, CommandFailed, ImageFailed: a part did not start or could not be built.
        """
        progress = Progress(report)
        self.places.directory.mkdir(parents=True, exist_ok=True)
        self.places.directory.chmod(0o700)
        fabric, reason = self._choose(choice, images)
        passwords = self._passwords()
        if fabric is FabricChoice.KVM:
            layout = self._fabric.up(report)
            files = [self._offer(name, build(name, self.places.images, report)) for name in images]
            usable = _real(layout)
        else:
            empty = write_simulated_image(self.places.images / "simulated.qcow2")
            files = [self._offer(name, empty) for name in images]
            usable = _simulated(self._host_count)
        with progress.step("Start the server"):
            self._server.start(self._settings(passwords))
        with self.administrator(passwords) as admin:
            furnishing = Furnishing(admin, progress)
            furnishing.furnish(usable, files)
            ours = {host.name for host in usable.hosts}
            hosts = [host for host in furnishing.hosts() if host.name in ours]
        machines = self._settle(passwords, progress) if tenant else []
        accelerators = {str(host.accelerator) for host in hosts} if fabric is FabricChoice.KVM else {"none"}
        return CloudDescription(
            fabric,
            reason,
            len(hosts),
            "/".join(sorted(accelerators)),
            self._public_url,
            self._admin_url,
            f"http://127.0.0.1:{self._ports.tenant_portal}",
            f"http://127.0.0.1:{self._ports.admin_portal}",
            passwords,
            machines,
        )

    def down(self, *, purge: bool = False, report: Report = silent) -> list[str]:
        """Take everything down; returns what was removed, in words. Images stay for the next time unless `purge`."""
        progress = Progress(report)
        removed: list[str] = []
        with progress.step("Stop the server"):
            if self._server.stop():
                removed.append("the server")
        if self.places.fabric.exists():
            removed += self._fabric.down(purge=True, report=report)
        worlds = self.places.directory.glob(f"{self.places.simulated_world.name}*")
        left = [path for path in (*self.places.made_by_the_cloud, *worlds) if path.exists()]
        for path in left:
            _remove(path)
        removed += [f"the file or directory {path.name}" for path in left]
        if purge:
            _remove(self.places.directory)
        return removed

    def administrator(self, passwords: Passwords | None = None) -> Zaffre:
        """Return a client that is signed in as the administrator. Whoever calls this closes it."""
        with ExitStack() as unless_signed_in:
            client = Zaffre(self._public_url, admin_url=self._admin_url, credentials=Credentials())
            unless_signed_in.enter_context(client)
            client.sessions.sign_in(ADMIN_EMAIL, (passwords or self._passwords()).admin)
            unless_signed_in.pop_all()
        return client

    def _settle(self, passwords: Passwords, progress: Progress) -> list[VirtualMachineView]:
        with progress.step(f"Settle the tenant {TENANT_EMAIL}"):
            private_key, public_key = new_key_pair()
            tenant = settle_in(self._public_url, TENANT_EMAIL, passwords.tenant, public_key)
        with tenant.client, progress.step("Wait until its two virtual machines are up"):
            if not self.places.tenant_key.exists():
                self.places.tenant_key.touch(mode=0o600)
                self.places.tenant_key.write_text(private_key)
            machines = tenant.find_or_create(MACHINES)
            return [
                tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, 120)
                for machine in machines
            ]

    def _choose(self, choice: FabricChoice, images: Sequence[str]) -> tuple[FabricChoice, str | None]:
        if choice is FabricChoice.SIMULATED:
            return choice, None
        obstacles = [check_fabric().sentence, *(check_image(name).sentence for name in images)]
        reason = " ".join(obstacle for obstacle in obstacles if obstacle)
        if not reason:
            return FabricChoice.KVM, None
        if choice is FabricChoice.KVM:
            raise FabricNotPossible(reason, remedy="Install what is missing, or use --fabric simulated.")
        return FabricChoice.SIMULATED, reason

    def _passwords(self) -> Passwords:
        file = self.places.credentials
        if file.exists():
            return Passwords(**json.loads(file.read_text()))
        passwords = Passwords(secrets.token_urlsafe(12), secrets.token_urlsafe(12))
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(passwords)))
        return passwords

    def _settings(self, passwords: Passwords) -> dict[str, SettingValue]:
        return {
            "state_directory": str(self.places.server),
            "api.admin_port": self._ports.admin,
            "api.tenant_port": self._ports.tenant,
            "api.public_port": self._ports.public,
            "portal.tenant_port": self._ports.tenant_portal,
            "portal.admin_port": self._ports.admin_portal,
            "identity.bootstrap_admin_email": ADMIN_EMAIL,
            "identity.bootstrap_admin_password": passwords.admin,
            "fabric.simulated_world": str(self.places.simulated_world),
            "identity.verified_email_to_subscribe": False,
            "mail.directory": str(self.places.mail),
            "library.import_directories": [str(self.places.images)],
        }

    @staticmethod
    def _offer(name: str, file: Path) -> ImageToOffer:
        image = IMAGES[name]
        return ImageToOffer(
            name, image.title, image.default_user, image.minimum_memory_mib, image.minimum_disk_gib, file
        )


def _real(layout: FabricLayout) -> FabricToUse:
    hosts = [
        NewHostBody(
            stamp_id=NO_STAMP,
            name=host.name,
            driver="libvirt",
            uri=host.uri,
            pool_path=host.pool_path,
            integration_bridge=host.integration_bridge,
            provider_address=host.provider_address,
            migration_uri=f"qemu+tcp://{host.name}/system",
        )
        for host in layout.hosts
    ]
    return FabricToUse(hosts, "ovn", f"nb={layout.northbound};sb={layout.southbound}", layout.underlay_mtu)


def _simulated(count: int) -> FabricToUse:
    hosts = [
        NewHostBody(
            stamp_id=NO_STAMP,
            name=f"host-{number}",
            driver="simulated",
            uri=f"simulated:///host-{number}{SIMULATED_HOST}",
            pool_path="/pool",
        )
        for number in range(1, count + 1)
    ]
    return FabricToUse(hosts, "simulated", "plane", 1500)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
