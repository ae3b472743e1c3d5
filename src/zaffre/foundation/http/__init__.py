"""The conventions that all faces of the API share (design: API conventions).

`scope` (request ids, limits, metrics around every request), `routing` (one transaction per request), `access` (every
route declares who may call it), `problems` (RFC 9457), `lists` and `filters` (OData-shaped collections), `etags`,
`idempotency`, `waiting` (`Prefer: wait`).
"""
