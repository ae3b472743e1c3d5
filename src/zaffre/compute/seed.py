"""The seed: what a new guest is told about itself, as a cloud-init NoCloud ISO image.

Format: cloud-init's NoCloud data source; a volume labelled `cidata` with meta-data, user-data and network-config.
"""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pycdlib
import yaml

LABEL = "cidata"


@dataclass(frozen=True)
class GuestIdentity:
    """What a guest learns from its seed."""

    instance_id: str
    hostname: str
    ssh_public_keys: Sequence[str]
    macs: Sequence[str]
    """Of its ports, in order; each is configured by DHCP."""
    user_data: str | None


def hostname_of(name: str) -> str:
    """Make a host name (RFC 1123 label) out of a name for people."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-")
    return label or "vm"


def build_seed(identity: GuestIdentity) -> bytes:
    """Return the ISO image."""
    files = {
        "meta-data": json.dumps(
            {
                "instance-id": identity.instance_id,
                "local-hostname": identity.hostname,
                "public-keys": list(identity.ssh_public_keys),
            }
        ),
        "user-data": identity.user_data or "#cloud-config\n{}\n",
        "network-config": yaml.safe_dump(_network_config(identity.macs)),
    }
    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, vol_ident=LABEL, joliet=3, rock_ridge="1.09")
    for number, (name, text) in enumerate(files.items()):
        content = text.encode()
        iso_path = f"/FILE{number}.;1"
        image.add_fp(io.BytesIO(content), len(content), iso_path, rr_name=name, joliet_path=f"/{name}")
    output = io.BytesIO()
    image.write_fp(output)
    image.close()
    return output.getvalue()


def _network_config(macs: Sequence[str]) -> dict[str, object]:
    """Return netplan version 2: every port by its MAC address, so that the order of discovery does not matter."""
    ethernets = {f"port{n}": {"match": {"macaddress": mac}, "dhcp4": True} for n, mac in enumerate(macs)}
    return {"version": 2, "ethernets": ethernets}
