"""Where a stamp's OVN databases are."""

import re
from dataclasses import dataclass

from zaffre.foundation.errors import InvalidInput

_REMOTE = re.compile(r"unix:/[^,;]+|(tcp|ssl):(\[[0-9a-fA-F:.]+\]|[^,;:\[\]]+):[0-9]{1,5}")


class OvnAddressInvalid(InvalidInput):
    """An address of OVN's databases cannot be understood."""

    code = "network_plane.address_invalid"
    title = "The network plane's address is not valid"

    def __init__(self, address: str, cause: str) -> None:
        super().__init__(
            f"{address!r} is not an address of OVN's databases: {cause}.",
            remedy="Write nb=REMOTES;sb=REMOTES, where REMOTES are unix:/PATH, tcp:HOST:PORT or ssl:HOST:PORT, "
            "separated by commas when the database is clustered; for example nb=tcp:ovn:6641;sb=tcp:ovn:6642.",
            target="address",
        )


@dataclass(frozen=True)
class OvnAddress:
    """The remotes of the northbound and, if hosts' names are wanted, of the southbound database.

    Each is one remote or several separated by commas, the members of a cluster; Zaffre talks to the leader.
    """

    northbound: str
    southbound: str | None

    @classmethod
    def parse(cls, text: str) -> "OvnAddress":
        """Read `nb=REMOTES;sb=REMOTES`, or REMOTES alone for a northbound database without a southbound one.

        Raises:
            OvnAddressInvalid: the text is neither.
        """
        parts: dict[str, str] = {}
        for part in text.split(";"):
            database, separator, remotes = part.strip().partition("=")
            if not separator:
                database, remotes = "nb", database
            if database not in ("nb", "sb") or database in parts:
                raise OvnAddressInvalid(text, f"{part.strip()!r} is in the wrong place")
            parts[database] = _checked(text, remotes)
        if "nb" not in parts:
            raise OvnAddressInvalid(text, "the northbound database is missing")
        return cls(parts["nb"], parts.get("sb"))


def _checked(text: str, remotes: str) -> str:
    """Return the remotes if all of them are well formed. A relative socket path would be taken from OVS's own."""
    for remote in remotes.split(","):
        if not _REMOTE.fullmatch(remote):
            raise OvnAddressInvalid(text, f"{remote!r} is none of unix:/PATH, tcp:HOST:PORT, ssl:HOST:PORT")
    return remotes
