"""What people read, and what the shell learns, when something cannot be done."""

import httpx
import pytest

from support.command_line import MACHINES, TERMINAL, Person, scripted
from support.scripted_api import ID, disk, machine, page, problem
from support.server_process import ServerProcess
from zaffre.cli.exit_codes import ExitCode

FIELDS = [{"target": "name", "detail": "too long"}, {"target": "size", "detail": "missing"}]


def refused(person: Person, monkeypatch: pytest.MonkeyPatch, answer: object, line: str = "vm list") -> tuple[int, str]:
    scripted(monkeypatch, person, {f"GET {MACHINES}": answer})
    result = person.types(line)
    assert result.out == ""
    return result.code, result.err


def test_a_refusal_is_one_block(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = problem(409, "quota.exceeded", title="Quota exceeded", target="vcpus", request_id="r-1")
    _, told = refused(person, monkeypatch, answer)
    assert told == (
        "Error: Quota exceeded.\n"
        "  It did not work.\n"
        "  Try something else.\n"
        "  code quota.exceeded · about vcpus · request r-1\n"
    )


def test_every_field_that_is_wrong_is_named(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told = refused(person, monkeypatch, problem(400, "request.invalid", errors=FIELDS))
    assert "  • name: too long\n  • size: missing\n  Correct what is named above" in told


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem(400, "request.invalid"), ExitCode.REFUSED),
        (problem(401, "identity.unauthenticated"), ExitCode.NOT_ALLOWED),
        (problem(403, "identity.forbidden"), ExitCode.NOT_ALLOWED),
        (problem(404, "resource.not_found"), ExitCode.NOT_FOUND),
        (problem(404, "route.not_found"), ExitCode.NOT_FOUND),
        (problem(409, "resource.conflict"), ExitCode.REFUSED),
        (problem(500, "internal.error"), ExitCode.REFUSED),
        (problem(503, "service.unavailable"), ExitCode.REFUSED),
        (httpx.ConnectError("connection refused"), ExitCode.UNREACHABLE),
        (httpx.ReadTimeout("timed out"), ExitCode.UNREACHABLE),
    ],
)
def test_the_exit_code_says_what_kind_of_refusal_it_was(
    person: Person, monkeypatch: pytest.MonkeyPatch, answer: object, code: ExitCode
) -> None:
    assert refused(person, monkeypatch, answer)[0] == code


def test_who_is_not_signed_in_is_told_how_to(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told = refused(person, monkeypatch, problem(401, "identity.unauthenticated"))
    assert "  Sign in with: zaffre login\n" in told


def test_who_knows_no_site_is_told_how_to_sign_in(person: Person) -> None:
    result = person.types("vm list")
    assert result.code == ExitCode.NOT_ALLOWED
    assert result.err == (
        "Error: You are not signed in.\n"
        "  No site is known in the context 'default'.\n"
        "  Sign in with: zaffre login --url https://cloud.example:30006\n"
    )


def test_a_wrong_password_is_not_answered_with_sign_in(person: Person, served: ServerProcess) -> None:
    result = person.types(f"login --url {served.url} --email nobody@example.org", ZAFFRE_PASSWORD="wrong password")
    assert result.code == ExitCode.NOT_ALLOWED
    assert "zaffre login" not in result.err
    assert not person.config.exists()


def test_tenants_are_told_what_is_for_administrators(tenant: Person) -> None:
    result = tenant.types("host list")
    assert result.code == ExitCode.NOT_ALLOWED
    assert result.err == (
        "Error: This is for administrators.\n  If you are one, sign in with: zaffre login --url URL --admin-url URL\n"
    )


def test_a_server_that_is_away_is_named(person: Person) -> None:
    result = person.types("plan list", ZAFFRE_URL="http://127.0.0.1:9", ZAFFRE_TOKEN="zat_x")
    assert result.code == ExitCode.UNREACHABLE
    assert "http://127.0.0.1:9 cannot be reached" in result.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("vm", "Usage: zaffre vm"),
        ("vm lst", "Did you mean 'list'?"),
        ("vm create", "Missing argument 'NAME'"),
        ("vm create web --image tiny", "--size"),
        ("vm list --limit 0", "greater than or equal to 1"),
        ("vm list -o xml", "'xml'"),
        ("vm list --contxt x", "--contxt"),
        ("vm list --context nowhere", "There is no context 'nowhere'."),
        ("vm list --set a", "No such option"),
        ("network create n --subnet 10.0.0.0/24", "NAME=CIDR"),
        ("login --url nonsense --email a@b --password-stdin", "'nonsense' is not the address of a server"),
        ("context use nowhere", "zaffre context list"),
        ("serve --set api.colour=blue", "api.colour (--set api.colour): is not a setting"),
        ("serve --config /nowhere.toml", "/nowhere.toml"),
    ],
)
def test_what_is_written_wrongly_is_pointed_out(person: Person, line: str, told: str) -> None:
    result = person.types(line)
    assert result.code == ExitCode.USAGE, result
    assert told in result.err
    assert "Traceback" not in result.err


def test_a_subscription_must_be_clear(tenant: Person) -> None:
    tenant.does("subscription create stall --plan Starter")
    tenant.does("subscription use stall")
    tenant.does("subscription delete stall --yes")
    assert tenant.does("vm list").code == 0
    tenant.does("subscription create stall --plan Starter")
    tenant.does("context delete default")
    assert tenant.types("vm list").code == ExitCode.NOT_ALLOWED


def test_several_subscriptions_need_a_choice(tenant: Person) -> None:
    tenant.does("subscription create stall --plan Starter")
    text = tenant.config.read_text()
    tenant.config.write_text(text.replace("subscription_id", "forgotten"))
    result = tenant.types("vm list")
    assert result.code == ExitCode.USAGE
    assert "zaffre subscription use NAME" in result.err
    assert tenant.types("vm list -s stall").code == 0
    assert tenant.types("vm list -s nowhere").code == ExitCode.NOT_FOUND


def test_a_fault_of_ours_is_no_traceback(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr("zaffre.cli.invocation.table_of", broken)
    scripted(monkeypatch, person, {f"GET {MACHINES}": page(machine())})
    result = person.types("vm list")
    assert result.code == ExitCode.REFUSED
    assert "RuntimeError: oops" in result.err
    assert "Traceback" not in result.err
    assert "Traceback" in person.types("vm list", ZAFFRE_DEBUG="1").err


DESTRUCTIVE = "vm delete web"


def machine_routes() -> dict[str, object]:
    port = {"id": ID, "vm_network_id": ID, "subnet_id": ID, "mac": "0a", "address": "10.0.0.2", "up": True}
    found = machine(ports=[port], disks=[disk()])
    return {f"GET {MACHINES}": page(found), f"DELETE {MACHINES}/{ID}": problem(409, "resource.conflict")}


def test_destruction_is_confirmed_knowing_what_goes(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    api = scripted(monkeypatch, person, machine_routes())
    result = person.types(DESTRUCTIVE, answers="n\n", **TERMINAL)
    assert result.code == ExitCode.REFUSED
    assert "  - disk web, 8 GiB, with all that is on it" in result.err
    assert "  - address 10.0.0.2" in result.err
    assert "Delete the virtual machine web, which is running? [y/N]" in result.err
    assert "Nothing was done." in result.err
    assert f"DELETE {MACHINES}/{ID}" not in api.requests


def test_destruction_happens_once_confirmed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    api = scripted(monkeypatch, person, machine_routes())
    person.types(DESTRUCTIVE, answers="y\n", **TERMINAL)
    assert f"DELETE {MACHINES}/{ID}" in api.requests


def test_destruction_needs_yes_where_nobody_can_be_asked(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    api = scripted(monkeypatch, person, machine_routes())
    result = person.types(DESTRUCTIVE)
    assert result.code == ExitCode.USAGE
    assert "Add --yes if you are sure." in result.err
    assert f"DELETE {MACHINES}/{ID}" not in api.requests
    person.types(f"{DESTRUCTIVE} --yes")
    assert f"DELETE {MACHINES}/{ID}" in api.requests
