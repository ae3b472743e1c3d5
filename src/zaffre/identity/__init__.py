"""Identity: who somebody is and what they may do.

An account belongs to a person (or a program) and has one role at the site. Signing in exchanges a password for a short
access token, which every process can verify without the database, and a refresh token, which can be revoked. Programs
use API tokens instead. What a role may do is a set of permissions; routes declare the permission they need with
`requires`, and what of a tenant's things a caller may see is decided where those things are.

Public face: `Caller`, `CurrentCaller`, `Permission`, `Role`, `requires`, `public`, `signed_in`.
"""

from zaffre.identity.callers import Caller, CurrentCaller, public, requires, signed_in
from zaffre.identity.permissions import HELD_IN_SUBSCRIPTIONS, PERMISSIONS_OF, Permission, Role

__all__ = [
    "HELD_IN_SUBSCRIPTIONS",
    "PERMISSIONS_OF",
    "Caller",
    "CurrentCaller",
    "Permission",
    "Role",
    "public",
    "requires",
    "signed_in",
]
