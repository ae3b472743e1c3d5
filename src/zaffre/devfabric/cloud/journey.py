"""The main job, as a tenant does it: from signing up to deleting, with every claim checked from where it matters.

Whether machines reach each other is asked from inside them: their user-data asks the others for their names over HTTP
again and again, and writes the answers to the serial port, whose log the tenant reads through the API.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from zaffre.client import MachineState, VirtualMachineView, Zaffre, ZaffreError
from zaffre.client.models import SubscriptionState
from zaffre.devfabric.cloud.checks import Check, JourneyReport
from zaffre.devfabric.cloud.tenancy import Tenant, new_key_pair, settle_in
from zaffre.devfabric.progress import Progress

FIRST, SECOND, STRANGER = "10.10.0.11", "10.10.0.12", "10.10.0.21"
PASSWORD = "a demonstration's password"  # noqa: S105 - of accounts that live for a minute
READY_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 60.0
ROUNDS_TO_BE_SURE = 3
"""How often a machine must have asked in vain before it counts as unable to reach another."""
POLL_S = 0.5

USER_DATA = f"""#!/bin/sh
# Ask every address for its name, again and again; the answers can be read in the serial log.
while true; do
    for address in {FIRST} {SECOND} {STRANGER}; do
        answer=$(timeout 2 wget -q -O - "http://$address/" 2>/dev/null | tr -d '\\n')
        echo "PROBE $address ${{answer:-nothing}}"
    done
    sleep 1
done
"""
_PROBE = re.compile(r"PROBE (?P<address>[0-9.]+) (?P<answer>[^\r\n]*)")


class JourneyEnded(Exception):
    """A check failed on which everything after it depends."""


@dataclass(frozen=True)
class Journey:
    """One run of the journey. Its methods are its chapters; each adds checks to the report."""

    url: str
    admin: Zaffre
    progress: Progress
    report: JourneyReport
    started_s: float

    def run(self) -> None:
        """Travel. Ends early when a check fails that the rest needs; what went wrong is in the report."""
        try:
            with ExitStack() as clients:
                self._travel(clients)
        except JourneyEnded:
            pass
        except ZaffreError as error:
            self._note("The journey went on to its end", ok=False, detail=f"{error.title}: {error.detail}")

    def _travel(self, clients: ExitStack) -> None:
        _, public_key = new_key_pair()
        with self.progress.step("A tenant signs up, subscribes, makes a network and a key"):
            tenant = settle_in(self.url, "ann@zaffre.example", PASSWORD, public_key)
            clients.enter_context(tenant.client)
        self._check_subscription(tenant)
        first, second = self._machines(tenant)
        with self.progress.step("A second tenant makes a machine in a subnet with the same addresses"):
            stranger = settle_in(self.url, "bob@zaffre.example", PASSWORD, public_key)
            clients.enter_context(stranger.client)
            third = self._ready(stranger, stranger.create("first", STRANGER, USER_DATA).wait())
        self._check_reachability(tenant, stranger, first, second, third)
        self._check_life(tenant, first, second)
        self._check_end(tenant, stranger)

    def _check_subscription(self, tenant: Tenant) -> None:
        subscription = tenant.client.subscriptions.get(tenant.scope.id)
        plan = tenant.client.plans.get(subscription.plan_id).name
        detail = f"{tenant.email} has an {subscription.state} subscription {subscription.name!r} to the plan {plan!r}"
        active = subscription.state is SubscriptionState.ACTIVE
        self._check("A tenant signed up and subscribed by herself", active, detail)

    def _machines(self, tenant: Tenant) -> tuple[VirtualMachineView, VirtualMachineView]:
        with self.progress.step("She makes two virtual machines and waits until they are up"):
            accepted = [tenant.create("first", FIRST, USER_DATA), tenant.create("second", SECOND, USER_DATA)]
            machines = [machine.wait() for machine in accepted]
            first = self._ready(tenant, machines[0])
            self.report.seconds_to_first_vm = round(time.monotonic() - self.started_s, 1)
            second = self._ready(tenant, machines[1])
        both = (first, second)
        detail = " and ".join(f"{machine.name} with {machine.ports[0].address}" for machine in both)
        detail += f" are up; the first was {self.report.seconds_to_first_vm:g} s after the command began"
        self._check("Two virtual machines run and said that they are up", all(one.ready for one in both), detail)
        self._check_spread(first, second)
        return first, second

    def _check_spread(self, first: VirtualMachineView, second: VirtualMachineView) -> None:
        name = "They are on two different hosts"
        if self.report.hosts < 2:
            self.report.skip(name, "there is only one host")
            return
        hosts = {host.id: host.name for host in self.admin.admin.hosts.all()}
        placed = {machine.id: machine.host_id for machine in self.admin.admin.virtual_machines.all()}
        on = [hosts.get(placed[machine.id] or "", "no host") for machine in (first, second)]
        spread = on[0] != on[1] and "no host" not in on
        self._check(name, spread, f"{first.name} is on {on[0]} and {second.name} is on {on[1]}")

    def _check_reachability(
        self,
        tenant: Tenant,
        stranger: Tenant,
        first: VirtualMachineView,
        second: VirtualMachineView,
        third: VirtualMachineView,
    ) -> None:
        inside = [
            "The machines reach each other across hosts, asked from inside",
            "Another tenant's machine with overlapping addresses cannot be reached",
        ]
        if self.report.fabric != "kvm":
            for name in inside:
                self.report.skip(name, "simulated guests run nothing")
            return
        with self.progress.step("The machines ask each other for their names"):
            there = self._answer(tenant, first, SECOND)
            back = self._answer(tenant, second, FIRST)
        met = second.id in there and first.id in back
        self._check(inside[0], met, f"first was told {there[:120]!r}; second was told {back[:120]!r}")
        with self.progress.step("They ask for the other tenant's machine, and it for theirs"):
            own = self._answer(stranger, third, STRANGER)
            out = self._answers(tenant, first, STRANGER, ROUNDS_TO_BE_SURE)
            across = self._answers(stranger, third, FIRST, ROUNDS_TO_BE_SURE)
        apart = third.id in own and set(out) == {"nothing"} and set(across) == {"nothing"}
        detail = f"it answers in its own network; asked from outside {len(out)} and {len(across)} times: nothing"
        self._check(inside[1], apart, detail if apart else f"own {own[:80]!r}, out {out[:3]}, across {across[:3]}")

    def _check_life(self, tenant: Tenant, first: VirtualMachineView, second: VirtualMachineView) -> None:
        machines = tenant.scope.virtual_machines
        with self.progress.step("She shuts a machine down, and starts it again"):
            off = machines.shutdown(second.id, timeout_s=30).wait()
            by_itself = off.stop_reason == "guest_shutdown"
            detail = f"{off.name} is {off.state}, because of: {(off.stop_reason or 'nothing known').replace('_', ' ')}"
            self._check("A machine shuts down when asked", off.state is MachineState.STOPPED, detail)
            if self.report.fabric == "kvm":
                seen = "it ended its own work within 30 s" if by_itself else "it did not within 30 s and was cut off"
                self._note("Its guest did so by itself", ok=by_itself, detail=seen)
            on = self._ready(tenant, machines.start(second.id).wait())
        same = on.ports[0].address == second.ports[0].address
        detail = f"{on.name} is {on.state} with {on.ports[0].address} and had {second.ports[0].address} before"
        self._check("It starts again with the same address", on.ready and same, detail)
        if self.report.fabric == "kvm":
            with self.progress.step("The other machine finds it again"):
                known = len(self._answers(tenant, first, SECOND, 1))
                again = self._answers(tenant, first, SECOND, known + 2)[-1]
            self._check("It can be reached again", second.id in again, f"{first.name} was told {again[:120]!r}")

    def _check_end(self, tenant: Tenant, stranger: Tenant) -> None:
        with self.progress.step("Both delete what they have"):
            for someone in (tenant, stranger):
                machines = someone.scope.virtual_machines
                for accepted in [machines.delete(machine.id) for machine in machines.all()]:
                    accepted.wait()
                someone.scope.vm_networks.delete(someone.network.id).wait()
        self._check_unused(tenant, stranger)
        self._check_hosts_empty()

    def _check_unused(self, *tenants: Tenant) -> None:
        usages = [{usage.dimension: usage.used for usage in tenant.scope.usage.all()} for tenant in tenants]
        told = [f"{tenant.email} uses {_amounts(usage)}" for tenant, usage in zip(tenants, usages, strict=True)]
        self._check("After deleting, no quota is used", not any(any(u.values()) for u in usages), "; ".join(told))

    def _check_hosts_empty(self) -> None:
        admin = self.admin.admin
        guests: dict[str, list[str]] = {}
        for machine in admin.virtual_machines.all():
            guests.setdefault(machine.host_id or "", []).append(machine.name)
        for guest in admin.unmanaged_guests.all():
            guests.setdefault(guest.host_id, []).append(guest.title)
        hosts = list(admin.hosts.all())
        empty = not guests and not any(host.memory_reserved_mib or host.vcpus_reserved for host in hosts)
        told = [
            f"{host.name} has {', '.join(guests.get(host.id, [])) or 'no guests'} and {host.memory_reserved_mib} MiB "
            "reserved"
            for host in hosts
        ]
        self._check("Nothing is left on the hosts", empty, "; ".join(told))

    def _ready(self, tenant: Tenant, machine: VirtualMachineView) -> VirtualMachineView:
        return tenant.scope.virtual_machines.wait_until(machine.id, lambda seen: seen.ready, READY_TIMEOUT_S)

    def _answer(self, tenant: Tenant, machine: VirtualMachineView, address: str) -> str:
        """Return the first answer other than silence that a machine got from an address; or that there was none."""
        answers = self._collect(tenant, machine, address, lambda found: any(answer != "nothing" for answer in found))
        return next((answer for answer in answers if answer != "nothing"), "nothing")

    def _answers(self, tenant: Tenant, machine: VirtualMachineView, address: str, count: int) -> list[str]:
        """Return what a machine got from an address, once it has asked at least `count` times."""
        return self._collect(tenant, machine, address, lambda found: len(found) >= count)

    def _collect(
        self, tenant: Tenant, machine: VirtualMachineView, address: str, enough: Callable[[list[str]], bool]
    ) -> list[str]:
        deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
        while True:
            log = tenant.scope.virtual_machines.serial_log(machine.id, limit_bytes=2**20).text
            found = [probe["answer"] for probe in _PROBE.finditer(log) if probe["address"] == address]
            if enough(found) or time.monotonic() > deadline_s:
                return found
            time.sleep(POLL_S)

    def _check(self, name: str, ok: bool, detail: str) -> None:  # noqa: FBT001 - reads as a sentence where it is used
        self._note(name, ok=ok, detail=detail)
        if not ok:
            raise JourneyEnded

    def _note(self, name: str, *, ok: bool, detail: str) -> None:
        self.report.checks.append(Check(name, ok, detail))


def _amounts(usage: Mapping[str, int]) -> str:
    """Say what is used, or that nothing is."""
    used = [f"{amount} {dimension}" for dimension, amount in usage.items() if amount]
    return ", ".join(used) or f"nothing of its {len(usage)} quotas"


def run_journey(url: str, admin: Zaffre, progress: Progress, report: JourneyReport, started_s: float) -> JourneyReport:
    """Run the tenant's journey on a furnished site.

    Args:
        url: of the public face.
        admin: signed in as an administrator; only looks.
        progress: told about each chapter.
        report: gets the checks.
        started_s: monotonic seconds at which the command began, for the time to the first machine.
    """
    Journey(url, admin, progress, report, started_s).run()
    report.seconds_total = round(time.monotonic() - started_s, 1)
    return report
