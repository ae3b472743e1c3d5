class Reconnect:
    """Decides when to connect again and when to ask a silent peer for a sign of life."""

    def set_backoff(self, min_backoff: int, max_backoff: int) -> None:
        """Set the time between attempts to connect, in milliseconds, at least 1000."""

    def set_probe_interval(self, probe_interval: int) -> None:
        """Set how long a peer may be silent, in milliseconds; 0 means for ever."""
