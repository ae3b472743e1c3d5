"""Money: what usage costs, and who owes what.

Rate cards price meters, plans and add-ons have fees; discounts and credits take something off. From these and from the
sums of metering follow costs and their forecast. Prices, fees and assignments only ever change from an instant on, so
that what was charged for a time can be calculated again and comes out the same. All of it is whole billionths; why so:
docs/decisions/0038-costs-follow-from-sums-and-dated-prices.md.
"""
