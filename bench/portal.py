"""The admin portal at size, in a real browser: a list of 20,000 virtual machines, filtered, and watched for an hour.

A real server process and Chromium share the machine. What the page adds is told by the same questions asked of the API
without a page, in the same run. The hour's events are made by changing machines as fast as the server takes it.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from playwright.sync_api import CDPSession, Page, expect

from bench.figures import Figure, arguments, report, timings
from bench.population import Population, Populator
from bench.server import Server
from support.browser import chromium, chromium_program, window
from support.portal import sign_in
from zaffre.foundation.database import Database
from zaffre.foundation.secrets import Keyring

PASSWORD = "a benchmark's password"
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@zaffre.example", "the benchmark's admin"
SETTLING_S = 15.0
ROUNDS = 20
EVENTS = 3600
"""One a second for an hour."""
WARM_UP = 400
"""Events after which the page has everything it needs for the rest."""
LIST = "/virtual-machines"

_UNTIL = """([action, wanted]) => new Promise((resolve, reject) => {
    const started = performance.now();
    const look = () => {
        const row = document.querySelector('tbody tr[aria-rowindex="2"]');
        const busy = document.querySelector('table[aria-busy="true"]');
        if (row && !busy && row.textContent.includes(wanted))
            requestAnimationFrame(() => resolve(performance.now() - started));
        else if (performance.now() - started > 20000) reject(new Error(`no ${wanted} in the first row`));
        else setTimeout(look, 4);
    };
    action ? document.querySelector(action).click() : null;
    look();
})"""
"""Clicks something, and tells after how many milliseconds the first row of the list has a text."""

_TYPE = """text => {
    const box = document.querySelector('input[type="search"], input[role="searchbox"]');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, text);
    box.dispatchEvent(new Event('input', {bubbles: true}));
}"""


def measure(page: Page, server: Server, population: Population) -> list[Figure]:
    """Measure navigation, search and filter, the API beneath them, and an hour's events."""
    with httpx.Client(base_url=server.url("admin"), timeout=60) as api:
        answer = api.post("/sessions", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        api.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        names = [f"vm-{(n * 977) % len(population.machines):05}" for n in range(ROUNDS)]
        figures = timings("first_rows", [_first_rows(page) for _ in range(ROUNDS)], 1000)
        figures += timings("api_first_rows", _asked(api, lambda _: {"$orderby": "name", "$top": "50"}))
        figures += timings("search", [_search(page, name) for name in names])
        figures += timings("api_search", _asked(api, lambda n: {"$search": names[n], "$orderby": "name"}))
        hosts = [host["id"] for host in api.get("/hosts", params={"$top": str(ROUNDS)}).json()["value"]]
        figures += timings("filter", [_filter(page, host, _first_on(api, host)) for host in hosts], 300)
        figures += timings("api_filter", _asked(api, lambda n: {"$filter": f"host_id eq '{hosts[n]}'"}))
        return figures + _hour(page, api, population)


def _first_rows(page: Page) -> float:
    """Go to the list from another page by its link in the rail; returns seconds until its first row is there."""
    page.evaluate("() => document.querySelector('nav a[href$=\"/hosts\"]').click()")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hosts")
    return page.evaluate(_UNTIL, [f"nav a[href$='{LIST}']", "vm-"]) / 1000


def _search(page: Page, name: str) -> float:
    page.evaluate(_TYPE, name)
    return page.evaluate(_UNTIL, [None, name]) / 1000


def _filter(page: Page, host_id: str, first: str) -> float:
    """Follow an address with a filter within the list, as its pills do; returns seconds until the rows have changed."""
    page.evaluate(
        """host => {
            const search = new URLSearchParams({f: JSON.stringify({host_id: [host]})});
            history.pushState({}, "", `${location.pathname}?${search}`);
        }""",
        host_id,
    )
    return page.evaluate(_UNTIL, [None, first]) / 1000


def _first_on(api: httpx.Client, host_id: str) -> str:
    """Return the name of the machine that the list of a host's machines begins with."""
    parameters = {"$filter": f"host_id eq '{host_id}'", "$orderby": "name", "$top": "1"}
    return str(api.get(LIST, params=parameters).raise_for_status().json()["value"][0]["name"])


def _asked(api: httpx.Client, parameters: Callable[[int], dict[str, str]]) -> list[float]:
    taken: list[float] = []
    for number in range(ROUNDS):
        began_s = time.perf_counter()
        api.get(LIST, params={"$count": "true", **parameters(number)}).raise_for_status()
        taken.append(time.perf_counter() - began_s)
    return taken


def _hour(page: Page, api: httpx.Client, population: Population) -> list[Figure]:
    """Change machines while the list is open; returns how much the page's memory grew, and how fast that hour was."""
    devtools = page.context.new_cdp_session(page)
    page.goto(page.url.split("?")[0])
    page.evaluate(_UNTIL, [None, "vm-"])
    _change(api, population, range(WARM_UP))
    page.wait_for_timeout(2000)
    before_mib = _heap_mib(devtools)
    began_s = time.perf_counter()
    _change(api, population, range(WARM_UP, WARM_UP + EVENTS))
    seconds = time.perf_counter() - began_s
    page.wait_for_timeout(2000)
    after_mib = _heap_mib(devtools)
    return [
        Figure("events_played", EVENTS, ""),
        Figure("events_played_per_second", round(EVENTS / seconds, 1), "1/s"),
        Figure("heap_before", before_mib, "MiB"),
        Figure("heap_growth_over_an_hour", round(after_mib - before_mib, 2), "MiB", 5),
    ]


def _change(api: httpx.Client, population: Population, numbers: range) -> None:
    for number in numbers:
        # Every fifth is one of the machines on the first page.
        of_page = number % 5 == 0
        subscription_id, machine_id = population.machines[number % 50 if of_page else number % len(population.machines)]
        path = f"/subscriptions/{subscription_id}/virtual-machines/{machine_id}"
        api.patch(path, json={"tags": {"beat": str(number)}}).raise_for_status()


def _heap_mib(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    return round(devtools.send("Runtime.getHeapUsage")["usedSize"] / 2**20, 2)


async def _populate(directory: Path, options: Any) -> Population:
    database = Database(f"sqlite:///{directory / 'zaffre.sqlite'}")
    Keyring.at(directory / "secret.key")  # a site that has accounts has its key
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    populator = Populator(database, directory / "world", quick)
    population = await populator.populate(options.hosts, options.tenants, options.machines)
    await database.close()
    return population


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--tenants", type=int, default=200)
    options = parser.parse_args()
    if chromium_program() is None:
        print("Chromium is not installed")
        return 2
    with tempfile.TemporaryDirectory(prefix="zaffre-bench-") as name:
        directory = Path(name)
        population = asyncio.run(_populate(directory, options))
        flags = {
            "database.url": f"sqlite:///{directory / 'zaffre.sqlite'}",
            "fabric.simulated_world": directory / "world",
            "identity.bootstrap_admin_password": ADMIN_PASSWORD,
            "identity.access_token_lifetime_s": 3600,
        }
        with Server(directory, flags) as server, chromium() as browser, window(browser) as (_, page):
            time.sleep(SETTLING_S)
            sign_in(page, server.portal_url("admin"), ADMIN_EMAIL, ADMIN_PASSWORD)
            figures = measure(page, server, population)
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
