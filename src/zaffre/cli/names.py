"""From ids to names and back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from zaffre.cli.words import end_of_id, short_id
from zaffre.client import Ambiguous, Collection, Listing, NotFound, SubscriptionScope, Wire, ZaffreError, local_problem
from zaffre.client.collection import LARGEST_PAGE, is_id

if TYPE_CHECKING:
    from zaffre.cli.invocation import Invocation

ItemT = TypeVar("ItemT", bound=Wire)


class Names:
    """Looks names up. Each collection is read at most once, and only when something of it is to be shown."""

    def __init__(self, run: "Invocation") -> None:
        """Look for a command's run."""
        self._run = run
        self._read: dict[str, dict[str, str]] = {}

    def plan(self, plan_id: str) -> str:
        """Return a plan's name."""
        client = self._run.client
        return self._name("plans", plan_id, lambda: client.admin.plans if self._run.is_admin else client.plans)

    def approval_program(self, program_id: str) -> str:
        """Return an approval program's name."""
        return self._name("approval programs", program_id, lambda: self._run.client.admin.approval_programs)

    def account(self, account_id: str) -> str:
        """Return an account's e-mail address."""
        return self._name("accounts", account_id, lambda: self._run.client.admin.accounts)

    def subscription(self, subscription_id: str) -> str:
        """Return a subscription's name."""
        return self._name("subscriptions", subscription_id, lambda: self._run.client.subscriptions)

    def stamp(self, stamp_id: str) -> str:
        """Return a stamp's name."""
        return self._name("stamps", stamp_id, lambda: self._run.client.admin.stamps)

    def host(self, host_id: str | None) -> str | None:
        """Return a host's name."""
        if host_id is None:
            return None
        return self._name("hosts", host_id, lambda: self._run.client.admin.hosts)

    def cloud(self, cloud_id: str) -> str:
        """Return a cloud's name."""
        return self._name("clouds", cloud_id, lambda: self._run.client.admin.clouds)

    def logical_network(self, network_id: str) -> str:
        """Return a logical network's name."""
        return self._name("logical networks", network_id, lambda: self._run.client.admin.logical_networks)

    def image(self, scope: SubscriptionScope, image_id: str) -> str:
        """Return an image's name."""
        return self._name("images", image_id, lambda: scope.images)

    def vm_network(self, scope: SubscriptionScope, network_id: str) -> str:
        """Return a VM network's name."""
        return self._name("networks", network_id, lambda: scope.vm_networks)

    def virtual_machine(self, scope: SubscriptionScope, machine_id: str) -> str:
        """Return a virtual machine's name."""
        return self._name("machines", machine_id, lambda: scope.virtual_machines)

    def availability_set(self, scope: SubscriptionScope, set_id: str) -> str:
        """Return an availability set's name."""
        return self._name("availability sets", set_id, lambda: scope.availability_sets)

    def id(self, resource_id: str) -> str:
        """Return an id, in full only where there is room for it."""
        return resource_id if self._run.wide else short_id(resource_id)

    def find(self, listing: Listing[ItemT], reference: str) -> ItemT:
        """Return the item that is called so: by its id, its name, or the end of its id as tables show it.

        Raises:
            NotFound: there is none.
            Ambiguous: several are.
        """
        if is_id(reference) and isinstance(listing, Collection):
            return cast("Collection[ItemT, ItemT]", listing).get(reference)  # a detail has all that an item has
        try:
            return listing.find_item(reference)
        except NotFound:
            ending = end_of_id(reference)
            found = [item for item in _items(listing) if _id(item).endswith(ending)] if ending is not None else []
            if not found:
                raise
        if len(found) > 1:
            raise Ambiguous(_ambiguous(reference))
        return found[0]

    def _name(self, collection: str, resource_id: str, look: Callable[[], Listing[Any]]) -> str:
        if collection not in self._read:
            try:
                listing = look()
                field = listing.name_field or "id"
                self._read[collection] = {item.id: getattr(item, field) for item in _items(listing)}
            except ZaffreError:
                self._read[collection] = {}  # a table with ids in it is better than none
        return self._read[collection].get(resource_id, short_id(resource_id))


def _items(listing: Listing[ItemT]) -> list[ItemT]:
    return list(listing.list(top=LARGEST_PAGE).items)


def _id(item: Any) -> str:
    return str(item.id)


def _ambiguous(reference: str) -> Any:
    return local_problem(
        "ambiguous_name",
        "The end of the id is not enough",
        f"Several ids end in {reference!r}.",
        "Use the whole id; lists show it with --wide.",
        target=reference,
    )
