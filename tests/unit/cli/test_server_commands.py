"""`zaffre serve`, `openapi`, `version`."""

import json
import subprocess
from pathlib import Path

import pytest

from support.command_line import Person
from support.server_process import ZAFFRE, ServerProcess, clean_environment, free_ports, settings_arguments
from zaffre.cli.environment import CLIENT_VARIABLES, server_environment
from zaffre.client import RetryPolicy, Zaffre
from zaffre.foundation.settings import Settings, load_settings

DESCRIPTIONS = Path(__file__).parents[3] / "docs/api"


def test_what_steers_the_command_line_is_not_taken_for_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLIENT_VARIABLES:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("ZAFFRE_LOGGING__LEVEL", "debug")
    settings = load_settings(environment={k: v for k, v in server_environment().items() if k.startswith("ZAFFRE_")})
    assert settings.logging.level == "debug"


def test_no_setting_has_the_name_of_a_client_variable() -> None:
    sections = {f"ZAFFRE_{name.upper()}" for name in Settings.model_fields}
    assert sections & CLIENT_VARIABLES == set()


def serve(*arguments: str) -> tuple[int, str]:
    """Run a server that ends at once: in a process of its own, because it configures logging for all of it."""
    command = [*ZAFFRE, "serve", *arguments]
    ended = subprocess.run(command, capture_output=True, check=False, text=True, env=clean_environment())
    return ended.returncode, ended.stderr


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, told = serve("--set", f"state_directory={tmp_path}/file/state")
    assert code == 2
    assert f"state_directory: {tmp_path}/file/state" in told


def test_a_second_server_on_the_same_state_is_refused(served: ServerProcess) -> None:
    state = served.image_file.parent / "state"
    code, told = serve("--parts", "worker", "--set", f"state_directory={state}")
    assert code == 2
    assert "another server is running" in told


def test_the_descriptions_are_written(person: Person, tmp_path: Path) -> None:
    written = person.does(f"openapi {tmp_path / 'api'}").out.splitlines()
    assert [Path(line).name for line in written] == ["admin.json", "tenant.json", "public.json"]
    for name in ("admin.json", "public.json"):
        ours, theirs = (json.loads((directory / name).read_text()) for directory in (tmp_path / "api", DESCRIPTIONS))
        assert ours["info"] == theirs["info"]


def test_versions_are_told_of_both_sides(person: Person, served: ServerProcess) -> None:
    alone = person.does("version")
    assert alone.out.startswith("zaffre ")
    assert len(alone.out.splitlines()) == 1
    both = person.does("version", ZAFFRE_URL=served.url)
    assert served.url in both.out
    assert person.gets("version", ZAFFRE_URL=served.url)["server"] == person.gets("version")["client"]


def test_a_server_that_is_away_does_not_keep_its_version_from_being_told(person: Person) -> None:
    result = person.does("version", ZAFFRE_URL="http://127.0.0.1:9")
    assert result.out.startswith("zaffre ")
    assert "does not answer" in result.err


def test_a_database_that_does_not_answer_is_the_settings_fault(tmp_path: Path) -> None:
    code, told = serve(
        *("--set", f"state_directory={tmp_path}"),
        *("--set", "database.url=postgresql://zaffre:secret-of-mine@127.0.0.1:1/zaffre"),
    )
    assert code == 2
    assert "database.url: the database cannot be used" in told
    assert "secret-of-mine" not in told


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("A" * 43 + "=\n")
    (tmp_path / "secret.key").chmod(0o644)
    code, told = serve("--set", f"state_directory={tmp_path}")
    assert code == 2
    assert f"secret_key_file: {tmp_path}/secret.key can be read by others" in told


def test_a_lost_key_is_not_replaced_by_another(tmp_path: Path) -> None:
    arguments = settings_arguments(tmp_path, free_ports(3))
    state = tmp_path / "state"
    with (tmp_path / "log").open("wb") as log:
        first = subprocess.Popen([*ZAFFRE, "serve", *arguments], stdout=log, stderr=log, env=clean_environment())
    try:
        port = int(next(a for a in arguments if a.startswith("api.public_port=")).partition("=")[2])
        with Zaffre(f"http://127.0.0.1:{port}", retries=RetryPolicy(attempts=1000, longest_delay_s=0.1)) as client:
            client.alive()
    finally:
        first.terminate()
        first.wait(timeout=60)
    (state / "secret.key").unlink()
    code, told = serve(*arguments)
    assert code == 2
    assert f"secret_key_file: {state}/secret.key is missing" in told
    assert not (state / "secret.key").exists()
