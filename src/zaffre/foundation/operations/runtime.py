"""Everything that a worker process runs for operations, put together."""

from collections.abc import Iterable
from datetime import timedelta

from zaffre.foundation.actor import system_actor
from zaffre.foundation.background import Loop
from zaffre.foundation.operations.dispatcher import Dispatcher
from zaffre.foundation.operations.durable import DurableRuntime
from zaffre.foundation.operations.engine import Engine
from zaffre.foundation.operations.operations import Operations
from zaffre.foundation.operations.progress import ProgressBoard
from zaffre.foundation.operations.saga import Saga
from zaffre.foundation.settings import OperationSettings
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import UnitsOfWork

PROGRESS_INTERVAL_S = 0.25
HOUSEKEEPING_INTERVAL_S = 300.0
HOUSEKEEPING_BATCH = 500


class OperationsRuntime:
    """Engine, dispatcher, durable execution and housekeeping of one worker."""

    def __init__(
        self, units: UnitsOfWork, sagas: Iterable[Saga], settings: OperationSettings, metrics: Metrics
    ) -> None:
        self._units = units
        self._keep = timedelta(days=settings.keep_history_days)
        self._durable = DurableRuntime(units.database.url, settings.worker)
        board = ProgressBoard(units)
        self._dispatcher = Dispatcher(
            units,
            Engine(units, sagas, board, metrics),
            self._durable,
            worker=settings.worker,
            slots_per_queue=settings.concurrency_per_stamp,
            sweep_interval_s=settings.sweep_interval_s,
            metrics=metrics,
        )
        self._progress = Loop("operation progress", PROGRESS_INTERVAL_S, board.flush, units.clock, metrics)
        self._housekeeping = Loop(
            "operation housekeeping", HOUSEKEEPING_INTERVAL_S, self._forget_old, units.clock, metrics
        )
        self.loops = (self._dispatcher.loop, self._progress, self._housekeeping)

    def start(self) -> None:
        """Resume what this worker left unfinished and begin taking new operations."""
        self._durable.launch(self._dispatcher.run)
        self._progress.start()
        self._dispatcher.start()
        self._housekeeping.start()

    async def stop(self) -> None:
        """Stop; operations under way are resumed by the next start."""
        await self._dispatcher.stop()
        await self._housekeeping.stop()
        await self._progress.stop()
        await self._durable.close()

    async def _forget_old(self) -> None:
        async with self._units.write(system_actor("housekeeping")) as work:
            await Operations(work).forget_finished(work.clock.now() - self._keep, HOUSEKEEPING_BATCH)
        await self._durable.forget_finished(timedelta(days=1), HOUSEKEEPING_BATCH)
