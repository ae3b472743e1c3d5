"""The environment variables that the command line reads.

They share the prefix of the server's settings, so `server_environment` takes them out before a server reads its own.
"""

import os
from collections.abc import Mapping

URL = "ZAFFRE_URL"
ADMIN_URL = "ZAFFRE_ADMIN_URL"
TOKEN = "ZAFFRE_TOKEN"  # noqa: S105 - a variable's name
CONFIG = "ZAFFRE_CONFIG"
CONTEXT = "ZAFFRE_CONTEXT"
SUBSCRIPTION = "ZAFFRE_SUBSCRIPTION"
EMAIL = "ZAFFRE_EMAIL"
PASSWORD = "ZAFFRE_PASSWORD"  # noqa: S105 - a variable's name
CA_FILE = "ZAFFRE_CA_FILE"
CERTIFICATE = "ZAFFRE_CERTIFICATE"
CERTIFICATE_KEY = "ZAFFRE_CERTIFICATE_KEY"
DEBUG = "ZAFFRE_DEBUG"

CLIENT_VARIABLES = frozenset(
    {
        URL,
        ADMIN_URL,
        TOKEN,
        CONFIG,
        CONTEXT,
        SUBSCRIPTION,
        EMAIL,
        PASSWORD,
        CA_FILE,
        CERTIFICATE,
        CERTIFICATE_KEY,
        DEBUG,
    },
)


def server_environment() -> Mapping[str, str]:
    """Return the environment without what is meant for the command line."""
    return {name: value for name, value in os.environ.items() if name not in CLIENT_VARIABLES}


def variable(name: str) -> str | None:
    """Return an environment variable; None when it is absent or empty."""
    return os.environ.get(name) or None
