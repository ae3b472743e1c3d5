"""Passing on: what tenants ask of a program's collections goes through our faces.

Who asks is established here, and what they may do: the program reads it in the signed token. Nothing of the caller's
own goes on, neither cookies nor tokens, and of the answer only what the contract knows comes back. No transaction is
open while the program is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from zaffre.foundation.actor import Actor
from zaffre.foundation.audit.capture import About
from zaffre.foundation.errors import DomainError, InvalidQuery, NotFound, Unavailable
from zaffre.foundation.http.routing import READING
from zaffre.foundation.ids import is_uuid
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.external.catalog import Catalog
from zaffre.management.external.description import DescribedCollection
from zaffre.management.external.external_provider import ExternalProvider
from zaffre.management.external.lines import Answer, Lines, ProviderUnreachable
from zaffre.management.external.signing import OnBehalf
from zaffre.management.external.tables import ResourceProviderRow
from zaffre.management.roles import role_of
from zaffre.management.subscriptions import Subscriptions, refuse_suspended
from zaffre.management.tables import SubscriptionRow

PASSED_HEADERS = ("idempotency-key", "if-match", "accept-language")
HEADER_CHARACTERS = 200
RETURNED_HEADERS = ("etag",)
QUERY_OPTIONS = ("$top", "$skiptoken", "$search", "$orderby", "$filter", "$count")
QUERY_CHARACTERS = 2000
STATUSES = (400, 404, 409, 410, 412, 413, 422, 429)
"""Refusals of a program that tenants see as such; any other is a refusal of the request."""
_DONE = {"POST": "created", "PATCH": "changed", "DELETE": "deleted"}


class ProviderDisabled(Unavailable):
    """An administrator has disabled the provider."""

    code = "provider.disabled"
    title = "The resource provider is disabled"

    def __init__(self, name: str) -> None:
        super().__init__(f"Resource provider {name} is disabled.", remedy="Ask the operator of this site.", target=name)


class RefusedByProvider(DomainError):
    """A program said no to a tenant, in its own words."""

    code = "provider.refused"
    title = "The resource provider refused"

    def __init__(self, name: str, answer: Answer) -> None:
        told = answer.problem
        super().__init__(
            told.get("detail") or f"Resource provider {name} answered with status {answer.status}.",
            remedy=told.get("remedy") or "Correct what you asked for.",
            target=told.get("target"),
        )
        self.answered_status = answer.status if answer.status in STATUSES else 409
        self.provider_code = told.get("code")

    def problem(self) -> Any:
        """Return the problem with the program's status, and its code beside ours."""
        body: dict[str, Any] = {**super().problem(), "status": self.answered_status}
        return body | ({"provider_code": self.provider_code} if self.provider_code else {})


@dataclass(frozen=True)
class Asked:
    """What a tenant asks of a program."""

    method: str
    subscription_id: str
    provider: str
    collection: str
    resource_id: str | None = None
    content: Any = None
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] | None = None

    @property
    def path(self) -> str:
        """The path at the program."""
        path = f"/subscriptions/{self.subscription_id}/{self.collection}"
        path += f"/{self.resource_id}" if self.resource_id is not None else ""
        return path + (f"?{urlencode(self.query)}" if self.query else "")

    @property
    def reading(self) -> bool:
        """Whether nothing is to change."""
        return self.method in READING


async def services_of(
    work: UnitOfWork, caller: Caller, catalog: Catalog, subscription_id: str
) -> list[ExternalProvider]:
    """Return the programs whose services a subscription has.

    Raises:
        NotFound: the caller may not see the subscription.
    """
    subscriptions = Subscriptions(work, caller)
    await subscriptions.get(subscription_id, Permission.PROVIDER_RESOURCE_READ)
    return [each for each in catalog.all() if await subscriptions.service(subscription_id, each.name) is not None]


class PassingOn:
    """Passes on what tenants ask of programs."""

    def __init__(self, units: UnitsOfWork, catalog: Catalog, lines: Lines) -> None:
        self._units = units
        self._catalog = catalog
        self._lines = lines

    async def ask(self, actor: Actor, caller: Caller, asked: Asked) -> Answer:
        """Ask a program on behalf of a tenant, and return its good answer.

        Raises:
            NotFound: there is no such subscription, service or collection for the caller.
            SubscriptionSuspended: nothing can be changed in it at present.
            ProviderDisabled: an administrator has disabled the provider.
            ProviderUnreachable: it gave no answer that can be used.
            RefusedByProvider: it said no.
        """
        _check_query(asked)
        if asked.reading:
            async with self._units.read(actor) as work:
                provider, collection, row, on_behalf = await self._admit(work, caller, asked)
        else:
            async with self._units.write(actor) as work:
                provider, collection, row, on_behalf = await self._admit(work, caller, asked)
                about = About(
                    collection.type, asked.resource_id or provider.name, subscription_id=asked.subscription_id
                )
                work.note("provider_resource.requested", about, {"provider": provider.name, "method": asked.method})
        answer = await self._lines.to(row).ask(
            asked.method,
            asked.path,
            asked.content,
            on_behalf=on_behalf,
            headers=asked.headers,
            timeout_s=self._lines.settings.tenant_timeout_s,
        )
        if not answer.good:
            raise RefusedByProvider(provider.name, answer)
        if not asked.reading:
            async with self._units.write(actor) as work:
                self._tell(work, provider, collection, asked, answer)
        return answer

    async def _admit(
        self, work: UnitOfWork, caller: Caller, asked: Asked
    ) -> tuple[ExternalProvider, DescribedCollection, ResourceProviderRow, OnBehalf]:
        needed = Permission.PROVIDER_RESOURCE_READ if asked.reading else Permission.PROVIDER_RESOURCE_WRITE
        subscriptions = Subscriptions(work, caller)
        subscription = await subscriptions.get(asked.subscription_id, needed)
        provider = self._catalog.get(asked.provider)
        if provider is None or await subscriptions.service(asked.subscription_id, provider.name) is None:
            raise NotFound("service of the subscription", asked.provider)
        collection = provider.description.collection(asked.collection)
        if collection is None:
            raise NotFound("collection of the service", asked.collection)
        if not asked.reading:
            refuse_suspended(subscription, caller)
        row = await work.session.get(ResourceProviderRow, provider.id)
        if row is None or not row.enabled:
            raise ProviderDisabled(provider.name)
        return provider, collection, row, await _on_behalf(work, caller, subscription)

    def _tell(
        self,
        work: UnitOfWork,
        provider: ExternalProvider,
        collection: DescribedCollection,
        asked: Asked,
        answer: Answer,
    ) -> None:
        """Tell of what has become of a resource."""
        told = answer.told
        resource_id = str(asked.resource_id or told.get("id"))
        if not is_uuid(resource_id):
            raise ProviderUnreachable(provider.name, "its answer does not name what was made by a UUID")
        name = told.get("name")
        resource = ResourceRef(
            collection.type,
            resource_id,
            name[:100] if isinstance(name, str) else None,
            subscription_id=asked.subscription_id,
        )
        work.emit(f"provider_resource.{_DONE[asked.method]}", resource, provider=provider.name)


async def _on_behalf(work: UnitOfWork, caller: Caller, subscription: SubscriptionRow) -> OnBehalf:
    pair = (Permission.PROVIDER_RESOURCE_READ, Permission.PROVIDER_RESOURCE_WRITE)
    held = caller.permissions
    if not caller.may(Permission.SUBSCRIPTION_READ_ALL):
        role = await role_of(work, subscription, caller.account_id)
        held = held & role.permissions if role is not None else frozenset[Permission]()
    allowed = [permission.value.rpartition(".")[2] for permission in pair if permission in held]
    return OnBehalf(caller.account_id, subscription.id, allowed, caller.actor_id)


def _check_query(asked: Asked) -> None:
    names = [name for name, _ in asked.query]
    unknown = sorted(set(names) - set(QUERY_OPTIONS)) if asked.resource_id is None else names
    if unknown or len(set(names)) != len(names):
        raise InvalidQuery(
            f"The list does not know {unknown[0]!r}." if unknown else "An option of the list is given twice.",
            remedy=f"It knows: {', '.join(QUERY_OPTIONS)}.",
            target=unknown[0] if unknown else None,
        )
    long = next((name for name, value in asked.query if len(value) > QUERY_CHARACTERS), None)
    if long is not None:
        raise InvalidQuery(f"{long} is too long.", remedy=f"Use at most {QUERY_CHARACTERS} characters.", target=long)
