"""Which error of libvirt becomes which of the Protocol. The codes are libvirt's own, seen on libvirt 9."""

import errno
import random
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest

from zaffre.fabric.drivers.hypervisor import HostAddress, HostUnreachable, HypervisorRefused, StorageFull

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from zaffre.fabric.drivers.libvirt_connection import retry_delays_s  # noqa: E402 - needs libvirt
from zaffre.fabric.drivers.libvirt_errors import call_translated  # noqa: E402 - needs libvirt


def session(*, alive: bool = True) -> Any:
    address = HostAddress("host-1", "qemu:///system", "/pool")
    return SimpleNamespace(address=address, alive=lambda: alive, free_bytes=lambda: 4096)


def libvirt_error(code: int, domain: int, message: str, int1: int = -1) -> Exception:
    error = libvirt.libvirtError(message)
    error.err = (code, domain, message, libvirt.VIR_ERR_ERROR, message, None, None, int1, -1)
    return error


def fail_with(error: Exception, *, alive: bool = True) -> None:
    def call(_session: Any) -> None:
        raise error

    call_translated("do something", call, session(alive=alive))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (libvirt.VIR_ERR_SYSTEM_ERROR, "Cannot recv data: Connection reset by peer"),
        (libvirt.VIR_ERR_INTERNAL_ERROR, "client socket is closed"),
        (libvirt.VIR_ERR_INTERNAL_ERROR, "connection closed due to keepalive timeout"),
    ],
)
def test_a_broken_connection_means_that_the_host_is_unreachable(code: int, message: str):
    with pytest.raises(HostUnreachable, match=message):
        fail_with(libvirt_error(code, libvirt.VIR_FROM_RPC, message))


def test_any_error_on_a_dead_connection_means_that_the_host_is_unreachable():
    with pytest.raises(HostUnreachable):
        fail_with(libvirt_error(libvirt.VIR_ERR_INVALID_CONN, 0, "invalid connection pointer"), alive=False)


@pytest.mark.parametrize(
    ("code", "message", "number"),
    [
        (libvirt.VIR_ERR_SYSTEM_ERROR, "cannot write data to file '/pool/x'", errno.ENOSPC),
        (libvirt.VIR_ERR_SYSTEM_ERROR, "cannot write data to file '/pool/x'", errno.EDQUOT),
        (libvirt.VIR_ERR_INTERNAL_ERROR, "qemu-img: /pool/x: Could not write: No space left on device", -1),
    ],
)
def test_a_full_disk_means_that_storage_is_full(code: int, message: str, number: int):
    with pytest.raises(StorageFull, match="4096 bytes free"):
        fail_with(libvirt_error(code, libvirt.VIR_FROM_STORAGE, message, number))


def test_everything_else_was_refused_and_keeps_libvirts_words():
    error = libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED, libvirt.VIR_FROM_RPC, "stream is closed")
    with pytest.raises(HypervisorRefused, match="Host host-1 refused to do something: stream is closed"):
        fail_with(error)


def test_a_translated_error_holds_on_to_nothing_of_libvirts():
    with pytest.raises(HypervisorRefused) as refused:
        fail_with(libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED, 0, "no"))
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_retries_slow_down_to_a_bound_and_never_keep_time_with_each_other():
    one, other = (list(islice(retry_delays_s(random.Random(seed)), 20)) for seed in (1, 2))
    assert one != other
    assert all(0.05 <= delay_s <= 10.0 for delay_s in one)
    assert sum(one[:5]) < 5.0
    assert min(one[10:]) >= 5.0
