from ovs.reconnect import Reconnect

class Session:
    """A JSON-RPC session that reconnects by itself."""

    reconnect: Reconnect

    def is_connected(self) -> bool: ...
