"""Resource providers in other processes: programs that fulfil the provider contract over HTTPS.

A site administrator registers one (`registrations`); what it says of itself (`description`) makes it a provider like
any other (`external_provider`), which `catalog` keeps known in every process. It is never asked inside a transaction:
what it has to be told is written down with its cause, and a courier carries it there (`messages`, `courier`). Tenants'
requests are passed on to it, signed (`passing_on`, `signing`). It counts what it makes against our quotas by asking us
(`reservations`), and what was used is fetched from it (`usage_feed`).
"""
