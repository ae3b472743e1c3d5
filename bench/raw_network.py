"""A virtual network made with OVN's own tool, for guests that Zaffre did not make."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

SWITCH = "bench"
CIDR = IPv4Network("10.99.0.0/16")
GATEWAY = next(CIDR.hosts())
_DHCP = {
    "lease_time": "3600",
    "mtu": "1442",
    "router": GATEWAY,
    "server_id": GATEWAY,
    "server_mac": "52:54:00:00:00:01",
}


@dataclass(frozen=True)
class RawPort:
    """A port of the raw network: its name, which a guest's interface carries, and its MAC address."""

    id: str
    mac: str


class RawNetwork:
    """A logical switch with DHCP, as a tenant's subnet is, without any mark of Zaffre's."""

    def __init__(self, northbound: str) -> None:
        self._northbound = northbound
        self._run("ls-add", SWITCH)
        options = ",".join(f'"{key}"="{value}"' for key, value in _DHCP.items())
        self._dhcp = self._run("create", "DHCP_Options", f"cidr={CIDR}", f"options={options}")
        self._next = 10

    def add(self, ports: Sequence[RawPort]) -> None:
        """Add ports, all in one transaction, and wait until every host knows them."""
        commands: list[str] = []
        for port in ports:
            address = CIDR[self._next]
            self._next += 1
            commands += ["--", "lsp-add", SWITCH, port.id]
            commands += ["--", "lsp-set-addresses", port.id, f"{port.mac} {address}"]
            commands += ["--", "lsp-set-port-security", port.id, f"{port.mac} {address}"]
            commands += ["--", "lsp-set-dhcpv4-options", port.id, self._dhcp]
        self._run("--wait=hv", *commands[1:])

    def remove(self, ports: Sequence[RawPort]) -> None:
        """Remove ports."""
        commands: list[str] = []
        for port in ports:
            commands += ["--", "--if-exists", "lsp-del", port.id]
        self._run(*commands[1:])

    def close(self) -> None:
        """Remove the network."""
        self._run("ls-del", SWITCH, "--", "destroy", "DHCP_Options", self._dhcp)

    def _run(self, *command: str) -> str:
        program = ["ovn-nbctl", f"--db={self._northbound}", "--timeout=60"]
        answer = subprocess.run([*program, *command], check=True, capture_output=True, text=True)
        return answer.stdout.strip()
