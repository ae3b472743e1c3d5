"""How long things take on simulated hosts."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What can be asked of a host: the methods of the `Hypervisor` Protocol by their names."""

    FACTS = "facts"
    PROBE_ACCELERATOR = "probe_accelerator"
    VOLUMES = "volumes"
    HAS_VOLUME = "has_volume"
    UPLOAD_VOLUME = "upload_volume"
    CREATE_OVERLAY = "create_overlay"
    CREATE_BLANK = "create_blank"
    RECEIVE_DISK = "receive_disk"
    VOLUME_CAPACITY = "volume_capacity"
    GROW_DISK = "grow_disk"
    DELETE_VOLUME = "delete_volume"
    READ_VOLUME = "read_volume"
    VOLUME_SIZE = "volume_size"
    DEFINE = "define"
    RESIZE = "resize"
    START = "start"
    REQUEST_SHUTDOWN = "request_shutdown"
    STOP = "stop"
    RESET = "reset"
    PAUSE = "pause"
    RETITLE = "retitle"
    UNDEFINE = "undefine"
    ATTACH_DISK = "attach_disk"
    DETACH_DISK = "detach_disk"
    CHANGE_MEDIUM = "change_medium"
    MIGRATE = "migrate"
    ABORT_MIGRATION = "abort_migration"
    ATTACH_PORT = "attach_port"
    DETACH_PORT = "detach_port"
    OPEN_CONSOLE = "open_console"
    CHECKPOINTS = "checkpoints"
    CREATE_CHECKPOINT = "create_checkpoint"
    RESTORE_CHECKPOINT = "restore_checkpoint"
    DELETE_CHECKPOINT = "delete_checkpoint"
    OBSERVE = "observe"
    OBSERVE_ALL = "observe_all"
    MEASURE = "measure"
    GUEST_FACTS = "guest_facts"


@dataclass(frozen=True)
class LatencyModel:
    """Durations, by the world's clock. Everything is immediate unless said otherwise."""

    action_s: Mapping[Action, float] = field(default_factory=dict[Action, float])
    """Seconds from asking a host for something until it has been done."""
    jitter: float = 0.0
    """Each duration varies by up to this share of it, up and down: 0.2 makes 1 s anything from 0.8 to 1.2 s."""
    boot_s: float = 0.0
    """Seconds from a guest's start or reset until it is ready."""
    shutdown_s: float = 0.0
    """Seconds from pressing a guest's power button until it is off."""

    def duration_s(self, action: Action, chance: random.Random) -> float:
        """Return how long this one call takes."""
        usual_s = self.action_s.get(action, 0.0)
        return usual_s * chance.uniform(1 - self.jitter, 1 + self.jitter) if usual_s else 0.0


REALISTIC = LatencyModel(
    action_s={
        Action.PROBE_ACCELERATOR: 0.5,
        Action.UPLOAD_VOLUME: 0.005,
        Action.CREATE_OVERLAY: 0.01,
        Action.CREATE_BLANK: 0.01,
        Action.ATTACH_DISK: 0.05,
        Action.DETACH_DISK: 0.3,
        Action.ATTACH_PORT: 0.05,
        Action.MIGRATE: 5.0,
        Action.DETACH_PORT: 0.3,
        Action.DEFINE: 0.003,
        Action.START: 0.25,
        Action.STOP: 0.1,
        Action.UNDEFINE: 0.1,
        Action.CREATE_CHECKPOINT: 0.5,
        Action.RESTORE_CHECKPOINT: 1.0,
        Action.DELETE_CHECKPOINT: 0.05,
    },
    jitter=0.2,
    boot_s=3.0,
    shutdown_s=1.0,
)
"""About what libvirt takes on an unloaded host, for a simulated cloud that people look at."""
