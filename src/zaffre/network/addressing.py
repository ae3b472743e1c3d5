"""Address arithmetic: what a subnet can hold, as pure functions."""

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from zaffre.foundation.errors import InvalidInput

SHORTEST_PREFIX = 8
LONGEST_PREFIX = 29
GENEVE_OVERHEAD_BYTES = 58
"""Of a Geneve tunnel over IPv4 with OVN's metadata option; guests may send that much less than the underlay carries."""
FIRST_VSID = 4096
LAST_VSID = 16_777_214
"""Lower and higher VSIDs are reserved (RFC 7637 section 4 and the Hyper-V network virtualization range)."""
REFUSED_RANGES = tuple(
    IPv4Network(cidr) for cidr in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
)
FIRST_HOST = 2
"""Host number 0 is the subnet itself and 1 its gateway."""


@dataclass(frozen=True)
class SubnetRange:
    """A subnet's address range. Addresses are numbered from 0, the network address."""

    network: IPv4Network

    @classmethod
    def parse(cls, cidr: str) -> "SubnetRange":
        """Read a subnet in CIDR notation.

        Raises:
            InvalidInput: it is not one, has bits set after the prefix, or cannot be used for guests.
        """
        try:
            network = IPv4Network(cidr)
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            raise _refusal(cidr, str(error)) from None
        if not SHORTEST_PREFIX <= network.prefixlen <= LONGEST_PREFIX:
            raise _refusal(cidr, f"the prefix must be between /{SHORTEST_PREFIX} and /{LONGEST_PREFIX}")
        for refused in REFUSED_RANGES:
            if network.overlaps(refused):
                raise _refusal(cidr, f"{refused} has a meaning of its own on every network")
        return cls(network)

    @property
    def gateway(self) -> str:
        """The network's own address in the subnet."""
        return self.address(1)

    @property
    def last_host(self) -> int:
        """Number of the last address a guest can have; the one after it is the broadcast address."""
        return self.network.num_addresses - 2

    @property
    def capacity(self) -> int:
        """How many guests fit."""
        return self.last_host - FIRST_HOST + 1

    def address(self, host: int) -> str:
        """Return the address with a number."""
        return str(self.network.network_address + host)

    def host(self, address: str) -> int | None:
        """Return an address' number; None when a guest of this subnet cannot have it."""
        try:
            parsed = IPv4Address(address)
        except AddressValueError:
            return None
        host = int(parsed) - int(self.network.network_address)
        return host if FIRST_HOST <= host <= self.last_host else None

    def overlaps(self, other: "SubnetRange") -> bool:
        """Tell whether the two have an address in common."""
        return self.network.overlaps(other.network)


def mac_text(number: int) -> str:
    """Write a MAC address the usual way."""
    return ":".join(f"{number >> shift & 0xFF:02x}" for shift in range(40, -8, -8))


def mac_number(text: str) -> int:
    """Read a MAC address."""
    return int(text.replace(":", ""), 16)


def gateway_mac(vsid: int) -> str:
    """Return the MAC address of a subnet's gateway: locally administered and different for each VSID."""
    return mac_text(0x0A_00_00 << 24 | vsid)


def _refusal(cidr: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{cidr[:50]!r} cannot be a subnet: {reason}.",
        remedy="Give an IPv4 network such as 10.0.0.0/24.",
        target="cidr",
    )
