"""What would break a client of the API is found, and must be in the changelog."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/api_compatibility.py"
sys.path.insert(0, str(SCRIPT.parent))

from api_compatibility import incompatible  # noqa: E402 - the scripts are no package

PUBLIC = json.loads((ROOT / "docs/api/public.json").read_text())
LIST = "/subscriptions/{subscription_id}/disks"
ITEM = LIST + "/{disk_id}"


def schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def drop_operation(document: Any) -> None:
    del document["paths"][ITEM]["patch"]


def drop_answered_field(document: Any) -> None:
    del schema(document, "DiskView")["properties"]["serial"]


def answer_another_type(document: Any) -> None:
    schema(document, "DiskView")["properties"]["size_gib"] = {"type": "string"}


def answer_null(document: Any) -> None:
    schema(document, "DiskView")["properties"]["name"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def answer_it_not_always(document: Any) -> None:
    schema(document, "DiskView")["required"].remove("name")


def answer_another_status(document: Any) -> None:
    responses = document["paths"][LIST]["post"]["responses"]
    responses["201"] = responses.pop("202")


def drop_taken_field(document: Any) -> None:
    del schema(document, "NewDiskBody")["properties"]["virtual_machine_id"]


def require_a_field(document: Any) -> None:
    schema(document, "NewDiskBody")["required"].append("virtual_machine_id")


def take_less(document: Any) -> None:
    schema(document, "NewDiskBody")["properties"]["size_gib"]["maximum"] = 10


def take_no_null(document: Any) -> None:
    schema(document, "NewDiskBody")["properties"]["virtual_machine_id"] = {"type": "string"}


def require_a_parameter(document: Any) -> None:
    parameter = {"in": "query", "name": "why", "required": True, "schema": {"type": "string"}}
    document["paths"][ITEM]["delete"]["parameters"].append(parameter)


def drop_a_parameter(document: Any) -> None:
    parameters = document["paths"][LIST]["get"]["parameters"]
    parameters[:] = [each for each in parameters if each["name"] != "$filter"]


def drop_a_choice(document: Any) -> None:
    schema(document, "ImageKind")["enum"].remove("iso")


BREAKING = [
    (drop_operation, f"PATCH {ITEM}"),
    (drop_answered_field, f"GET {ITEM}"),
    (answer_another_type, f"GET {LIST}"),
    (answer_null, f"GET {ITEM}"),
    (answer_it_not_always, f"GET {ITEM}"),
    (answer_another_status, f"POST {LIST}"),
    (drop_taken_field, f"POST {LIST}"),
    (require_a_field, f"POST {LIST}"),
    (take_less, f"POST {LIST}"),
    (take_no_null, f"POST {LIST}"),
    (require_a_parameter, f"DELETE {ITEM}"),
    (drop_a_parameter, f"GET {LIST}"),
    (drop_a_choice, "POST /subscriptions/{subscription_id}/images"),
]


@pytest.mark.parametrize(("change", "operation"), BREAKING, ids=lambda each: getattr(each, "__name__", ""))
def test_what_breaks_a_client_is_found(change: Callable[[Any], None], operation: str) -> None:
    changed = copy.deepcopy(PUBLIC)
    change(changed)
    assert operation in dict(incompatible(PUBLIC, changed))


def test_what_is_new_breaks_nobody() -> None:
    changed = copy.deepcopy(PUBLIC)
    changed["paths"]["/new"] = {"get": {"responses": {"200": {"description": "new"}}}}
    schema(changed, "DiskView")["properties"]["colour"] = {"type": "string"}
    schema(changed, "DiskView")["required"].append("colour")
    schema(changed, "NewDiskBody")["properties"]["colour"] = {"type": "string"}
    schema(changed, "NewDiskBody")["required"].remove("name")
    schema(changed, "DiskState")["enum"].append("resting")
    assert list(incompatible(PUBLIC, changed)) == []
    assert list(incompatible(PUBLIC, PUBLIC)) == []


def test_a_release_is_kept_unless_the_changelog_says_otherwise(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@zaffre.example")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def compare() -> tuple[int, str]:
        code = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import api_compatibility, pathlib; "
        code += f"sys.exit(api_compatibility.main([], pathlib.Path({str(tmp_path)!r})))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    api = tmp_path / "docs/api"
    api.mkdir(parents=True)
    for face in ("admin", "tenant", "public"):
        (api / f"{face}.json").write_text(json.dumps(PUBLIC))
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n\n## 1.0.0\n")
    git("init", "--quiet")
    git("add", "-A")
    git("commit", "--quiet", "-m", "one")
    git("tag", "v1.0.0")
    assert compare() == (0, "0 operations changed incompatibly since v1.0.0.\n")
    changed = copy.deepcopy(PUBLIC)
    drop_operation(changed)
    (api / "tenant.json").write_text(json.dumps(changed))
    code, said = compare()
    assert code == 1
    assert f"`PATCH {ITEM}` below Unreleased" in said
    (tmp_path / "CHANGELOG.md").write_text(f"## Unreleased\n\n- `PATCH {ITEM}` is gone.\n\n## 1.0.0\n")
    assert compare()[0] == 0
