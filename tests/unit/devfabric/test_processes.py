"""A process is ended only if it is still the one that was meant."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from zaffre.devfabric.processes import Process, all_processes, carries_mark, end, look_at, parse_stat

PAUSE = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


@pytest.fixture
def start() -> Iterator:
    children: list[subprocess.Popen[bytes]] = []

    def start(program: str, **environment: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", program], stdout=subprocess.PIPE, env={**os.environ, **environment}
        )
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def seen(child: subprocess.Popen[bytes]) -> Process:
    process = look_at(child.pid)
    assert process is not None
    return process


def test_a_process_is_described_as_it_is(start):
    process = seen(start(PAUSE))
    assert process.program.startswith("python")
    assert process.arguments[-1] == PAUSE
    assert process.network_namespace == Path("/proc/self/ns/net").stat().st_ino


def test_a_process_that_is_gone_is_not_there(start):
    child = start(PAUSE)
    child.kill()
    child.wait()
    assert look_at(child.pid) is None


def test_a_process_that_died_and_was_not_reaped_is_not_there(start):
    child = start(PAUSE)
    process = seen(child)
    assert end([process], lambda _: True) == [process]
    assert look_at(child.pid) is None


def test_a_process_that_ignores_the_request_is_killed(start):
    child = start(STUBBORN)
    process = seen(child)
    assert end([process], lambda _: True, grace_s=0.1) == [process]
    assert child.wait() == -signal.SIGKILL


def test_a_pid_that_was_reused_is_left_alone(start):
    child = start(PAUSE)
    predecessor = replace(seen(child), started_ticks=seen(child).started_ticks - 1)
    assert end([predecessor], lambda _: True) == []
    assert child.poll() is None


def test_a_process_that_no_longer_belongs_is_left_alone(start):
    child = start(PAUSE)
    assert end([seen(child)], lambda _: False) == []
    assert child.poll() is None


def test_a_mark_is_found_in_the_environment_it_was_started_with(start):
    child = start(PAUSE, SOME_FABRIC="/srv/a")
    assert carries_mark(child.pid, "SOME_FABRIC", "/srv/a")
    assert not carries_mark(child.pid, "SOME_FABRIC", "/srv")
    assert not carries_mark(child.pid, "OTHER_FABRIC", "/srv/a")


def test_neither_this_process_nor_its_ancestors_are_ever_found(start):
    child = start(PAUSE)
    found = {process.pid for process in all_processes()}
    assert child.pid in found
    assert os.getpid() not in found
    assert os.getppid() not in found


def test_a_program_whose_name_has_spaces_and_parentheses_is_understood():
    fields = ["S", *(str(number) for number in range(4, 53))]
    assert parse_stat(f"42 (a) b (c)) {' '.join(fields)}") == ("S", 22)
