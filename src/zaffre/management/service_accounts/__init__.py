"""Service accounts: accounts of programs, without a password.

A subscription's own works there with one of its roles, and nowhere else; the site's has a role at the site. They sign
in with API tokens and client certificates, which whoever manages them sees to; nothing else opens the door. Public
face: `ServiceAccounts`.
"""

from zaffre.management.service_accounts.service_accounts import ServiceAccounts

__all__ = ["ServiceAccounts"]
