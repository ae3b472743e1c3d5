"""Lifecycle events: one immutable fact per state change.

Everything that wants to know what happened reads this one log: live pages, the audit view, webhooks, metrics. An event
is written in the same transaction as the change it tells of, so there is no change without its event and no event
without its change. Readers follow the log by cursor, in an order that never shows a later event before an earlier one
has become visible, and resume where they stopped.
"""

from zaffre.foundation.events.log import EventCursor, EventLog, EventScope, LifecycleEvent
from zaffre.foundation.events.stream import EventStream, Signal
from zaffre.foundation.events.tables import LifecycleEventRow

__all__ = ["EventCursor", "EventLog", "EventScope", "EventStream", "LifecycleEvent", "LifecycleEventRow", "Signal"]
