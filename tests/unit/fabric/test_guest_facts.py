"""What guests say is their word: it is bounded and cleaned. Needs libvirt's Python binding, and no host."""

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from zaffre.fabric.drivers.guest_facts import (
    ADDRESSES_PER_INTERFACE,
    FILESYSTEMS,
    INTERFACES,
    TEXT_CHARACTERS,
    GuestFilesystem,
    GuestInterface,
    filesystem_of,
    filesystems_of,
    interfaces_of,
    line_of,
    system_of,
)
from zaffre.fabric.drivers.simulated_facts import link_local_address

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from zaffre.fabric.drivers.libvirt_facts import answers, facts_from  # noqa: E402 - needs libvirt

MAC = "02:5a:00:00:00:07"


def test_a_text_is_one_short_line_of_what_can_be_printed() -> None:
    assert line_of(" web\x1b[31m\r\n\u202etxt\0 ") == "web[31mtxt"
    assert line_of("x" * 10**6) == "x" * TEXT_CHARACTERS
    for nothing in ("", " \n", None, 7, b"web", ["web"]):
        assert line_of(nothing) is None


def test_a_system_is_called_as_it_calls_itself() -> None:
    assert system_of("Debian GNU/Linux", "12 (bookworm)", "Debian 12").title == "Debian 12"
    assert system_of("Debian GNU/Linux", "12 (bookworm)", None).title == "Debian GNU/Linux 12 (bookworm)"
    assert system_of(None, "12", "").title == "12"
    assert system_of(None, "\n", None) is None


def test_only_addresses_by_which_a_guest_can_be_reached_are_shown() -> None:
    said = [
        ("lo", "00:00:00:00:00:00", ["127.0.0.1", "::1"]),
        ("Ethernet", "02-5A-00-00-00-07", ["10.0.0.2", "fe80::1%5", "0.0.0.0", "10.0.0.2; rm", None, 7]),
        ("wg0", None, ["10.9.0.1"]),
        ("x", "not a mac", []),
        (None, MAC, []),
    ]
    assert interfaces_of(said) == (
        GuestInterface("Ethernet", MAC, ("10.0.0.2", "fe80::1")),
        GuestInterface("wg0", None, ("10.9.0.1",)),
    )


def test_there_are_only_so_many_of_each() -> None:
    addresses = [f"10.0.0.{number}" for number in range(256)]
    found = interfaces_of((f"eth{number}", MAC, addresses) for number in range(10**6))
    assert (len(found), len(found[0].addresses)) == (INTERFACES, ADDRESSES_PER_INTERFACE)
    assert len(filesystems_of(filesystem_of(f"/{number}", "ext4", 2, 1) for number in range(1000))) == FILESYSTEMS


def test_sizes_that_cannot_be_are_left_out() -> None:
    for total, used in ((-1, 0), (1, 2), ("1", 0), (None, 1), (2**64, 1), (1, None)):
        assert filesystem_of("/", "ext4", total, used) == GuestFilesystem("/", "ext4", None, None)
    assert filesystem_of("/", None, 2, 2) == GuestFilesystem("/", None, 2, 2)
    assert filesystem_of("", "ext4", 2, 1) is None


def test_a_place_counts_once() -> None:
    said = [filesystem_of("/data", kind, 2, 1) for kind in ("ext4", "xfs")]
    assert filesystems_of([*said, None]) == (said[1],)


def test_libvirts_names_are_understood() -> None:
    said = {
        "os.name": "Debian GNU/Linux",
        "os.version": "12 (bookworm)",
        "os.pretty-name": "Debian GNU/Linux 12 (bookworm)",
        "os.kernel-release": "6.1.0-40-cloud-amd64",
        "hostname": "web",
        "if.count": 2,
        "if.0.name": "lo",
        "if.0.hwaddr": "00:00:00:00:00:00",
        "if.0.addr.count": 1,
        "if.0.addr.0.addr": "127.0.0.1",
        "if.1.name": "ens3",
        "if.1.hwaddr": MAC,
        "if.1.addr.count": 1,
        "if.1.addr.0.type": "ipv4",
        "if.1.addr.0.addr": "10.0.0.2",
        "if.1.addr.0.prefix": 24,
        "fs.count": 1,
        "fs.0.name": "vda1",
        "fs.0.mountpoint": "/",
        "fs.0.fstype": "ext4",
        "fs.0.total-bytes": 2_000,
        "fs.0.used-bytes": 500,
    }
    facts = facts_from(said)
    assert (facts.system.name, facts.kernel, facts.hostname) == ("Debian GNU/Linux", "6.1.0-40-cloud-amd64", "web")
    assert facts.interfaces == (GuestInterface("ens3", MAC, ("10.0.0.2",)),)
    assert facts.filesystems == (GuestFilesystem("/", "ext4", 2_000, 500),)
    empty = facts_from({"hostname": "web", "if.count": 10**9})
    assert (empty.system, empty.interfaces, empty.filesystems) == (None, (), ())


def error(code: int, domain: int = libvirt.VIR_FROM_QEMU) -> Exception:
    raised = libvirt.libvirtError("it failed")
    raised.err = (code, domain, "it failed", libvirt.VIR_ERR_ERROR, None, None, None, -1, -1)
    return raised


def domain_saying(*answers: Any) -> Any:
    """A domain whose agent answers in this order."""
    left = iter(answers)

    def guest_info(_question: int) -> dict[str, Any]:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SimpleNamespace(agentSetResponseTimeout=lambda _seconds: 0, guestInfo=guest_info)


def test_a_question_that_an_agent_does_not_know_does_not_cost_the_others() -> None:
    unknown = error(libvirt.VIR_ERR_INTERNAL_ERROR)
    assert answers(domain_saying(unknown, {"hostname": "web"}, {}, unknown)) == {"hostname": "web"}


@pytest.mark.parametrize("code", [libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_ERR_OPERATION_INVALID])
def test_an_agent_that_fell_silent_is_not_asked_again(code: int) -> None:
    assert answers(domain_saying(error(code))) == {}
    assert answers(domain_saying({"hostname": "web"}, error(code))) == {"hostname": "web"}


def test_an_agent_that_takes_its_time_is_not_asked_everything() -> None:
    seconds = count(step=2.0)
    assert answers(domain_saying({"os.name": "Slow"}), lambda: next(seconds)) == {"os.name": "Slow"}


@pytest.mark.parametrize(
    ("code", "domain"),
    [(libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_FROM_QEMU), (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_RPC)],
)
def test_a_lost_guest_or_host_is_not_taken_for_a_silent_agent(code: int, domain: int) -> None:
    with pytest.raises(libvirt.libvirtError):
        answers(domain_saying(error(code, domain)))


def test_a_simulated_interface_has_the_address_it_would_give_itself() -> None:
    assert link_local_address(MAC) == "fe80::5a:ff:fe00:7"
