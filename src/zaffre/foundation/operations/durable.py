"""Durable execution on DBOS: one workflow per attempt of an operation, one journalled DBOS step per action.

DBOS keeps its own tables: schema `dbos` of the same PostgreSQL database, or a second SQLite file beside ours, so that
its writes and ours do not wait for one lock. The two need not be atomic: an operation's row is the truth, actions are
idempotent, and the sweeper of the dispatcher mends any gap.

DBOS is one instance per process by its own design; this module is the only one that touches it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy.engine import make_url

from zaffre.foundation.operations.journal import Action, Outcome

WORKFLOW_NAME = "zaffre.operation"
APPLICATION_VERSION = "zaffre-operations-1"
"""DBOS resumes only workflows of its own version. The saga engine tolerates changed steps (they are looked up by name),
so this changes only when the engine itself can no longer read an older journal."""
STEP_THREADS = 16
LISTENER_POLL_S = 0.1
"""How often DBOS looks for notifications on SQLite. Nobody sends any, so a look costs nothing, but stopping waits for
the next one, and DBOS's own second is long for that."""

RunOperation = Callable[[str, "DurableJournal"], Awaitable[object]]


class WorkflowStanding(StrEnum):
    """What DBOS knows of an operation's workflow."""

    ABSENT = "absent"
    UNFINISHED = "unfinished"
    ENDED = "ended"


class DurableJournal:
    """The journal of the workflow that is running in this context."""

    async def record(self, name: str, action: Action) -> Outcome:
        """Run the action as a DBOS step: its outcome is kept, and returned instead of running it again."""
        return await DBOS.run_step_async({"name": name}, action)


class DurableRuntime:
    """Starts, resumes and looks up operations' workflows."""

    def __init__(self, database_url: str, worker: str) -> None:
        self._url = _system_database_url(database_url)
        self._worker = worker

    def launch(self, run: RunOperation) -> None:
        """Start DBOS in the running event loop; it takes up at once what this worker left unfinished."""
        if self._url.startswith("sqlite"):
            _prefer_write_ahead_log(self._url)
        logging.getLogger("dbos").setLevel(logging.WARNING)

        async def operation_workflow(operation_id: str) -> None:
            await run(operation_id, DurableJournal())

        DBOS(
            config=DBOSConfig(
                name="zaffre",
                system_database_url=self._url,
                application_version=APPLICATION_VERSION,
                executor_id=self._worker,
                max_executor_threads=STEP_THREADS,
                sys_db_pool_size=STEP_THREADS,
                log_level="WARNING",
                enable_otlp=False,
                db_engine_kwargs=_engine_arguments(self._url),
                notification_listener_polling_interval_sec=LISTENER_POLL_S,
            )
        )
        self._workflow = DBOS.workflow(name=WORKFLOW_NAME, max_recovery_attempts=None)(operation_workflow)
        DBOS.launch()

    async def start(self, operation_id: str, attempt: int) -> None:
        """Start the workflow of an attempt. One that exists already is left as it is."""
        with SetWorkflowID(_workflow_id(operation_id, attempt)):
            await DBOS.start_workflow_async(self._workflow, operation_id)

    async def standing(self, operation_id: str, attempt: int) -> WorkflowStanding:
        """Tell what DBOS knows of an attempt's workflow."""
        status = await DBOS.get_workflow_status_async(_workflow_id(operation_id, attempt))
        if status is None:
            return WorkflowStanding.ABSENT
        unfinished = status.status in ("PENDING", "ENQUEUED", "DELAYED")
        return WorkflowStanding.UNFINISHED if unfinished else WorkflowStanding.ENDED

    async def forget_finished(self, keep: timedelta, limit: int) -> int:
        """Delete up to `limit` journals of workflows that ended longer than `keep` ago."""
        before = (datetime.now(UTC) - keep).isoformat()
        old = await DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR"], end_time=before, limit=limit, load_input=False, load_output=False
        )
        if old:
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in old])
        return len(old)

    async def close(self) -> None:
        """Stop DBOS. What is unfinished is taken up by the next launch."""
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)


def _workflow_id(operation_id: str, attempt: int) -> str:
    return operation_id if attempt == 1 else f"{operation_id}.{attempt}"


def _system_database_url(database_url: str) -> str:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if not url.database:
        raise ValueError("operations need a SQLite file, not a database in memory")
    stem = url.database.removesuffix(".sqlite")
    return f"sqlite:///{stem}-operations.sqlite"


class _JournalConnection(sqlite3.Connection):
    """Commits without waiting for the disk: after a power cut the last actions are repeated, which is harmless."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA synchronous=NORMAL")


def _engine_arguments(url: str) -> dict[str, Any]:
    return {"connect_args": {"factory": _JournalConnection}} if url.startswith("sqlite") else {}


def _prefer_write_ahead_log(url: str) -> None:
    """Switch the file to WAL before DBOS opens it: the mode stays with the file and makes commits cheaper."""
    connection = sqlite3.connect(str(make_url(url).database))
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
