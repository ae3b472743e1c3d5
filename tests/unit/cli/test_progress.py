"""Waiting for operations in sight of whoever waits."""

from typing import Any, NoReturn

import httpx
import pytest

from support.command_line import MACHINES, TERMINAL, Person, scripted
from support.scripted_api import ID, accepted, event, machine, ok, operation, page, stream
from zaffre.cli.exit_codes import ExitCode

PROBLEM = {
    "type": "urn:zaffre:problem:fabric.no_room",
    "title": "No room",
    "status": 409,
    "code": "fabric.no_room",
    "detail": "No host has 64 GiB.",
    "remedy": "Add a host.",
}
STEPS = [
    operation("queued", sentence="Waiting for its turn"),
    operation(percent=40, sentence="Choosing a host"),
    operation(percent=45, sentence="Choosing a host"),
    operation(percent=60, sentence="Starting the guest"),
    operation("succeeded", 100, "Done"),
]


def routes(*operations: Any) -> dict[str, Any]:
    return {
        f"GET {MACHINES}": page(machine(state="stopped")),
        f"GET {MACHINES}/{ID}": ok(machine()),
        "GET /subscriptions": page({**machine(), "name": "shop", "plan_id": ID, "account_id": ID, "state": "active"}),
        f"POST {MACHINES}/{ID}/start": accepted(machine(state="starting")),
        "GET /operations": page(operation()),
        f"GET /operations/{ID}": [ok(each) if isinstance(each, dict) else each for each in operations],
    }


def interrupted(_request: httpx.Request) -> NoReturn:
    raise KeyboardInterrupt


def test_progress_is_a_line_for_each_change_where_there_is_no_terminal(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, person, routes(*STEPS))
    assert person.does("vm start web").err.splitlines() == [
        "   0%  Waiting for its turn",
        "  40%  Choosing a host",
        "  60%  Starting the guest",
        " 100%  Done",
        "✓ Virtual machine web is running.",
    ]


def test_progress_is_a_bar_on_a_terminal(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(*STEPS))
    told = person.does("vm start web", **TERMINAL).err
    assert "Done" in told
    assert "100%" in told
    assert "━" in told
    assert told.splitlines()[-1].endswith("✓ Virtual machine web is running.")


def test_only_the_resource_is_printed_for_programs(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(*STEPS))
    assert person.gets("vm start web")["state"] == "running"


def test_nobody_has_to_wait(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    api = scripted(monkeypatch, person, routes(*STEPS))
    result = person.does("vm start web --no-wait -o json")
    assert result.json["state"] == "starting"
    assert result.err == f"Accepted. Follow it with: zaffre operation wait {ID}\n"
    assert f"GET /operations/{ID}" not in api.requests


def test_an_operation_that_fails_says_why(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(operation("failed", 40, "Undone", problem=PROBLEM)))
    result = person.types("vm start web")
    assert result.code == ExitCode.OPERATION_FAILED
    assert result.err.splitlines()[1:] == [
        "Error: No room.",
        "  No host has 64 GiB.",
        "  Add a host.",
        f"  code fabric.no_room · operation {ID}",
    ]


def test_a_stuck_operation_says_how_to_go_on(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(operation("stuck", 40, "Stuck", problem=PROBLEM)))
    result = person.types("vm start web")
    assert result.code == ExitCode.OPERATION_FAILED
    assert f"Add a host. Then: zaffre operation retry {ID}" in result.err


def test_an_operation_that_takes_too_long_goes_on(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(operation(percent=40, sentence="Choosing a host")))
    result = person.types("vm start web --timeout 5")
    assert result.code == ExitCode.OPERATION_FAILED
    assert "After 5 s it is running: Choosing a host." in result.err
    assert f"zaffre operation wait {ID}" in result.err


def test_ctrl_c_stops_the_waiting_and_not_the_operation(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(operation(percent=40), interrupted))
    result = person.types("vm start web")
    assert result.code == ExitCode.INTERRUPTED
    assert result.err.splitlines()[-3:] == [
        "No longer waiting. The operation goes on:",
        f"  wait again    zaffre operation wait {ID}",
        f"  cancel it     zaffre operation cancel {ID}",
    ]


def test_an_operation_can_be_waited_for_again(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, routes(operation("succeeded", 100, "Done")))
    told = person.does(f"operation wait {ID[-8:]}").err.splitlines()[-1]
    assert told == "✓ Create virtual machine web has succeeded."


def test_followed_events_come_one_by_one(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    live = {
        "GET /events/history": ok({"value": [event(1)], "before": None}),
        "GET /events": [stream(event(2)), stream(event(3)), interrupted],
    }
    scripted(monkeypatch, person, live)
    result = person.types("events --follow -o json")
    assert result.code == ExitCode.INTERRUPTED
    assert [line.split('"cursor": "')[1][:3] for line in result.out.splitlines()] == ["0.1", "0.2", "0.3"]


def test_followed_events_are_lines_for_people(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    told = event(2, kind="operation.failed", data={"operation_kind": "virtual_machine.create", "detail": "No room."})
    live = {
        "GET /events/history": ok({"value": [event(1)], "before": None}),
        "GET /events": [stream(told), interrupted],
    }
    scripted(monkeypatch, person, live)
    assert person.types("events --follow").out.splitlines() == [
        "00:00:00   virtual machine started      vm1",
        "00:00:00   operation failed             vm2                create virtual machine: No room.",
    ]


def test_a_serial_log_is_followed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [
        ok({"text": "one\n", "offset": 0, "next_offset": 4, "size": 4}),
        ok({"text": "two\n", "offset": 4, "next_offset": 8, "size": 8}),
        interrupted,
    ]
    scripted(monkeypatch, person, {f"GET {MACHINES}": page(machine()), f"GET {MACHINES}/{ID}/serial-log": pieces})
    result = person.types("vm log web --follow")
    assert result.code == ExitCode.INTERRUPTED
    assert result.out == "one\ntwo\n"


def test_a_guest_cannot_steer_the_terminal_of_who_reads_its_log(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "a\x1b]0;owned\x07b\x1b[2Jc\x9b31md\r\n\te\x00"
    piece = ok({"text": text, "offset": 0, "next_offset": 4, "size": 4})
    scripted(monkeypatch, person, {f"GET {MACHINES}": page(machine()), f"GET {MACHINES}/{ID}/serial-log": piece})
    assert person.does("vm log web", **TERMINAL).out == "abc31md\n\te"
    assert person.does("vm log web").out == text


def test_an_operation_is_shown_with_its_steps_and_why_it_failed(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {"started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T00:00:01.500000+00:00"}
    steps = [
        {"name": "place", "direction": "do", "result": "done", **took},
        {"name": "guest", "direction": "do", "result": "failed", **took},
        {"name": "place", "direction": "undo", "result": "done", **took},
        {"name": "disk", "direction": "undo", "result": "failed"},
    ]
    failed = operation("failed", 40, "Undone", problem=PROBLEM, steps=steps)
    scripted(monkeypatch, person, routes(failed))
    shown = person.does(f"operation show {ID}").out
    assert "Create virtual machine" in shown
    assert "No host has 64 GiB." in shown
    assert shown.endswith(
        "Steps\n"
        "  STEP    RESULT             TOOK\n"
        "  place   done             1.50 s\n"
        "  guest   failed           1.50 s\n"
        "  place   undone           1.50 s\n"
        "  disk    undoing failed        -\n"
    )


def test_an_operation_is_cancelled_once_confirmed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    script = routes(operation()) | {f"POST /operations/{ID}/cancel": ok(operation(cancel_requested=True), 202)}
    api = scripted(monkeypatch, person, script)
    told = person.does(f"operation cancel {ID} --yes").err
    assert told == f"✓ Create virtual machine web is asked to stop. Watch it: zaffre operation wait {ID}\n"
    assert f"POST /operations/{ID}/cancel" in api.requests


def test_a_stuck_operation_is_retried(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    script = routes(operation("stuck")) | {f"POST /operations/{ID}/retry": ok(operation("queued"), 202)}
    scripted(monkeypatch, person, script)
    told = person.does(f"operation retry {ID}", ZAFFRE_ADMIN_URL="http://zaffre.example").err
    assert "Create virtual machine web is tried again." in told
