"""How instants, sizes and ids are written for people."""

import re
from datetime import datetime, timedelta

SHORT_ID_CHARACTERS = 8
NOTHING = "-"
_SHORT_ID = re.compile(rf"^…?([0-9a-f]{{{SHORT_ID_CHARACTERS}}})$")
_SPELT = {"vm": "VM", "vcpus": "vCPUs", "ssh": "SSH", "api": "API"}
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60))


def age(instant: datetime, now: datetime) -> str:
    """Return how long ago something was, in the largest unit of which there are two: `90s`, `3h`, `12d`."""
    seconds = max(int((now - instant) / timedelta(seconds=1)), 0)
    for unit, length_s in _UNITS:
        if seconds >= 2 * length_s:
            return f"{seconds // length_s}{unit}"
    return f"{seconds}s"


def instant_text(instant: datetime | None, now: datetime) -> str | None:
    """Return an instant in local time, and how long ago it was."""
    if instant is None:
        return None
    local = instant.astimezone()
    return (
        f"{local:%Y-%m-%d %H:%M:%S %Z} ({age(instant, now)} ago)" if instant <= now else f"{local:%Y-%m-%d %H:%M:%S %Z}"
    )


def mib_text(mib: int) -> str:
    """Return an amount of memory, in GiB where that is a whole number."""
    return f"{mib // 1024} GiB" if mib >= 1024 and mib % 1024 == 0 else f"{mib} MiB"


def bytes_text(count: int) -> str:
    """Return a number of bytes in the unit that fits."""
    amount, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount >= 1024:
            amount, unit = amount / 1024, larger
    return f"{amount:.1f}".removesuffix(".0") + f" {unit}"


def short_id(resource_id: str) -> str:
    """Return the end of an id. Its beginning is the time, which many ids have in common."""
    return f"…{resource_id[-SHORT_ID_CHARACTERS:]}"


def end_of_id(reference: str) -> str | None:
    """Return the end of an id that somebody copied from a table; None when the text is not one."""
    found = _SHORT_ID.match(reference)
    return found[1] if found else None


def limit_text(dimension: str, limit: int | None) -> tuple[str, str]:
    """Return the name of a quota dimension, and its limit with the unit that ends its name."""
    name, _, ending = dimension.rpartition("_")
    unit = {"mib": "MiB", "gib": "GiB"}.get(ending)
    return title_text(
        name if unit else dimension
    ), "unlimited" if limit is None else f"up to {limit} {unit or ''}".rstrip()


def state_text(text: str) -> str:
    """Return a name of the API in words: `shutting_down` becomes `shutting down`, `vm_network` becomes `VM network`."""
    return " ".join(_SPELT.get(word, word) for word in text.replace("_", " ").replace(".", " ").split(" "))


def deed_text(kind: str) -> str:
    """Return what an operation does, verb first: `virtual_machine.create` becomes `create virtual machine`."""
    noun, _, verb = kind.partition(".")
    return state_text(f"{verb} {noun}".strip())


def title_text(text: str) -> str:
    """Return a name of the API in words, beginning with a capital."""
    words = state_text(text)
    return words if words.startswith(tuple(_SPELT.values())) else words[:1].upper() + words[1:]


def yes_no(value: bool) -> str:
    """Return a truth value in words."""
    return "yes" if value else "no"
