"""Where requests to named addresses may go.

Whoever names an address makes this server connect to it, from inside the provider's network. So only addresses of the
public internet are good, unless a setting allows others. What counts is the address that a connection is made to: a
name that led elsewhere a moment ago leads nobody astray.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from zaffre.foundation.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
MAX_URL_CHARACTERS = 2000


class TargetRefused(InvalidInput):
    """Nothing is sent to such an address."""

    code = "webhook.target_refused"
    title = "Nothing is sent there"

    def __init__(self, reason: str, setting: str = "webhooks.allow_networks") -> None:
        super().__init__(
            f"The address cannot be used: {reason}.",
            remedy=f"Use a server on the internet. The operator can allow others ({setting}).",
            target="url",
        )


@dataclass(frozen=True)
class Target:
    """Where an address leads."""

    scheme: str
    host: str
    port: int


class TargetSettings(Protocol):
    """What a part of the settings says about where its requests may go."""

    @property
    def allow_networks(self) -> Sequence[Network]:
        """Networks that are good although they are private, local or this server's own."""
        ...

    @property
    def allow_plain_http(self) -> bool:
        """Whether they may go unencrypted."""
        ...


class Targets:
    """What the settings say about where requests of one kind may go."""

    def __init__(self, settings: TargetSettings, setting: str = "webhooks.allow_networks") -> None:
        """Take what settings say; `setting` is the name of the one that allows networks, for people."""
        self._allowed: Sequence[Network] = settings.allow_networks
        self._plain = settings.allow_plain_http
        self._setting = setting

    def check_url(self, url: str) -> Target:
        """Return where an address leads; what only a connection shows is left for then.

        Raises:
            TargetRefused: it is malformed, not encrypted, or names an address that nothing is sent to.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise self._refused("it is no URL") from None
        if parts.scheme not in ("https", "http") or not host or len(url) > MAX_URL_CHARACTERS or not url.isascii():
            raise self._refused("it is no URL that begins with https://")
        if not url.isprintable() or " " in url or parts.username is not None or parts.fragment:
            raise self._refused("it has spaces, a user name or a fragment in it")
        if parts.scheme == "http" and not self._plain:
            raise self._refused("it must begin with https://")
        literal = _literal(host)
        if literal is not None:
            self.check_address(literal)
        return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))

    def check_address(self, text: str) -> None:
        """Let an address pass that may be connected to.

        Raises:
            TargetRefused: nothing is sent there.
        """
        address = _real(ipaddress.ip_address(text.partition("%")[0]))
        if any(address in network for network in self._allowed):
            return
        if not address.is_global or address.is_multicast or address.is_reserved:
            raise self._refused("it leads to a private, local or reserved network")
        if _is_own(address):
            raise self._refused("it leads back to this server")

    def _refused(self, reason: str) -> TargetRefused:
        return TargetRefused(reason, self._setting)


def _literal(host: str) -> str | None:
    """Return a host that is an address; also in the odd spellings that resolvers understand, such as `127.1`."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _real(address: Address) -> Address:
    """Return the address that is reached in truth: IPv4 hides in several kinds of IPv6 addresses."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in NAT64 or address in LOCAL_NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    hidden = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if hidden is None and int(address) >> 32 == 0 and int(address) > 1:
        return ipaddress.IPv4Address(int(address))  # the old "compatible" form, ::a.b.c.d
    return hidden or address


def _is_own(address: Address) -> bool:
    """Tell whether an address is one of this machine's: only those can be bound to."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
