"""Runs a program and reaps its orphans. Executed as a script, never imported by the package.

Usage: `python -I -S adopt.py PROGRAM [ARGUMENT…]`. Ends with the program's exit status when the program has ended, or
put itself into the background; a process stays behind, as parent of everything that the program has left running,
until the last of it has ended.

libvirtd detaches guests' processes from itself and, to stop a guest, waits until the kernel has forgotten the process.
That takes until its parent has asked for its exit status: an ordinary init does so at once, but the process 1 of a
container may be slow to, or never do it. This script makes hosts independent of what the machine has for an init.
"""

import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36  # from <linux/prctl.h>


def main() -> None:
    """Run the program; report its exit status to the caller and stay with its orphans."""
    report, reported = os.pipe()
    if os.fork() != 0:
        os.close(reported)
        status = os.read(report, 1)
        sys.exit(status[0] if status else 1)
    os.close(report)
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    program = os.fork()
    if program == 0:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - becoming the program without a shell is the point
    reap(program, reported)


def reap(program: int, reported: int) -> None:
    """Ask for the exit status of every child until there are none; write the program's to the pipe `reported`."""
    while True:
        try:
            child, status = os.wait()
        except ChildProcessError:
            return
        if child == program:
            os.write(reported, bytes([min(abs(os.waitstatus_to_exitcode(status)), 255)]))
            os.close(reported)


if __name__ == "__main__":
    main()
