"""Webhooks: where events are sent, and what was sent."""

from datetime import datetime

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    DeliveryDetailView,
    DeliveryView,
    NewWebhookBody,
    NewWebhookView,
    ReplayBody,
    ReplayView,
    SecretRotationBody,
    WebhookChangeBody,
    WebhookView,
)


class Deliveries(Collection[DeliveryView, DeliveryDetailView]):
    """What one webhook was sent and is to be sent, newest first."""

    noun = "delivery"
    name_field = None

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the deliveries of the webhook at `path`."""
        super().__init__(connection, f"{path}/deliveries", DeliveryView, DeliveryDetailView)

    def redeliver(self, delivery_id: str) -> DeliveryView:
        """Have something sent again, as a delivery of its own."""
        return parsed(self._connection.ask("POST", f"{self._member(delivery_id)}/redeliver"), DeliveryView)


class Webhooks(Collection[WebhookView, WebhookView]):
    """Where the events of a subscription, or of the site, are sent."""

    noun = "webhook"

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the webhooks at `path`."""
        super().__init__(connection, path, WebhookView, WebhookView)

    def create(self, body: NewWebhookBody) -> NewWebhookView:
        """Have events sent somewhere from now on; the answer holds the signing secret, which is not shown again."""
        return parsed(self._connection.ask("POST", self._path, body), NewWebhookView)

    def change(self, webhook_id: str, change: WebhookChangeBody, if_match: int | None = None) -> WebhookView:
        """Change a webhook, or enable or disable it."""
        return self._change(webhook_id, change, WebhookView, if_match)

    def delete(self, webhook_id: str, if_match: int | None = None) -> None:
        """Remove a webhook with all its deliveries."""
        self._delete(webhook_id, if_match)

    def rotate_secret(self, webhook_id: str, overlap_hours: int = 24) -> NewWebhookView:
        """Have another secret sign; for some hours the present one signs as well."""
        body = SecretRotationBody(overlap_hours=overlap_hours)
        return parsed(self._connection.ask("POST", f"{self._member(webhook_id)}/rotate-secret", body), NewWebhookView)

    def test(self, webhook_id: str) -> DeliveryView:
        """Have a message sent that tells of nothing."""
        return parsed(self._connection.ask("POST", f"{self._member(webhook_id)}/test"), DeliveryView)

    def replay(self, webhook_id: str, since: datetime) -> ReplayView:
        """Have the events sent again that happened from an instant on; when there are `more`, go on from `through`."""
        body = ReplayBody(since=since)
        return parsed(self._connection.ask("POST", f"{self._member(webhook_id)}/redeliver", body), ReplayView)

    def deliveries(self, webhook_id: str) -> Deliveries:
        """Return what a webhook was sent and is to be sent."""
        return Deliveries(self._connection, self._member(webhook_id))
