"""Routes of money.

`ADMINISTRATION` is what the provider does, `SHARED` what every face shows of a subscription's money.
"""

from zaffre.management.money.api import costs, rates, reductions, statements

ADMINISTRATION = (rates.administration, reductions.administration, statements.administration)
SHARED = (costs.shared, reductions.shared, statements.shared)
