"""The colours of states. They only underline what the words say."""

from rich.text import Text

from zaffre.cli.words import state_text

GOOD = "green"
UNDER_WAY = "yellow"
BAD = "bold red"
AT_REST = "dim"

_STYLES = {
    GOOD: (
        "running",
        "ready",
        "active",
        "enabled",
        "available",
        "attached",
        "public",
        "succeeded",
        "in_sync",
        "connected",
        "yes",
    ),
    BAD: ("crashed", "missing", "unknown", "failed", "stuck", "out_of_sync", "suspended", "unreachable"),
    AT_REST: ("stopped", "cancelled", "decommissioned", "disabled", "absent", "awaiting_content", "no"),
}
_STYLE_OF = {state: style for style, states in _STYLES.items() for state in states}


def styled_state(state: str) -> Text:
    """Return a state in its colour. One that is not known here is taken to be under way: most of those end in -ing."""
    return Text(state_text(state), style=_STYLE_OF.get(state, UNDER_WAY))
