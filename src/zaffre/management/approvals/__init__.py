"""Approvals: changes of tenants that wait for somebody's yes.

A provider's rules say which changes need one: subscribing, moving to another plan, acquiring an add-on, deleting a
subscription; for one plan or all, and, where limits grow, only above a number. The change itself refuses to happen
without one. Whoever wants it asks with a change request, which holds the wish as it was checked; approving it does the
change in the same transaction, as the one who asked.
"""
