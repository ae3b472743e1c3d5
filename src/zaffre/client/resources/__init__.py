"""The resource groups of the client: one module for each noun of the API.

A group is a `Listing` or a `Collection` that names its path and its models and adds what only it can do. To add one:
subclass, then hang it onto `Zaffre`, `SubscriptionScope` or `Administration`.
"""
