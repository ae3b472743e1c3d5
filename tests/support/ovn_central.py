"""A private OVN central, and if root allows a host on it, for tests.

Every server is a child that the kernel ends when the test process dies, however it dies; a directory under /tmp
holds sockets and databases, with a short path because unix sockets allow 107 bytes.
"""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE_S = 20.0
SCHEMAS = Path("/usr/share/ovn")
OVS_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
CENTRAL_PROGRAMS = (
    "ovsdb-server",
    "ovsdb-tool",
    "ovsdb-client",
    "ovs-appctl",
    "ovn-northd",
    "ovn-nbctl",
    "ovn-sbctl",
    "ovn-trace",
    "setpriv",
)
HOST_PROGRAMS = ("ovs-vswitchd", "ovs-vsctl", "ovn-controller", "ip")
_host_numbers = itertools.count(1)


def missing_programs(programs: tuple[str, ...] = CENTRAL_PROGRAMS) -> list[str]:
    """Return which programs are not installed."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [program for program in programs if shutil.which(program, path=search) is None]


def run(*arguments: str, **environment: str) -> str:
    """Run a program and return what it prints."""
    done = subprocess.run(
        arguments, check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
    return done.stdout


class Processes:
    """Servers that end with this object, or with the test process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str, **environment: str) -> None:
        with (self._directory / f"{name}.out").open("ab") as output:
            self._children[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
            )

    def send(self, name: str, number: signal.Signals) -> None:
        self._children[name].send_signal(number)

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        child = self._children.pop(name, None)
        if child is None:
            return
        child.send_signal(signal.SIGCONT)
        child.send_signal(number)
        try:
            child.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def end_all(self) -> None:
        for name in reversed(list(self._children)):
            self.end(name)


class OvnCentral:
    """The two databases and northd. `northbound_schema` replaces the schema of the northbound database."""

    def __init__(self, northbound_schema: Path = SCHEMAS / "ovn-nb.ovsschema") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="zo", dir="/tmp"))
        self.processes = Processes(self.directory)
        try:
            for database, schema in (("nb", northbound_schema), ("sb", SCHEMAS / "ovn-sb.ovsschema")):
                run("ovsdb-tool", "create", str(self.directory / f"{database}.db"), str(schema))
                self.start_database(database)
            self.nbctl("init")
            self.sbctl("init")
            self.processes.start(
                "northd",
                "ovn-northd",
                f"--ovnnb-db={self.remote('nb')}",
                f"--ovnsb-db={self.remote('sb')}",
                f"--unixctl={self.directory}/northd.ctl",
                "-vconsole:off",
            )
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        return f"nb={self.remote('nb')};sb={self.remote('sb')}"

    def remote(self, database: str) -> str:
        return f"unix:{self.directory}/{database}.sock"

    def start_database(self, database: str, *options: str) -> None:
        """Start the database server `nb` or `sb`."""
        self.processes.start(
            database,
            "ovsdb-server",
            f"{self.directory}/{database}.db",
            f"--remote=punix:{self.directory}/{database}.sock",
            f"--unixctl={self.directory}/{database}.ctl",
            "-vconsole:off",
            *options,
        )
        wait_for_socket(self.directory / f"{database}.sock")

    def stop_database(self, database: str) -> None:
        """End a database server the hard way."""
        self.processes.end(database, signal.SIGKILL)
        (self.directory / f"{database}.sock").unlink(missing_ok=True)

    def serve_tls(self, private_key: Path, certificate: Path, ca_certificate: Path) -> int:
        """Have the northbound database listen on TLS too, and ask for certificates; returns the port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self.stop_database("nb")
        self.start_database(
            "nb",
            f"--remote=pssl:{port}:127.0.0.1",
            f"--private-key={private_key}",
            f"--certificate={certificate}",
            f"--ca-cert={ca_certificate}",
        )
        return port

    def nbctl(self, *arguments: str) -> str:
        return run("ovn-nbctl", f"--db={self.remote('nb')}", "--no-leader-only", *arguments)

    def sbctl(self, *arguments: str) -> str:
        return run("ovn-sbctl", f"--db={self.remote('sb')}", "--no-leader-only", *arguments)

    def find(self, table: str, *conditions: str) -> list[str]:
        """Return the database ids of the northbound rows that meet the conditions."""
        return self.nbctl("--bare", "--columns=_uuid", "find", table, *conditions).split()

    def settle(self) -> None:
        """Wait until northd has taken in everything."""
        self.nbctl("--wait=sb", f"--timeout={PATIENCE_S:.0f}", "sync")

    def trace(self, switch: str, flow: str) -> str:
        """Return what happens to a packet, in short."""
        return run("ovn-trace", f"--db={self.remote('sb')}", "--no-leader-only", "--minimal", switch, flow)

    def stop(self) -> None:
        self.processes.end_all()
        shutil.rmtree(self.directory, ignore_errors=True)


class OvnHost:
    """A host with its own Open vSwitch in a network namespace, without any kernel module. Needs root."""

    def __init__(self, central: OvnCentral) -> None:
        self.name = f"host-{next(_host_numbers)}"
        self._namespace = f"zo-{os.getpid()}-{self.name}"
        self._directory = central.directory / self.name
        self._directory.mkdir()
        self._processes = Processes(self._directory)
        self._environment = dict.fromkeys(
            ("OVS_RUNDIR", "OVN_RUNDIR", "OVS_LOGDIR", "OVN_LOGDIR", "OVS_DBDIR"), str(self._directory)
        )
        self._interfaces: dict[str, str] = {}
        run("ip", "netns", "add", self._namespace)
        try:
            self._start(central)
        except BaseException:
            self.stop()
            raise

    @property
    def _remote(self) -> str:
        return f"unix:{self._directory}/db.sock"

    def _start(self, central: OvnCentral) -> None:
        database = f"{self._directory}/conf.db"
        run("ovsdb-tool", "create", database, str(OVS_SCHEMA))
        self._spawn("ovsdb", "ovsdb-server", database, f"--remote=p{self._remote}", "-vconsole:off")
        wait_for_socket(self._directory / "db.sock")
        self._vsctl("--no-wait", "init")
        self._spawn("vswitchd", "ovs-vswitchd", self._remote, "--disable-system", "-vconsole:off")
        settings = {
            "system-id": self.name,
            "ovn-remote": central.remote("sb"),
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": "127.0.0.1",
            "ovn-bridge-datapath-type": "netdev",
        }
        self._vsctl("set", "open", ".", *(f"external-ids:{key}={value}" for key, value in settings.items()))
        self._vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev", "fail-mode=secure")
        self._spawn("controller", "ovn-controller", self._remote, "-vconsole:off")

    def plug(self, port_id: str) -> None:
        """Give the host an interface for a port."""
        interface = self._interfaces[port_id] = f"vif{len(self._interfaces)}"
        self._vsctl(
            "add-port", "br-int", interface, "--", "set", "interface", interface, "type=internal",
            f"external_ids:iface-id={port_id}",
        )  # fmt: skip

    def unplug(self, port_id: str) -> None:
        """Take the interface away."""
        self._vsctl("del-port", "br-int", self._interfaces[port_id])

    def stop(self) -> None:
        self._processes.end_all()
        with contextlib.suppress(AssertionError):
            run("ip", "netns", "del", self._namespace)

    def _spawn(self, name: str, *arguments: str) -> None:
        self._processes.start(name, "ip", "netns", "exec", self._namespace, *arguments, **self._environment)

    def _vsctl(self, *arguments: str) -> None:
        run("ovs-vsctl", f"--db={self._remote}", f"--timeout={PATIENCE_S:.0f}", *arguments, **self._environment)


class PretendedHost:
    """A host without any switch: its bindings are written into the southbound database. For tests without root."""

    def __init__(self, central: OvnCentral) -> None:
        self.name = f"host-{next(_host_numbers)}"
        self._central = central
        central.sbctl("chassis-add", self.name, "geneve", "127.0.0.1")
        central.sbctl("set", "chassis", self.name, f"hostname={self.name}")

    def plug(self, port_id: str) -> None:
        self._central.settle()
        self._central.sbctl("lsp-bind", port_id, self.name)

    def unplug(self, port_id: str) -> None:
        self._central.sbctl("lsp-unbind", port_id)

    def stop(self) -> None:
        """There is nothing to stop."""


class NorthboundCluster:
    """Three northbound database servers that elect a leader among themselves."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="zo", dir="/tmp"))
        self.processes = Processes(self.directory)
        self._members = ("a", "b", "c")
        try:
            self._create()
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        return ",".join(self._remote(member) for member in self._members)

    def leader(self) -> str:
        """Return the member that leads now, waiting for one to be elected."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for member in self._members:
                with contextlib.suppress(AssertionError):
                    if "Role: leader" in self._appctl(member, "cluster/status", "OVN_Northbound"):
                        return member
            assert time.monotonic() < deadline, "the cluster has no leader"
            time.sleep(0.05)

    def kill(self, member: str) -> None:
        self.processes.end(member, signal.SIGKILL)

    def stop(self) -> None:
        self.processes.end_all()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _create(self) -> None:
        first = f"unix:{self.directory}/a.raft"
        for member in self._members:
            database, own = f"{self.directory}/{member}.db", f"unix:{self.directory}/{member}.raft"
            if member == "a":
                run("ovsdb-tool", "create-cluster", database, str(SCHEMAS / "ovn-nb.ovsschema"), own)
            else:
                run("ovsdb-tool", "join-cluster", database, "OVN_Northbound", own, first)
            self.processes.start(
                member,
                "ovsdb-server",
                database,
                f"--remote=punix:{self.directory}/{member}.sock",
                f"--unixctl={self.directory}/{member}.ctl",
                "-vconsole:off",
            )
            wait_for_socket(self.directory / f"{member}.sock")
            run(
                "ovsdb-client",
                f"--timeout={PATIENCE_S:.0f}",
                "wait",
                self._remote(member),
                "OVN_Northbound",
                "connected",
            )
        run("ovn-nbctl", f"--db={self.address}", f"--timeout={PATIENCE_S:.0f}", "init")

    def _remote(self, member: str) -> str:
        return f"unix:{self.directory}/{member}.sock"

    def _appctl(self, member: str, *arguments: str) -> str:
        return run("ovs-appctl", f"--target={self.directory}/{member}.ctl", *arguments)


def wait_for_socket(path: Path) -> None:
    """Wait until somebody listens on a unix socket."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                assert time.monotonic() < deadline, f"nobody listens on {path}"
            else:
                return
        time.sleep(0.005)
