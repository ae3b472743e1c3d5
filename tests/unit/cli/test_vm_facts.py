"""What guests say, on a screen."""

from typing import Any

import pytest

from support.command_line import MACHINES, Person, scripted
from support.scripted_api import ID, ok

SAID: dict[str, Any] = {
    "available": True,
    "reason": None,
    "operating_system": {"title": "Debian GNU/Linux 12 (bookworm)", "name": "Debian GNU/Linux", "version": "12"},
    "kernel": "6.1.0-40-cloud-amd64",
    "hostname": "web",
    "interfaces": [{"name": "ens3", "mac": "02:5a:00:00:00:07", "addresses": ["10.0.0.2", "fe80::1"]}],
    "filesystems": [{"mountpoint": "/", "type": "ext4", "total_bytes": 2 << 30, "used_bytes": 512 << 20}],
    "observed_at": "2026-01-01T00:00:00Z",
}
SILENT = SAID | {
    **dict.fromkeys(("operating_system", "kernel", "hostname")),
    "available": False,
    "interfaces": [],
    "filesystems": [],
}


def test_what_a_guest_says_is_shown(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, {f"GET {MACHINES}/{ID}/guest-facts": ok(SAID)})
    shown = person.does(f"vm facts {ID}", COLUMNS="100").out
    for words in ("Debian GNU/Linux 12 (bookworm)", "6.1.0-40-cloud-amd64", "10.0.0.2, fe80::1", "512 MiB", "2 GiB"):
        assert words in shown
    assert person.does(f"vm facts {ID} -o json").json == SAID


@pytest.mark.parametrize(
    ("reason", "words"), [("not_running", "is not running"), ("no_agent", "qemu-guest-agent"), ("newer", "newer")]
)
def test_a_guest_that_says_nothing_is_explained(
    person: Person, monkeypatch: pytest.MonkeyPatch, reason: str, words: str
) -> None:
    scripted(monkeypatch, person, {f"GET {MACHINES}/{ID}/guest-facts": ok(SILENT | {"reason": reason})})
    assert words in " ".join(person.does(f"vm facts {ID}").out.split())
