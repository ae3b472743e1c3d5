"""Runs a program as if on a host of the developer fabric. Executed as a script, never imported by the package.

Usage: `python -I -S enter.py ROOM PROGRAM [ARGUMENT…]`, where ROOM is a JSON object with `namespace` (name of a network
namespace), `hostname`, and `binds` (pairs of a directory on the machine and where the host sees it). Without
`hostname` only the network namespace is entered.

Programs such as `unshare` and `ip netns exec` can do parts of this, but not make several mounts in a private mount
namespace without a shell in between. The script imports only the standard library because it is run for each daemon
and its start-up time counts.
"""

import ctypes
import json
import os
import socket
import sys

# From <linux/sched.h> and <linux/mount.h>.
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MNT_DETACH = 0x2

_libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, action: str) -> None:
    """Raise OSError if a C library call failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{action}: {os.strerror(number)}")


def mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    """Attach `source` at `target`; the manual page of the system call explains `kind` and `flags`."""
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    check(_libc.mount(*encoded, ctypes.c_ulong(flags), None), f"mount {source} on {target}")


def enter_network(name: str) -> None:
    """Move this process into a named network namespace."""
    descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY)
    check(_libc.setns(descriptor, CLONE_NEWNET), f"enter namespace {name}")
    os.close(descriptor)


def furnish(hostname: str, binds: list[list[str]]) -> None:
    """Give this process its own hostname and its own view of some directories.

    The mounts are slaves of the machine's: what the machine unmounts goes away here too, and nothing done here is seen
    outside. Named namespaces are let go first, because a copy of their mounts would keep other fabrics' namespaces
    alive after their removal.
    """
    check(_libc.unshare(CLONE_NEWNS | CLONE_NEWUTS), "unshare")
    mount(None, "/", None, MS_REC | MS_SLAVE)
    _libc.umount2(b"/run/netns", MNT_DETACH)
    _libc.umount2(b"/sys", MNT_DETACH)
    mount("sysfs", "/sys", "sysfs", 0)  # shows the network devices of the namespace it is mounted in
    for source, target in binds:
        mount(source, target, None, MS_BIND)
    socket.sethostname(hostname)


def main() -> None:
    """Enter the room and become the program."""
    room = json.loads(sys.argv[1])
    enter_network(room["namespace"])
    if "hostname" in room:
        furnish(room["hostname"], room["binds"])
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the program without a shell is the point


if __name__ == "__main__":
    main()
