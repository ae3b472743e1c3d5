"""The right to open a console: a token that is good once, soon, for one machine and one holder.

A browser cannot send a header with a WebSocket's handshake, and a URL that holds a lasting credential ends up in logs.
So the handshake's URL holds a token that was asked for a moment ago, and its holder proves besides who they are.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select

from zaffre.compute.states import Observed, Transition
from zaffre.compute.tables import ConsoleTokenRow, VirtualMachineRow
from zaffre.compute.virtual_machines import VirtualMachines, WrongPowerState, reference
from zaffre.fabric.drivers.console import ConsoleKind
from zaffre.foundation.audit.capture import About
from zaffre.foundation.errors import Conflict, Forbidden, NotFound
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.identity.standing import standing
from zaffre.identity.tokens import hash_secret, new_secret
from zaffre.management import Subscriptions
from zaffre.management.subscriptions import SubscriptionState
from zaffre.management.tables import SubscriptionRow

TOKEN_LIFETIME = timedelta(seconds=60)
TOKENS_PER_MACHINE = 32
_ON = (Observed.RUNNING, Observed.PAUSED)


class NoSuchConsole(NotFound):
    """The token is unknown, used or expired, or its holder is somebody else; which of these is not told."""

    code = "console.not_found"
    title = "No such console"

    def __init__(self) -> None:
        super(NotFound, self).__init__(
            "The console token was never given out, has been used, has expired, or is not yours.",
            remedy="Ask for another with POST …/virtual-machines/{id}/consoles and use it within 60 s.",
            target="token",
        )


class TooManyConsoleTokens(Conflict):
    """Tokens of the machine wait to be used, as many as may."""

    code = "console.too_many_tokens"
    title = "Too many unused console tokens"

    def __init__(self) -> None:
        super().__init__(
            f"{TOKENS_PER_MACHINE} console tokens of this machine have not been used yet.",
            remedy=f"Use them, or wait {TOKEN_LIFETIME.seconds} s until they have expired.",
        )


class SubscriptionNotActive(Conflict):
    """The subscription is suspended or being deleted."""

    code = "subscription.not_active"
    title = "The subscription is not active"

    def __init__(self, subscription: SubscriptionRow) -> None:
        super().__init__(
            f"Subscription {subscription.name!r} is {subscription.state}, so its consoles stay closed.",
            remedy="Ask your provider to resume it.",
            target=subscription.id,
        )


@dataclass(frozen=True)
class ConsoleGrant:
    """A console that may be opened now."""

    subscription_id: str
    machine_id: str
    host_id: str
    kind: ConsoleKind


class ConsoleTokens:
    """Gives out console tokens, and takes them back, inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller

    async def issue(
        self, subscription: SubscriptionRow, machine: VirtualMachineRow, kind: ConsoleKind
    ) -> tuple[ConsoleTokenRow, str]:
        """Give out a token; its text is returned this once and kept nowhere.

        Raises:
            SubscriptionNotActive: the subscription is suspended or on its way out.
            WrongPowerState: the machine is off.
            TooManyConsoleTokens: as many as may wait to be used.
        """
        if subscription.state != SubscriptionState.ACTIVE:
            raise SubscriptionNotActive(subscription)
        if machine.observed not in _ON or machine.host_id is None:
            raise WrongPowerState(
                f"Virtual machine {machine.name!r} is {machine.state}. Only one that is on has a console.",
                remedy="Start it, then open its console.",
                target=machine.id,
            )
        await self._make_room(machine.id)
        token = new_secret()
        row = ConsoleTokenRow(
            token_hash=hash_secret(token),
            virtual_machine_id=machine.id,
            subscription_id=machine.subscription_id,
            kind=kind,
            account_id=self._caller.account_id,
            session_id=self._caller.session_id,
            api_token_id=self._caller.token_id,
            client_certificate_id=self._caller.certificate_id,
            expires_at=self._work.clock.now() + TOKEN_LIFETIME,
        )
        self._work.add(row)
        about = About("virtual_machine", machine.id, machine.name, machine.subscription_id)
        self._work.note("virtual_machine.console_requested", about, {"console": kind.value})
        return row, token

    async def claim(self, token: str) -> ConsoleGrant:
        """Use a token up; of any number of racing claims, on whatever process, one succeeds.

        Raises:
            NoSuchConsole: the token is no good, or not for this caller, or what it was for is gone.
        """
        claiming = (
            delete(ConsoleTokenRow)
            .where(
                ConsoleTokenRow.token_hash == hash_secret(token),
                ConsoleTokenRow.expires_at > self._work.clock.now(),
                ConsoleTokenRow.account_id == self._caller.account_id,
                ConsoleTokenRow.session_id.is_not_distinct_from(self._caller.session_id),
                ConsoleTokenRow.api_token_id.is_not_distinct_from(self._caller.token_id),
                ConsoleTokenRow.client_certificate_id.is_not_distinct_from(self._caller.certificate_id),
            )
            .returning(ConsoleTokenRow.subscription_id, ConsoleTokenRow.virtual_machine_id, ConsoleTokenRow.kind)
        )
        claimed = (await self._session.execute(claiming)).first()
        if claimed is None:
            raise NoSuchConsole
        machine = await viewable(self._work, self._caller, claimed.subscription_id, claimed.virtual_machine_id)
        if machine is None or machine.host_id is None:
            raise NoSuchConsole
        self._work.emit("virtual_machine.console_opened", reference(machine), console=claimed.kind)
        return ConsoleGrant(machine.subscription_id, machine.id, machine.host_id, ConsoleKind(claimed.kind))

    async def _make_room(self, machine_id: str) -> None:
        """Forget the machine's expired tokens, and see that there are not too many others."""
        of_machine = ConsoleTokenRow.virtual_machine_id == machine_id
        now = self._work.clock.now()
        await self._session.execute(delete(ConsoleTokenRow).where(of_machine, ConsoleTokenRow.expires_at <= now))
        unused = await self._session.scalar(select(func.count()).select_from(ConsoleTokenRow).where(of_machine))
        if (unused or 0) >= TOKENS_PER_MACHINE:
            raise TooManyConsoleTokens


async def viewable(work: UnitOfWork, caller: Caller, subscription_id: str, machine_id: str) -> VirtualMachineRow | None:
    """Return the machine if the caller, who was let in some time ago, may look at its console now; else None."""
    now = await standing(work, caller)
    if now is None or not now.may(Permission.MACHINE_CONSOLE):
        return None
    try:
        subscription = await Subscriptions(work, now).get(subscription_id, Permission.MACHINE_CONSOLE)
        machine = await VirtualMachines(work, subscription.id).get(machine_id)
    except (NotFound, Forbidden):
        return None
    if subscription.state != SubscriptionState.ACTIVE or machine.transition == Transition.DELETING:
        return None
    return machine


async def forget_tokens(work: UnitOfWork, limit: int) -> int:
    """Delete up to `limit` expired tokens."""
    expired = ConsoleTokenRow.expires_at <= work.clock.now()
    old = select(ConsoleTokenRow.token_hash).where(expired).limit(limit)
    result = await work.session.execute(delete(ConsoleTokenRow).where(ConsoleTokenRow.token_hash.in_(old), expired))
    return int(getattr(result, "rowcount", 0))
