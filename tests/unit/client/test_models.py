"""The generated models: what the API describes, and what becomes of what it will describe one day."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from support.scripted_api import machine
from zaffre.client import MachineState, NewAccountBody, NewSizeBody, VirtualMachineView
from zaffre.edge.client_models import MODELS, DescriptionUnfit, _merged, models_text

DESCRIPTIONS = Path(__file__).parents[3] / "docs/api"


def test_the_checked_in_models_are_what_the_descriptions_say() -> None:
    told = "run `python -m zaffre.edge.client_models` and check its result in"
    assert MODELS.read_text() == models_text(DESCRIPTIONS), told


def test_models_that_are_broken_can_be_written_again() -> None:
    listing = "import sys, zaffre.edge.client_models; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, check=True, text=True).stdout.split()
    assert [name for name in loaded if name.startswith("zaffre.client")] == []


def test_faces_that_mean_different_things_by_a_name_are_refused() -> None:
    text, number = {"type": "string"}, {"type": "integer"}
    descriptions = [{"components": {"schemas": {name: each}}} for name, each in (("a__Body", text), ("Body", number))]
    with pytest.raises(DescriptionUnfit, match="Body"):
        _merged(descriptions)


def test_fields_of_newer_servers_are_ignored() -> None:
    assert VirtualMachineView.model_validate(machine(colour="blue")).name == "web"


def test_states_of_newer_servers_are_taken_as_they_are() -> None:
    state = VirtualMachineView.model_validate(machine(state="hibernating")).state
    assert state == "hibernating"
    assert isinstance(state, MachineState)
    assert f"{state}" == "hibernating"


def test_states_that_are_known_are_members() -> None:
    assert VirtualMachineView.model_validate(machine(state="running")).state is MachineState.RUNNING
    assert VirtualMachineView.model_validate(machine(state="starting")).state is MachineState.STARTING


def test_a_misspelt_field_is_not_sent() -> None:
    with pytest.raises(ValidationError, match="memory"):
        NewSizeBody.model_validate({"name": "a", "vcpus": 1, "memory": 1, "memory_mib": 1})


def test_a_password_is_sent_but_not_shown() -> None:
    body = NewAccountBody(email="ann@example.org", name="Ann", password=SecretStr("correct horse"))
    assert "horse" not in repr(body)
    assert '"password":"correct horse"' in body.model_dump_json()
