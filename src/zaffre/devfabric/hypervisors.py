"""A host's hypervisor: libvirtd, and virtlogd which keeps guests' serial logs from growing without bound.

Both see private versions of /run, /etc/libvirt, /var/lib/libvirt, /var/cache and /var/log, so they meet neither the
machine's own libvirt nor its system bus.
"""

import shutil
from pathlib import Path

from zaffre.devfabric.commands import SYSTEM_PATH, Commands
from zaffre.devfabric.daemons import Daemon, ensure_running
from zaffre.devfabric.plan import FabricPlan, HostPlan
from zaffre.devfabric.processes import Process
from zaffre.devfabric.rooms import host_room

_LIBVIRTD = """\
host_uuid = "{uuid}"
unix_sock_rw_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
# Migrations between hosts of this fabric; the address exists only inside the host's network namespace.
listen_tls = 0
listen_tcp = 1
listen_addr = "{address}"
auth_tcp = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""

_QEMU = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
# Guests already run in the host's own mount namespace; one more each would only cost time.
namespaces = []
stdio_handler = "logd"
"""

_VIRTLOGD = """\
max_size = 2097152
max_backups = 1
"""

_EMULATOR = "qemu-system-x86_64"

# libvirt finds this program before QEMU's own. The directory is the one of libvirt's that Debian's AppArmor profile
# lets libvirtd run programs from, and is called the same on every host, as migration between hosts needs.
_EMULATOR_DIRECTORY = "/etc/libvirt/hooks"

# A guest may leave checksums and segmentation to its network card, which leaves them to whoever takes the frames. Open
# vSwitch's userspace datapath forwards such frames unfinished and receivers drop them. So cards here offer neither.
_EMULATOR_SCRIPT = """\
#!/bin/sh
exec {program} "$@" {globals}
"""
_NOT_OFFERED = ("csum", "gso", "host_tso4", "host_tso6", "host_ecn", "host_ufo")


class HypervisorDaemons:
    """libvirt on one host."""

    def __init__(self, fabric: FabricPlan, host: HostPlan, commands: Commands) -> None:
        self._run = commands.run
        self._fabric = fabric
        self._host = host

    def daemons(self) -> tuple[Daemon, ...]:
        """Return the daemons in the order in which they can be started."""
        return (
            self._daemon("virtlogd", "--daemon"),
            self._daemon("libvirtd", "--daemon", "--listen", adopt_orphans=True),
        )

    def ensure(self, processes: list[Process]) -> list[Daemon]:
        """Make libvirt run; return the daemons that had to be started.

        Raises:
            CommandFailed: libvirtd does not answer.
        """
        self._configure()
        started = ensure_running(self.daemons(), processes)
        self._run("virsh", "--connect", self._host.layout().uri, "hostname")
        return started

    def _configure(self) -> None:
        directory = self._host.configuration_directory
        settings = _LIBVIRTD.format(uuid=self._host.uuid, address=self._host.provider_address)
        (directory / "libvirtd.conf").write_text(settings)
        (directory / "qemu.conf").write_text(_QEMU)
        (directory / "virtlogd.conf").write_text(_VIRTLOGD)
        self._wrap_emulator(directory / Path(_EMULATOR_DIRECTORY).name)

    def _wrap_emulator(self, directory: Path) -> None:
        """Write the program that starts QEMU. When it changes libvirt probes it again, so it is left alone if right."""
        options = " ".join(f"-global virtio-net-pci.{feature}=off" for feature in _NOT_OFFERED)
        script = _EMULATOR_SCRIPT.format(program=shutil.which(_EMULATOR, path=SYSTEM_PATH), globals=options)
        path = directory / _EMULATOR
        if not path.exists() or path.read_text() != script:
            directory.mkdir(exist_ok=True)
            path.write_text(script)
            path.chmod(0o755)

    def _daemon(self, program: str, token: str, *more: str, adopt_orphans: bool = False) -> Daemon:
        return Daemon(
            fabric_directory=self._fabric.directory,
            name=f"{program} of {self._host.name}",
            room=host_room(self._host),
            arguments=(program, token, *more),
            token=token,
            output_path=self._host.directory / f"{program}.out",
            adopt_orphans=adopt_orphans,
            path=f"{_EMULATOR_DIRECTORY}:{SYSTEM_PATH}",
        )
