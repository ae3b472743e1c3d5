"""Where a development cloud keeps its things: everything is below one directory."""

import os
from dataclasses import dataclass
from pathlib import Path

ADMIN_EMAIL = "admin@zaffre.example"
TENANT_EMAIL = "tenant@zaffre.example"


def usual_directory(name: str = "dev") -> Path:
    """Return where the development cloud of that name lives unless told otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/zaffre") / name
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "zaffre" / name


@dataclass(frozen=True)
class Places:
    """Files and directories below `directory`."""

    directory: Path

    @property
    def fabric(self) -> Path:
        """The developer fabric's directory. Short, because unix sockets in it have long names."""
        return self.directory / "f"

    @property
    def images(self) -> Path:
        """Guest images; the one thing that outlives the cloud, unless purged."""
        return self.directory / "images"

    @property
    def server(self) -> Path:
        """The server's state directory."""
        return self.directory / "server"

    @property
    def settings(self) -> Path:
        """The server's settings."""
        return self.directory / "zaffre.toml"

    @property
    def server_log(self) -> Path:
        """What the server says."""
        return self.directory / "server.log"

    @property
    def server_process(self) -> Path:
        """Which process the server is."""
        return self.directory / "server.process"

    @property
    def credentials(self) -> Path:
        """Passwords of the administrator and the tenant; only their owner can read it."""
        return self.directory / "credentials.json"

    @property
    def simulated_world(self) -> Path:
        """Hosts of the simulated fabric."""
        return self.directory / "world"

    @property
    def tenant_key(self) -> Path:
        """The private half of the tenant's SSH key."""
        return self.directory / "tenant.key"

    @property
    def mail(self) -> Path:
        """Mail that the server would have sent: a file each."""
        return self.directory / "mail"

    @property
    def made_by_the_cloud(self) -> tuple[Path, ...]:
        """What goes when the cloud is taken down, apart from the fabric and the simulated world."""
        files = (self.settings, self.server_log, self.server_process, self.credentials, self.tenant_key)
        return (self.server, self.mail, *files)
