"""Help and completion: what the command line says of itself, quickly."""

import importlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command, get_group

from support.command_line import MACHINES, Person, scripted
from support.scripted_api import ID, machine, page, problem
from support.server_process import ZAFFRE, clean_environment
from zaffre.cli.exit_codes import ExitCode
from zaffre.cli.main import ENTRIES

LINE = 80
GOLDEN = Path(__file__).with_name("help.txt")


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with the words that call it."""
    for entry in ENTRIES:
        module, attribute = entry.place.split(":")
        app: typer.Typer = getattr(importlib.import_module(module), attribute)
        yield from below(entry.name, get_group(app) if app.registered_callback else get_command(app))


def below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from below(f"{path} {name}", each)


COMMANDS = list(commands())


def test_the_help_is_a_page_that_names_everything(person: Person) -> None:
    shown = person.does("--help", COLUMNS="80")
    assert shown.out == GOLDEN.read_text(), f"if this is as it should be: COLUMNS=80 zaffre --help > {GOLDEN.name}"
    assert shown.err == ""


def test_the_help_names_every_exit_code(person: Person) -> None:
    shown = person.does("--help").out
    assert all(code.text in shown for code in ExitCode)


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_says_what_it_is_for(path: str, command: Any) -> None:
    assert command.help, path
    if " " in path:
        siblings = [each.split(" ")[-1] for each, _ in COMMANDS if each.rpartition(" ")[0] == path.rpartition(" ")[0]]
        shown = command.get_short_help_str(LINE - 6 - max(map(len, siblings)))
        assert not shown.endswith("..."), f"{path}: the first sentence of its help is too long for a list"
    for parameter in command.params:
        assert parameter.help, f"{path}: {parameter.name} has no help"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_has_a_page_of_help(person: Person, entry: Any) -> None:
    assert f"Usage: zaffre {entry.name}" in person.does(f"{entry.name} --help").out
    assert person.does(f"{entry.name} -h").out == person.does(f"{entry.name} --help").out


def loaded_by(*arguments: str, **environment: str) -> set[str]:
    """Return the modules that a command loaded in a process of its own."""
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from zaffre.cli.main import main; main()"
    )
    command = [ZAFFRE[0], "-c", program, *arguments]
    ended = subprocess.run(command, capture_output=True, check=False, text=True, env=clean_environment(**environment))
    return set(ended.stderr.splitlines()[-1].split())


SERVER = {"alembic", "dbos", "fastapi", "sqlalchemy", "starlette", "structlog", "uvicorn", "zaffre.edge"}


def test_help_loads_neither_the_server_nor_the_client() -> None:
    assert loaded_by("--help") & (SERVER | {"httpx", "pydantic", "zaffre.client", "yaml"}) == set()


def test_commands_load_no_server(tmp_path: Path) -> None:
    loaded = loaded_by("vm", "list", ZAFFRE_CONFIG=str(tmp_path / "contexts.json"))
    assert "zaffre.client" in loaded
    assert loaded & (SERVER | {"yaml", "zaffre.cli.plan_commands"}) == set()
    assert {
        name for name in loaded if name.startswith("zaffre.") and name.split(".")[1] not in ("cli", "client")
    } == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_made_for_each_shell(shell: str) -> None:
    environment = clean_environment(_ZAFFRE_COMPLETE=f"source_{shell}")
    ended = subprocess.run(ZAFFRE, capture_output=True, text=True, check=False, env=environment)
    assert "zaffre" in ended.stdout
    assert "_ZAFFRE_COMPLETE" in ended.stdout or "complete" in ended.stdout


def completed(person: Person, words: str) -> list[str]:
    """Return what is offered for the last of some words."""
    with pytest.raises(SystemExit) as ended:
        person.types("", _ZAFFRE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1))
    assert ended.value.code == 0
    return person.completed.split()


def test_verbs_are_completed(person: Person) -> None:
    assert completed(person, "zaffre vm sh") == ["show", "shutdown"]
    assert completed(person, "zaffre sub") == ["subscription"]


def test_names_are_completed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, person, {f"GET {MACHINES}": page(machine("web"), machine("db"), machine("www"))})
    assert completed(person, "zaffre vm show w") == ["web", "www"]
    assert completed(person, "zaffre vm stop ") == ["web", "db", "www"]


def test_completion_works_in_the_subscription_that_was_named(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    api = scripted(monkeypatch, person, {f"GET {MACHINES}": page(machine("web"))})
    del person.environment["ZAFFRE_SUBSCRIPTION"]
    assert completed(person, f"zaffre vm show -s {ID} ") == ["web"]
    assert api.requests == [f"GET {MACHINES}"]


def test_completion_never_complains(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(person, "zaffre vm show ") == []
    scripted(monkeypatch, person, {f"GET {MACHINES}": problem(500, "internal.error")})
    assert completed(person, "zaffre vm show ") == []
    person.config.write_text("nonsense")
    assert completed(person, "zaffre vm list --context ") == []
