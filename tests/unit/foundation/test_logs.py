"""What the process writes to its log, in a process of its own because there is one log per process."""

import json
import subprocess
import sys
from typing import Literal

import pytest

PROGRAM = """
import logging, structlog
from structlog.contextvars import bound_contextvars
from zaffre.foundation.telemetry.logs import configure_logs
configure_logs("{level}", "{form}")
log = structlog.get_logger("zaffre.test")
def sign_in(password):
    token = "bearer " + password
    raise ValueError("it broke")
with bound_contextvars(request_id="r1"):
    log.info("said by us", number=3)
    logging.getLogger("some.library").warning("said by %s", "a library")
    try:
        sign_in("hunter2")
    except ValueError:
        log.exception("met a fault")
        logging.getLogger("some.library").exception("so did a library")
log.debug("details")
logging.getLogger("sqlalchemy.engine").info("SELECT secrets")
"""


def said(form: Literal["json", "console"], level: str = "info") -> str:
    program = PROGRAM.format(form=form, level=level)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    return run.stderr


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_never_show_the_values_of_variables(form: Literal["json", "console"]) -> None:
    text = said(form)
    assert "it broke" in text
    assert "sign_in" in text
    assert "hunter2" not in text
    assert "SELECT" not in text


def test_every_line_is_one_object_with_its_request() -> None:
    lines = [json.loads(line) for line in said("json").splitlines()]
    assert [line["event"] for line in lines] == [
        *("said by us", "said by a library", "met a fault", "so did a library"),
    ]
    assert {line["request_id"] for line in lines} == {"r1"}
    assert (lines[0]["number"], lines[0]["level"], lines[0]["logger"]) == (3, "info", "zaffre.test")
    assert "details" in said("json", "debug")
