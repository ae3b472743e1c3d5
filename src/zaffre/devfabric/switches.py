"""A host's virtual switch: Open vSwitch with its userspace datapath, and OVN's controller for it.

The userspace datapath (`datapath_type=netdev`) needs no kernel module, only /dev/net/tun. Bridge `br-phy` carries the
host's provider address and the cable to the underlay; `br-int` is the integration bridge that OVN programs and guests
are plugged into.
"""

from zaffre.devfabric import namespaces
from zaffre.devfabric.central import BRIDGE
from zaffre.devfabric.commands import Commands
from zaffre.devfabric.daemons import Daemon, ensure_running
from zaffre.devfabric.databases import ensure_database
from zaffre.devfabric.plan import UNDERLAY_MTU, FabricPlan, HostPlan
from zaffre.devfabric.processes import Process
from zaffre.devfabric.rooms import Room, host_room

_CABLE = "phy0"
_DATABASE_SOCKET = "unix:/run/openvswitch/db.sock"
_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Switch:
    """The virtual switch of one host."""

    def __init__(self, fabric: FabricPlan, host: HostPlan, commands: Commands) -> None:
        self._run = commands.run
        self._commands = commands
        self._fabric = fabric
        self._host = host
        self._database = host.switch_directory / "conf.db"

    def lay_cable(self) -> None:
        """Create the host's namespace and its cable to the underlay."""
        underlay, host = self._fabric.underlay_namespace, self._host
        namespaces.create(self._commands, host.namespace)
        mtu = ("mtu", str(UNDERLAY_MTU))
        far_end = ("name", _CABLE, *mtu, "netns", host.namespace)
        self._run("ip", "-n", underlay, "link", "add", host.uplink, *mtu, "type", "veth", "peer", *far_end)
        # Checksums that the kernel left to a network card would never be filled in on the way through userspace.
        for namespace, device in ((underlay, host.uplink), (host.namespace, _CABLE)):
            offload = ["ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off"]
            self._run(*Room(namespace).enter(offload))
        self._run("ip", "-n", underlay, "link", "set", host.uplink, "master", BRIDGE, "up")
        self._run("ip", "-n", host.namespace, "link", "set", _CABLE, "up")

    def daemons(self) -> tuple[Daemon, ...]:
        """Return the switch's daemons in the order in which they can be started."""
        return (
            self._daemon("ovsdb-server", str(self._database), f"--remote=p{_DATABASE_SOCKET}"),
            self._daemon("ovs-vswitchd", _DATABASE_SOCKET),
            self._daemon("ovn-controller", _DATABASE_SOCKET),
        )

    def ensure(self, processes: list[Process]) -> list[Daemon]:
        """Make the switch run and know its bridges; return the daemons that had to be started."""
        ensure_database(self._commands, self._database, _SCHEMA)
        database, forwarder, controller = self.daemons()
        started = ensure_running([database], processes)
        self._configure("--no-wait", "init")
        self._configure("--no-wait", "set", "open_vswitch", ".", *self._settings())
        started += ensure_running([forwarder], processes)
        self._make_bridges()
        self._address_underlay()
        return started + ensure_running([controller], processes)

    def _settings(self) -> list[str]:
        """Return what ovn-controller reads from the local database (ovn-controller(8))."""
        values = {
            "system-id": self._host.name,
            "hostname": self._host.name,
            "ovn-remote": self._fabric.southbound,
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": self._host.provider_address,
            "ovn-encap-csum": "false",
            "ovn-bridge-datapath-type": "netdev",
            "ovn-monitor-all": "true",
        }
        return [f"external-ids:{name}={_quoted(value)}" for name, value in values.items()]

    def _make_bridges(self) -> None:
        physical = ["set", "bridge", "br-phy", "datapath_type=netdev", "fail-mode=standalone"]
        integration = ["set", "bridge", "br-int", "datapath_type=netdev", "fail-mode=secure"]
        self._configure(
            *["--may-exist", "add-br", "br-phy", "--", *physical],
            *["--", "--may-exist", "add-port", "br-phy", _CABLE],
            *["--", "--may-exist", "add-br", "br-int", "--", *integration, "other-config:disable-in-band=true"],
        )

    def _address_underlay(self) -> None:
        address = f"{self._host.provider_address}/24"
        self._run("ip", "-n", self._host.namespace, "address", "replace", address, "dev", "br-phy")
        self._run("ip", "-n", self._host.namespace, "link", "set", "br-phy", "up")

    def _configure(self, *arguments: str) -> None:
        self._run("ovs-vsctl", f"--db={self._host.switch_database}", "--timeout=15", *arguments)

    def _daemon(self, program: str, token: str, *more: str) -> Daemon:
        run_directory = "/run/ovn" if program == "ovn-controller" else "/run/openvswitch"
        log_path = f"/var/log/openvswitch/{program}.log"
        common = ("--detach", f"--pidfile={run_directory}/{program}.pid", f"--log-file={log_path}")
        return Daemon(
            fabric_directory=self._fabric.directory,
            name=f"{program} of {self._host.name}",
            room=host_room(self._host),
            arguments=(program, token, *more, *common),
            token=token,
            output_path=self._host.directory / f"{program}.out",
        )


def _quoted(value: str) -> str:
    return f'"{value}"'
