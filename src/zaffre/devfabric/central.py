"""OVN central and the underlay: what all hosts of a fabric share.

One namespace holds the bridge that the hosts' cables plug into, the northbound and southbound databases and
ovn-northd. The databases listen on unix sockets, which reach across network namespaces.
"""

from zaffre.devfabric import namespaces
from zaffre.devfabric.commands import Commands
from zaffre.devfabric.daemons import Daemon, ensure_running
from zaffre.devfabric.databases import ensure_database
from zaffre.devfabric.plan import UNDERLAY_MTU, FabricPlan
from zaffre.devfabric.processes import Process
from zaffre.devfabric.rooms import Room

BRIDGE = "underlay"
_SYNC_TIMEOUT_S = 30


class Central:
    """The shared part of one fabric."""

    def __init__(self, plan: FabricPlan, commands: Commands) -> None:
        self._run = commands.run
        self._commands = commands
        self._plan = plan
        self._directory = plan.central_directory
        self._room = Room(plan.underlay_namespace)

    def lay_underlay(self) -> None:
        """Create the namespace with the underlay's bridge."""
        namespaces.create(self._commands, self._room.namespace)
        address = ["ip", "-n", self._room.namespace, "link"]
        self._run(*address, "add", BRIDGE, "mtu", str(UNDERLAY_MTU), "type", "bridge")
        self._run(*address, "set", BRIDGE, "up")

    def daemons(self) -> tuple[Daemon, ...]:
        """Return the central daemons in the order in which they can be started."""
        return (self._database_server("nb"), self._database_server("sb"), self._northd())

    def ensure(self, processes: list[Process]) -> list[Daemon]:
        """Make OVN central run; return the daemons that had to be started."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        for kind in ("nb", "sb"):
            ensure_database(self._commands, self._directory / f"{kind}.db", f"/usr/share/ovn/ovn-{kind}.ovsschema")
        started = ensure_running(self.daemons()[:2], processes)
        self._run("ovn-nbctl", f"--db={self._plan.northbound}", "init")
        self._run("ovn-sbctl", f"--db={self._plan.southbound}", "init")
        return started + ensure_running(self.daemons()[2:], processes)

    def await_hosts(self) -> None:
        """Wait until every host has registered as a chassis and has applied what the databases say.

        Raises:
            CommandFailed: they did not within 30 s.
        """
        timeout, margin_s = f"--timeout={_SYNC_TIMEOUT_S}", _SYNC_TIMEOUT_S + 5.0
        for host in self._plan.hosts:
            southbound = ["ovn-sbctl", f"--db={self._plan.southbound}", timeout]
            self._run(*southbound, "wait-until", "chassis", host.name, f"hostname={host.name}", timeout_s=margin_s)
        northbound = ["ovn-nbctl", f"--db={self._plan.northbound}", timeout]
        self._run(*northbound, "--wait=hv", "sync", timeout_s=margin_s)

    def _database_server(self, kind: str) -> Daemon:
        database = str(self._directory / f"{kind}.db")
        return self._daemon(
            f"ovn-{kind}", database, "ovsdb-server", database, f"--remote=punix:{self._directory}/{kind}.sock"
        )

    def _northd(self) -> Daemon:
        northbound = f"--ovnnb-db={self._plan.northbound}"
        southbound = f"--ovnsb-db={self._plan.southbound}"
        return self._daemon("ovn-northd", northbound, "ovn-northd", northbound, southbound)

    def _daemon(self, name: str, token: str, *arguments: str) -> Daemon:
        stem = self._directory / name
        common = ("--detach", f"--pidfile={stem}.pid", f"--log-file={stem}.log", f"--unixctl={stem}.ctl")
        return Daemon(
            fabric_directory=self._plan.directory,
            name=name,
            room=self._room,
            arguments=(*arguments, *common),
            token=token,
            output_path=self._directory / f"{name}.out",
        )
