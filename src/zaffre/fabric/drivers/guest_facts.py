"""What a guest says about itself, through the agent that runs in it.

All of it is the guest's word: whoever has the guest may have written the agent. So every text is one short line of
printable characters, every address is one, and there are only so many of each.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar

TEXT_CHARACTERS = 200
INTERFACES = 32
ADDRESSES_PER_INTERFACE = 16
FILESYSTEMS = 32

_MOST_BYTES = 2**63 - 1
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_NO_MAC = "00:00:00:00:00:00"

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class GuestSystem:
    """A guest's operating system."""

    title: str
    """For people, for example `Debian GNU/Linux 12 (bookworm)`."""
    name: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class GuestInterface:
    """A network interface as the guest has it."""

    name: str
    mac: str | None
    """In lower case, with colons; None where it has none, such as a tunnel."""
    addresses: tuple[str, ...]
    """IPv4 and IPv6, without prefix lengths; loopback ones are left out."""


@dataclass(frozen=True, slots=True)
class GuestFilesystem:
    """A mounted file system."""

    mountpoint: str
    type: str | None
    total_bytes: int | None
    """What its users can fill; None when the agent does not say."""
    used_bytes: int | None


@dataclass(frozen=True, slots=True)
class GuestFacts:
    """What a guest's agent said. None is what it did not tell."""

    system: GuestSystem | None
    kernel: str | None
    """Release, for example `6.1.0-40-cloud-amd64`."""
    hostname: str | None
    interfaces: tuple[GuestInterface, ...]
    filesystems: tuple[GuestFilesystem, ...]


def line_of(said: object) -> str | None:
    """Return a text on one line, without what cannot be printed; None when nothing is left of it."""
    if not isinstance(said, str):
        return None
    # Characters that cannot be printed include those that reverse the order of others.
    printable = "".join(each for each in said[: 4 * TEXT_CHARACTERS] if each.isprintable())
    return printable.strip()[:TEXT_CHARACTERS].rstrip() or None


def system_of(name: object, version: object, title: object) -> GuestSystem | None:
    """Return an operating system; None when the guest names none."""
    spoken = line_of(name), line_of(version)
    shown = line_of(title) or line_of(" ".join(each for each in spoken if each))
    return None if shown is None else GuestSystem(shown, *spoken)


def interfaces_of(said: Iterable[tuple[object, object, Sequence[object]]]) -> tuple[GuestInterface, ...]:
    """Return the interfaces that are somebody's way to the guest, from names, MAC addresses and addresses."""
    found = (_interface(*each) for each in said)
    return _first((each for each in found if each is not None), INTERFACES)


def filesystem_of(mountpoint: object, kind: object, total_bytes: object, used_bytes: object) -> GuestFilesystem | None:
    """Return a file system; None when it is mounted nowhere."""
    where, total, used = line_of(mountpoint), _bytes(total_bytes), _bytes(used_bytes)
    if where is None:
        return None
    if total is None or used is None or used > total:
        total = used = None
    return GuestFilesystem(where, line_of(kind), total, used)


def filesystems_of(said: Iterable[GuestFilesystem | None]) -> tuple[GuestFilesystem, ...]:
    """Return as many file systems as are shown, each place once: what was mounted there last counts."""
    places = {each.mountpoint: each for each in said if each is not None}
    return _first(places.values(), FILESYSTEMS)


def _interface(name: object, mac: object, addresses: Sequence[object]) -> GuestInterface | None:
    shown, hardware = line_of(name), (line_of(mac) or "").lower().replace("-", ":")
    known_mac = hardware if _MAC.fullmatch(hardware) and hardware != _NO_MAC else None
    valid = (_address(address) for address in addresses)
    kept = _first((address for address in valid if address is not None), ADDRESSES_PER_INTERFACE)
    if shown is None or (known_mac is None and not kept):
        return None
    return GuestInterface(shown, known_mac, kept)


def _address(said: object) -> str | None:
    text = line_of(said)
    if text is None:
        return None
    try:
        address = ip_address(text.partition("%")[0])  # Windows says through which interface as well
    except ValueError:
        return None
    return None if address.is_loopback or address.is_unspecified else str(address)


def _bytes(said: object) -> int | None:
    return said if isinstance(said, int) and 0 <= said <= _MOST_BYTES else None


def _first(things: Iterable[Thing], most: int) -> tuple[Thing, ...]:
    return tuple(thing for _, thing in zip(range(most), things, strict=False))
