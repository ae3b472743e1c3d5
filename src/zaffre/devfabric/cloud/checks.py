"""What a journey found: checks with their outcome, for people and for programs."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Check:
    """Something that had to hold."""

    name: str
    """A sentence: `Two machines on different hosts reach each other`."""
    ok: bool
    detail: str
    """What was seen."""


@dataclass
class JourneyReport:
    """The outcome of a journey."""

    fabric: str
    """`kvm` or `simulated`."""
    hosts: int
    accelerator: str
    checks: list[Check] = field(default_factory=list[Check])
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    """Checks that this fabric cannot make, and why."""
    seconds_to_first_vm: float | None = None
    """From the start of the command until the first tenant's machine said that it is up."""
    seconds_total: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    def skip(self, name: str, reason: str) -> None:
        """Note a check that this fabric cannot make."""
        self.skipped[name] = reason

    def to_json(self) -> dict[str, Any]:
        """Return what was found, as JSON types. Programs read this, so its fields are stable."""
        return {
            "fabric": self.fabric,
            "hosts": self.hosts,
            "accelerator": self.accelerator,
            "seconds_total": self.seconds_total,
            "seconds_to_first_vm": self.seconds_to_first_vm,
            "checks": [asdict(check) for check in self.checks],
        }

    def write(self, file: Path) -> None:
        """Write the report as JSON."""
        file.write_text(json.dumps(self.to_json(), indent=2) + "\n")
