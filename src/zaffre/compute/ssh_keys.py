"""SSH keys: public keys that new virtual machines let in."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from zaffre.compute.tables import SshKeyRow
from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InvalidInput, NameTaken, NotFound
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.tags import retag, tags_field
from zaffre.foundation.work import ResourceRef, UnitOfWork

KEYS_PER_SUBSCRIPTION = 100
KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)

LISTING = Listing(
    SshKeyRow,
    {
        "id": Field(SshKeyRow.id, FieldType.ID),
        "name": Field(SshKeyRow.name, FieldType.TEXT, searchable=True),
        "fingerprint": Field(SshKeyRow.fingerprint, FieldType.TEXT, searchable=True),
        "tags": tags_field(SshKeyRow),
        "created_at": Field(SshKeyRow.created_at, FieldType.INSTANT),
    },
    key=SshKeyRow.id,
    order="name",
)


class TooManyKeys(Conflict):
    """The subscription has as many keys as it may."""

    code = "ssh_key.too_many"
    title = "Too many SSH keys"


class SshKeys:
    """Rules for one subscription's keys inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id

    async def add(self, name: str, public_key: str, tags: Mapping[str, str] | None = None) -> SshKeyRow:
        """Add a public key in OpenSSH's one-line format.

        Raises:
            InvalidInput: it is not one; a private key is refused with a warning.
            NameTaken: the subscription has another key of that name.
            TooManyKeys: it has as many as it may.
        """
        normal, fingerprint = parse_public_key(public_key)
        held = select(func.count()).select_from(SshKeyRow).where(SshKeyRow.subscription_id == self._subscription_id)
        if (await self._session.scalar(held) or 0) >= KEYS_PER_SUBSCRIPTION:
            raise TooManyKeys(
                f"The subscription has {KEYS_PER_SUBSCRIPTION} SSH keys, the most it may.", remedy="Delete one."
            )
        row = SshKeyRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription_id,
            name=name,
            public_key=normal,
            fingerprint=fingerprint,
            tags=dict(tags or {}),
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("SSH key", name))
        self._work.emit("ssh_key.created", reference(row), fingerprint=fingerprint)
        return row

    async def get(self, key_id: str, *, lock: RowLock | None = None) -> SshKeyRow:
        """Return a key of the subscription, locked as wanted until the transaction ends.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(SshKeyRow, key_id, with_for_update=for_update(lock))
        if row is None or row.subscription_id != self._subscription_id:
            raise NotFound("SSH key", key_id)
        return row

    async def public_keys(self, key_ids: Sequence[str]) -> list[str]:
        """Return the text of some keys.

        Raises:
            NotFound: the subscription lacks one of them.
        """
        return [(await self.get(key_id)).public_key for key_id in key_ids]

    async def page(self, query: ListQuery) -> Rows[SshKeyRow]:
        """Return a page of the subscription's keys."""
        return await LISTING.rows(self._session, query, SshKeyRow.subscription_id == self._subscription_id)

    async def label(self, key_id: str, name: str | None, tags: Mapping[str, str | None]) -> SshKeyRow:
        """Give a key another name, if one is given, and merge tags into those it has.

        Raises:
            NotFound: the subscription has none with this id.
            NameTaken: it has another key of that name.
            TooManyTags: there would be too many.
        """
        row = await self.get(key_id, lock=RowLock.CHANGE)
        if name is not None and row.name != name:
            row.name = name
            await self._work.save(row, lambda _: NameTaken("SSH key", name))
            self._work.emit("ssh_key.renamed", reference(row))
        await retag(self._work, row, reference(row), tags)
        return row

    async def delete(self, key_id: str) -> None:
        """Remove a key. Virtual machines that were made with it keep letting it in.

        Raises:
            NotFound: the subscription has none with this id.
        """
        row = await self.get(key_id)
        await self._session.delete(row)
        self._work.emit("ssh_key.deleted", reference(row))


def parse_public_key(text: str) -> tuple[str, str]:
    """Return a public key on one line, and its SHA-256 fingerprint as OpenSSH writes it.

    Raises:
        InvalidInput: it is not a public key.
    """
    if "PRIVATE KEY" in text:
        raise InvalidInput(
            "This is a private key, which nobody but you may have.",
            remedy="Send the public key, the file ending in .pub; consider this private key as known to others now.",
            target="public_key",
        )
    key_type, _, rest = text.strip().partition(" ")
    content, _, comment = rest.strip().partition(" ")
    try:
        blob = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    length = int.from_bytes(blob[:4], "big")
    if key_type not in KEY_TYPES or blob[4 : 4 + length] != key_type.encode() or not comment.isprintable():
        raise InvalidInput(
            "This is not an OpenSSH public key.",
            remedy="Send one line such as `ssh-ed25519 AAAA… you@host`: the content of a .pub file.",
            target="public_key",
        )
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"{key_type} {content} {comment.strip()}".strip(), f"SHA256:{digest}"


def reference(row: SshKeyRow) -> ResourceRef:
    """Name a key in events."""
    return ResourceRef("ssh_key", row.id, row.name, row.subscription_id)
