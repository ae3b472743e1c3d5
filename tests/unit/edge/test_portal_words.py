"""The portals have words for everything that the server does."""

import json
import re
from pathlib import Path

import pytest

from support.cloud import SimulatedCloud
from zaffre.compute.states import Transition
from zaffre.identity import HELD_IN_SUBSCRIPTIONS, Permission
from zaffre.management.roles import ALWAYS

ROOT = Path(__file__).parents[3]
LOCALES = ROOT / "portal" / "src" / "locales"
SOURCE = ROOT / "src" / "zaffre"


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_kind_of_operation_has_a_name(api: SimulatedCloud, language: str) -> None:
    words = json.loads((LOCALES / language / "frame.json").read_text(encoding="utf-8"))["values"]["kind"]
    assert set(words) == {saga.kind.replace(".", "_") for saga in api.site.sagas}
    assert all(words.values())


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_event_has_a_name(language: str) -> None:
    words = json.loads((LOCALES / language / "events.json").read_text(encoding="utf-8"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    kinds = re.findall(r'emit\(\s*"([a-z_]+)\.([a-z_]+)"', code)
    assert len(kinds) > 50
    assert {noun for noun, _ in kinds} <= set(words["nouns"])
    assert {verb for _, verb in kinds} <= set(words["verbs"])
    assert set(Transition) <= set(words["verbs"])


def test_every_permission_can_be_put_into_a_role() -> None:
    offered = re.search(
        r"const PERMISSIONS = \[(.*?)\]", (LOCALES.parent / "resources" / "members.ts").read_text(), re.DOTALL
    )
    assert offered is not None
    expected = {permission.value for permission in HELD_IN_SUBSCRIPTIONS - ALWAYS}
    assert set(re.findall(r'"([a-z_.]+)"', offered[1])) == expected
    for language in ("en", "de"):
        texts = json.loads((LOCALES / language / "subscription_roles.json").read_text())["permissions"]
        assert set(texts) == {value.replace(".", "_") for value in expected}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_permission_is_explained(language: str) -> None:
    words = json.loads((LOCALES / language / "permissions.json").read_text(encoding="utf-8"))
    assert set(words["texts"]) == {permission.value.replace(".", "_") for permission in Permission}
    assert set(words["groups"]) == {permission.value.partition(".")[0] for permission in Permission}
