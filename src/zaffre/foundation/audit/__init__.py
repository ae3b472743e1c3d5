"""Audit: who changed what, for whom, from where, and how it was before.

A table of resources that people change says so beside itself (`Audited`): from then on every change of it is recorded
in the transaction that makes it, taken from the session's own history, so nobody has to call anything and nothing is
recorded that did not happen. What changes no such row (signing in, opening a console, restarting a machine) is recorded
from the lifecycle events of the same transaction. A sealer then numbers the records and chains them by hash, so that
whoever reads the trail can prove that nothing in it was altered, taken out or put in.

`declaration` (what a table says), `capture` (what a transaction changed), `tables`, `guards` (triggers), `chain`
(hashes), `sealer`, `verification`, `retention`, `trail` (lists and exports), `refusals` (what was not allowed).
"""
