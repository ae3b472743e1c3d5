"""SSH keys of a subscription."""

from collections.abc import Mapping

from zaffre.client.collection import LabelledCollection
from zaffre.client.connection import Connection
from zaffre.client.models import NewSshKeyBody, SshKeyChangeBody, SshKeyView


class SshKeys(LabelledCollection[SshKeyView, SshKeyView]):
    """Public keys that new virtual machines can let in."""

    noun = "SSH key"
    change_body = SshKeyChangeBody

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the keys of the subscription at `path`."""
        super().__init__(connection, path, SshKeyView, SshKeyView)

    def add(self, name: str, public_key: str, tags: Mapping[str, str] | None = None) -> SshKeyView:
        """Add a public key, as a line of an `authorized_keys` file."""
        return self._create(NewSshKeyBody(name=name, public_key=public_key, tags=dict(tags or {})))

    def delete(self, key_id: str) -> None:
        """Remove a key. Virtual machines made with it keep letting it in."""
        self._delete(key_id)
