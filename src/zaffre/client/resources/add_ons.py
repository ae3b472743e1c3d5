"""Add-ons: all of them for administrators, and what one subscription has of them."""

from zaffre.client.collection import Collection, Listing, operation_of
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    AddOnChangeBody,
    AddOnDetailView,
    AddOnView,
    HeldAddOnView,
    ImpactView,
    NewAddOnBody,
    PlanState,
)
from zaffre.client.waiting import Accepted


class AddOns(Collection[AddOnView, AddOnDetailView]):
    """All add-ons, for administrators."""

    noun = "add-on"

    def __init__(self, connection: Connection) -> None:
        """Use the add-ons of the admin face."""
        super().__init__(connection, "/add-ons", AddOnView, AddOnDetailView)

    def create(self, body: NewAddOnBody) -> AddOnView:
        """Make an add-on; it starts private."""
        return parsed(self._connection.ask("POST", self._path, body), AddOnView)

    def change(self, add_on_id: str, body: AddOnChangeBody, if_match: int | None = None) -> AddOnView:
        """Change an add-on. Another quota reaches those who hold it by an operation, which goes on by itself."""
        return self._change(add_on_id, body, AddOnView, if_match)

    def what_if(self, add_on_id: str, body: AddOnChangeBody) -> ImpactView:
        """Tell what a change would do to subscriptions, without making it."""
        return parsed(self._connection.ask("POST", f"{self._member(add_on_id)}/what-if", body), ImpactView)

    def publish(self, add_on_id: str, if_match: int | None = None) -> AddOnView:
        """Offer an add-on with the plans it is linked to."""
        return self.change(add_on_id, AddOnChangeBody(state=PlanState.PUBLIC), if_match)

    def decommission(self, add_on_id: str, if_match: int | None = None) -> AddOnView:
        """Take an add-on off the offer for good. Those who hold it keep it."""
        return self.change(add_on_id, AddOnChangeBody(state=PlanState.DECOMMISSIONED), if_match)

    def delete(self, add_on_id: str, if_match: int | None = None) -> None:
        """Remove an add-on that nobody holds.

        Raises:
            ZaffreError: somebody does.
        """
        self._delete(add_on_id, if_match)


class HeldAddOns(Listing[HeldAddOnView]):
    """The add-ons that a subscription can have, and how many of each it holds."""

    noun = "add-on"
    filterable = False

    def __init__(self, connection: Connection, path: str) -> None:
        """Look at the add-ons of a subscription."""
        super().__init__(connection, path, HeldAddOnView)

    def acquire(self, add_on_id: str) -> Accepted[HeldAddOnView]:
        """Add one occurrence. Its quota can be used at once.

        Raises:
            ZaffreError: the subscription holds as many as its plan allows.
        """
        return self._turn(add_on_id, "acquire")

    def release(self, add_on_id: str) -> Accepted[HeldAddOnView]:
        """Give back one occurrence.

        Raises:
            ZaffreError: what it adds is used.
        """
        return self._turn(add_on_id, "release")

    def _turn(self, add_on_id: str, verb: str) -> Accepted[HeldAddOnView]:
        response = self._connection.ask("POST", f"{self._member(add_on_id)}/{verb}")
        return Accepted(parsed(response, HeldAddOnView), operation_of(response), self._connection)
