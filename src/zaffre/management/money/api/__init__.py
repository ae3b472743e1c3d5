"""Routes of money.

`ADMINISTRATION` is what the provider does, `SHARED` what every face shows of a subscription's money, `OWN` what the
other two show an account of its own.
"""

from zaffre.management.money.api import costs, rates, reductions, statements

ADMINISTRATION = (rates.administration, reductions.administration, statements.administration)
OWN = (statements.own,)
SHARED = (costs.shared, reductions.shared, statements.shared)
