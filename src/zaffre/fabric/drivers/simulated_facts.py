"""What the agents of simulated guests say: made up from what the guests are."""

from ipaddress import IPv6Address

from zaffre.fabric.drivers.guest_facts import GuestFacts, GuestFilesystem, GuestInterface, GuestSystem, line_of
from zaffre.fabric.drivers.hypervisor import GuestSpec

_USED_SHARE = 8
_LINK_LOCAL = IPv6Address("fe80::")


def guest_facts(spec: GuestSpec, root_bytes: int) -> GuestFacts:
    """Return what a guest says whose root disk has so many bytes.

    Nobody tells a simulated guest its addresses, so it has those that it would give itself.
    """
    return GuestFacts(
        system=GuestSystem("Simulated Linux 1", "Simulated Linux", "1"),
        kernel="6.1.0-simulated-amd64",
        hostname=line_of(spec.title),
        interfaces=tuple(
            GuestInterface(f"eth{number}", port.mac.lower(), (link_local_address(port.mac),))
            for number, port in enumerate(spec.ports)
        ),
        filesystems=(GuestFilesystem("/", "ext4", root_bytes, root_bytes // _USED_SHARE),) if root_bytes else (),
    )


def link_local_address(mac: str) -> str:
    """Return the address that an interface gives itself (RFC 4291, appendix A)."""
    number = int(mac.replace(":", ""), 16)
    identifier = (number >> 24 << 40 | 0xFFFE << 24 | number & 0xFFFFFF) ^ 1 << 57
    return str(_LINK_LOCAL + identifier)
