"""Books: an empty site with prices, on SQLite and PostgreSQL, whose last month benchmarks of money fill and look at."""

import asyncio
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.fernet import Fernet

import zaffre.edge.schema.tables  # noqa: F401 - every table is in the metadata from here on
from bench.figures import Figure
from bench.metering import ACTOR
from support.postgresql import postgres_server, server_programs
from zaffre.compute.meters import METERS
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database, Table
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring
from zaffre.foundation.settings import load_settings
from zaffre.foundation.work import UnitsOfWork
from zaffre.management.metering import Meters
from zaffre.management.money.months import Month
from zaffre.management.money.tables import OfferFeeRow, RateCardRow, RateCardUseRow, RateRow

Tiers = Sequence[tuple[str | None, str]]
"""Where each ends, and its price."""


@dataclass(frozen=True)
class Books:
    """A site without faces and loops."""

    units: UnitsOfWork
    meters: Meters
    month: Month
    """The last one that is over."""
    url: str

    async def price(self, prices: Mapping[str, Tiers], fees: Mapping[str, str] | None = None) -> None:
        """Price meters in euros, by one card for everybody, and give offers a monthly fee."""
        units, begin = self.units, self.month.plus(-3).begin
        told: dict[str, Any] = {"created_at": begin}
        card_id = units.ids.new()
        dated: dict[str, Any] = told | {"rate_card_id": card_id, "effective_from": begin}
        async with units.write(ACTOR) as work:
            work.add(RateCardRow(id=card_id, name="card", description="", currency="EUR", **told))
            await work.session.flush()
            for meter, tiers in prices.items():
                written = [{"up_to": up_to, "price": price} for up_to, price in tiers]
                work.add(RateRow(id=units.ids.new(), meter=meter, state="", tiers=written, **dated))
            work.add(RateCardUseRow(id=units.ids.new(), scope="default", **dated))
            for offer_id, amount in (fees or {}).items():
                fee = {"amount": amount, "currency": "EUR", "period": "month"}
                work.add(OfferFeeRow(offer_id=offer_id, effective_from=begin, offer_name="Basic", fee=fee))


@asynccontextmanager
async def books(directory: Path, url: str, *, fresh: bool = True) -> AsyncGenerator[Books]:
    """Open the books on a database: SQLite in a directory when no URL is given; `fresh` empties them."""
    flags = [f"state_directory={directory}", f"database.url={url}"]
    database = Database(load_settings(environment={}, flags=flags).database_url)
    if fresh:
        async with database.engine.begin() as connection:
            await connection.run_sync(Table.metadata.drop_all)
            await connection.run_sync(Table.metadata.create_all)
    units = UnitsOfWork(database, ManualClock(), SystemIds(), Keyring([Fernet.generate_key()]))
    meters = Meters([cast("Any", SimpleNamespace(name="virtual_machines", meters=METERS, watched=()))])
    try:
        yield Books(units, meters, Month.of(units.clock.now()).plus(-1), url)
    finally:
        await database.close()


def choose_databases(parser: ArgumentParser) -> None:
    """Let people say which databases are measured."""
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")


def on_each_database(options: Namespace, measure: Callable[[Path, str], Awaitable[list[Figure]]]) -> list[Figure]:
    """Measure on each database that was asked for and can be had; the figures carry its name."""

    def measured(database: str, url: str) -> list[Figure]:
        async def run() -> list[Figure]:
            return await measure(Path(directory), url)

        with tempfile.TemporaryDirectory(prefix="zaffre-bench-") as directory:
            return [replace(figure, name=f"{database}.{figure.name}") for figure in asyncio.run(run())]

    figures: list[Figure] = []
    if options.database in ("sqlite", "both"):
        figures += measured("sqlite", "")
    if options.database in ("postgresql", "both") and server_programs() is not None:
        with postgres_server(durable=True) as server, server.database() as url:
            figures += measured("postgresql", url)
    return figures
