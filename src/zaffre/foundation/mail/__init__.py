"""Mail: what the site tells people outside the portals.

Whoever has something to tell puts a `Mail` into the `Outbox` in the transaction that causes it: the mail exists exactly
if its cause does, and no request waits for a mail server. A loop sends what is in the outbox, in bounded batches, at
least once each; what cannot be delivered is tried again for a bounded time and then given up with an event. Without a
mail server in the settings mail waits and is given up in the same way, and the overview says why.

Public face: `Mail`, `Outbox`.
"""

from zaffre.foundation.mail.outbox import Mail, Outbox

__all__ = ["Mail", "Outbox"]
