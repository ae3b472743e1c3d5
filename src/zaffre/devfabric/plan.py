"""The plan of a developer fabric: every name and path, derived from its directory alone.

Nothing here touches the machine. Because all names follow from the directory, a fabric can be found and removed
without any record of it, and two fabrics in two directories never share a name.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from zaffre.devfabric.errors import DirectoryUnfit
from zaffre.devfabric.layout import FabricLayout, HostLayout

MAXIMUM_HOSTS = 32
UNDERLAY_MTU = 1500
MARK = "ZAFFRE_DEVELOPMENT_FABRIC"
"""Environment variable that every program of a fabric carries; its value is the fabric's directory."""

_SOCKET_PATH_LIMIT = 107
"""Bytes in a unix socket's path, from `sockaddr_un` less the closing zero (unix(7))."""

_HIDDEN = ("/run", "/var/run", "/var/cache", "/var/log", "/var/lib/libvirt", "/etc/libvirt", "/sys", "/proc", "/dev")
"""Directories that hosts see a private version of, so that nothing in them can be shared with a host."""

_OWN_ENTRIES = frozenset({"c", "fabric.json", "fabric.new", "first", "hosts", "lock"})

_HOST_UUIDS = UUID("6a1d7c52-0a4e-4c0f-9c9b-6f7d8f0c2b11")


@dataclass(frozen=True)
class HostPlan:
    """Names and paths of one host. `number` counts from 1."""

    fabric_directory: Path
    tag: str
    number: int

    @property
    def name(self) -> str:
        """The host's name, hostname and chassis name."""
        return f"host-{self.number}"

    @property
    def namespace(self) -> str:
        """The network namespace that is the host."""
        return f"zf-{self.tag}-h{self.number}"

    @property
    def uplink(self) -> str:
        """The underlay's end of the cable to this host; it exists only inside the underlay's namespace."""
        return f"u{self.number}"

    @property
    def provider_address(self) -> str:
        """The host's address on the underlay."""
        return f"172.31.0.{self.number}"

    @property
    def uuid(self) -> str:
        """The host's UUID for libvirt, which refuses to migrate between two hosts that have the same."""
        return str(uuid5(_HOST_UUIDS, f"{self.fabric_directory}/{self.number}"))

    @property
    def directory(self) -> Path:
        """Everything of this host."""
        return self.fabric_directory / f"h{self.number}"

    @property
    def run_directory(self) -> Path:
        """The host's /run."""
        return self.directory / "run"

    @property
    def log_directory(self) -> Path:
        """The host's /var/log."""
        return self.directory / "log"

    @property
    def switch_directory(self) -> Path:
        """The virtual switch's state, database included: like a /run it is made anew when the host is switched on."""
        return self.run_directory / "openvswitch"

    @property
    def configuration_directory(self) -> Path:
        """The host's /etc/libvirt."""
        return self.directory / "etc"

    @property
    def names_path(self) -> Path:
        """The host's /etc/hosts; the hosts of a fabric share one."""
        return self.fabric_directory / "hosts"

    @property
    def pool_directory(self) -> Path:
        """Directory for guests' volumes."""
        return self.directory / "pool"

    @property
    def libvirt_socket(self) -> Path:
        """Where the host's libvirtd listens, as seen from the machine."""
        return self.run_directory / "libvirt" / "libvirt-sock"

    @property
    def switch_database(self) -> str:
        """OVSDB address of the host's switch, as seen from the machine."""
        return f"unix:{self.switch_directory}/db.sock"

    @property
    def binds(self) -> tuple[tuple[Path, str], ...]:
        """The host's own versions of system directories: (source on the machine, where the host sees it)."""
        return (
            (self.run_directory, "/run"),
            (self.directory / "cache", "/var/cache"),
            (self.log_directory, "/var/log"),
            (self.directory / "lib", "/var/lib/libvirt"),
            (self.configuration_directory, "/etc/libvirt"),
            (self.names_path, "/etc/hosts"),
        )

    def layout(self) -> HostLayout:
        """Return what users of the fabric need to know of this host."""
        return HostLayout(
            name=self.name,
            uri=f"qemu+unix:///system?socket={self.libvirt_socket}",
            pool_path=str(self.pool_directory),
            provider_address=self.provider_address,
            integration_bridge="br-int",
        )


@dataclass(frozen=True)
class FabricPlan:
    """Names and paths of a whole fabric. Make one with `plan_fabric`, which checks that it can work."""

    directory: Path
    host_count: int

    @property
    def tag(self) -> str:
        """Six hexadecimal digits that stand for the directory in names that are limited to 15 characters."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:6]

    @property
    def namespace_prefix(self) -> str:
        """What the names of all namespaces of this fabric begin with."""
        return f"zf-{self.tag}-"

    @property
    def underlay_namespace(self) -> str:
        """The namespace with the underlay's bridge and OVN's central daemons."""
        return f"{self.namespace_prefix}c"

    @property
    def central_directory(self) -> Path:
        """Databases, sockets and logs of OVN central."""
        return self.directory / "c"

    @property
    def image_directory(self) -> Path:
        """Guest images that were built; outlives the fabric."""
        return self.directory / "images"

    @property
    def names_path(self) -> Path:
        """What all hosts see as /etc/hosts."""
        return self.directory / "hosts"

    @property
    def state_path(self) -> Path:
        """The file that says what is up."""
        return self.directory / "fabric.json"

    @property
    def first_path(self) -> Path:
        """A file that is there if nobody had named a network namespace on this machine before this fabric did."""
        return self.directory / "first"

    @property
    def lock_path(self) -> Path:
        """Held while the fabric is being changed."""
        return self.directory / "lock"

    @property
    def northbound(self) -> str:
        """OVSDB address of OVN's northbound database."""
        return f"unix:{self.central_directory}/nb.sock"

    @property
    def southbound(self) -> str:
        """OVSDB address of OVN's southbound database."""
        return f"unix:{self.central_directory}/sb.sock"

    def owns(self, name: str) -> bool:
        """Tell whether an entry of the directory is the fabric's own, and so may be deleted with it.

        Images are not meant: they outlive the fabric.
        """
        return name in _OWN_ENTRIES or re.fullmatch(r"h\d+", name) is not None

    @property
    def hosts(self) -> tuple[HostPlan, ...]:
        """The hosts, in order of their numbers."""
        return tuple(HostPlan(self.directory, self.tag, number) for number in range(1, self.host_count + 1))

    def layout(self) -> FabricLayout:
        """Return what users of the fabric need to know."""
        return FabricLayout(
            hosts=tuple(host.layout() for host in self.hosts),
            northbound=self.northbound,
            southbound=self.southbound,
            underlay_mtu=UNDERLAY_MTU,
        )


def plan_fabric(directory: Path, host_count: int) -> FabricPlan:
    """Plan a fabric of `host_count` hosts in `directory`.

    Raises:
        DirectoryUnfit: the path is too long for unix sockets, or hosts would not see it.
        ValueError: the number of hosts is not between 1 and `MAXIMUM_HOSTS`.
    """
    if not 1 <= host_count <= MAXIMUM_HOSTS:
        raise ValueError(f"a developer fabric has 1 to {MAXIMUM_HOSTS} hosts, not {host_count}")
    plan = FabricPlan(directory.resolve(), host_count)
    _check_visible(plan.directory)
    _check_length(plan)
    return plan


def _check_visible(directory: Path) -> None:
    for hidden in _HIDDEN:
        if directory.is_relative_to(hidden):
            raise DirectoryUnfit(
                f"Hosts of the developer fabric have their own {hidden} and would not see {directory}.",
                remedy="Choose a directory elsewhere, for example below /var/lib/zaffre or /tmp.",
                target=str(directory),
            )


def _check_length(plan: FabricPlan) -> None:
    longest = max(len(str(host.libvirt_socket).encode()) for host in plan.hosts)
    if longest > _SOCKET_PATH_LIMIT:
        raise DirectoryUnfit(
            f"The path {plan.directory} is too long for the unix sockets of its hosts: the longest would have "
            f"{longest} bytes, and {_SOCKET_PATH_LIMIT} is the limit.",
            remedy="Choose a directory with a shorter path.",
            target=str(plan.directory),
        )
