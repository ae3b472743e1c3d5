"""Webhooks: lifecycle events sent to whoever wants to know them, over HTTP.

A webhook belongs to a subscription, and is sent what its members may see, or to the site. One process at a time reads
the event log and writes down what is to be delivered (`fan_out`); couriers send it (`courier`), signed, in order for
each resource, and again until it is taken or given up. Where it may go is decided when a connection is made
(`targets`, `sending`). Public face: `Webhooks`, `WebhookDispatch`.
"""

from zaffre.management.webhooks.dispatch import WebhookDispatch
from zaffre.management.webhooks.webhooks import Webhooks

__all__ = ["WebhookDispatch", "Webhooks"]
