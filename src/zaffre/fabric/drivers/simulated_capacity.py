"""How big a simulated host is, said by its URI: `simulated:///host-7?vcpus=64&memory_mib=262144&storage_gib=4000`."""

from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlsplit

from zaffre.fabric.drivers.hypervisor import Accelerator
from zaffre.foundation.errors import InvalidInput

URI_SCHEME = "simulated"


class SimulatedUriUnfit(InvalidInput):
    """A simulated host's URI cannot be understood."""

    code = "host.uri_invalid"
    title = "The host's URI is not valid"

    def __init__(self, uri: str, cause: str) -> None:
        known = ", ".join(each.name for each in fields(SimulatedCapacity))
        super().__init__(
            f"{uri!r} is no simulated host: {cause}.",
            remedy=f"Write {URI_SCHEME}:///NAME, with ?KEY=VALUE for any of {known}.",
            target="uri",
        )


@dataclass(frozen=True)
class SimulatedCapacity:
    """What a simulated host has."""

    vcpus: int = 32
    memory_mib: int = 131_072
    storage_gib: int = 2_000
    accelerator: Accelerator = Accelerator.KVM


def parse_uri(uri: str) -> tuple[str, SimulatedCapacity]:
    """Return the host's name in the simulated world, and its capacity.

    Raises:
        SimulatedUriUnfit: the URI has another scheme, no name, or a query that says nothing about a host.
    """
    parts = urlsplit(uri)
    name = parts.path.strip("/")
    if parts.scheme != URI_SCHEME or not name:
        raise SimulatedUriUnfit(uri, "it has another scheme or no name")
    try:
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        accelerator = Accelerator(given.pop("accelerator", Accelerator.KVM))
        numbers = {key: _positive(value) for key, value in given.items()}
        return name, SimulatedCapacity(accelerator=accelerator, **numbers)
    except (ValueError, TypeError) as error:
        raise SimulatedUriUnfit(uri, str(error)) from error


def _positive(value: str) -> int:
    number = int(value)
    if number <= 0:
        raise ValueError(f"{value} is not positive")
    return number
