"""Budgets: what a month of a subscription may cost, who is told when it comes near, and what is done then.

A loop compares costs with budgets. It tells of each threshold once in a month, in the transaction that notes that it
did, so that any number of processes may run it and none tells twice. Why so:
docs/decisions/0054-budgets-are-looked-at-by-a-loop-and-told-of-once.md.
"""
