"""What simulated guests write to their serial ports."""

_KEPT_BYTES = 64 * 1024
"""The newest part of a log that is kept, as on real hosts, whose logs do not grow for ever either."""


def boot_lines(title: str, vcpus: int, memory_mib: int) -> bytes:
    """Return what a guest writes when its power comes on."""
    return _lines(
        "SeaBIOS (version simulated)",
        "Booting from Hard Disk...",
        "[    0.000000] Linux version 6.1.0-simulated-amd64",
        f"[    0.000000] Memory: {memory_mib * 1024}K available",
        f"[    0.104000] smp: Brought up 1 node, {vcpus} CPU{'s' if vcpus > 1 else ''}",
        "[    0.530000] virtio_blk virtio1: [vda] ready",
        f"[    0.910000] cloud-init: instance {title!r}",
    )


def ready_lines(title: str) -> bytes:
    """Return what a guest writes when it is ready."""
    return _lines("[    1.420000] qemu-guest-agent: connected", f"{title} login: ")


def append(log: bytes, lines: bytes) -> bytes:
    """Return the log with more lines, less its oldest part when it grows too long."""
    return (log + lines)[-_KEPT_BYTES:]


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()
