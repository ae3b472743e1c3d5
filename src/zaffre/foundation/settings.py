"""Settings: one typed tree from a file, the environment and flags.

Later sources win: `zaffre.toml`, then `ZAFFRE_…` environment variables (two underscores between levels, as in
`ZAFFRE_DATABASE__URL`), then `--set key=value` flags. Whatever is wrong is reported by its dotted key before anything
starts.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)

ENVIRONMENT_PREFIX = "ZAFFRE_"
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400 * 400)]


class SettingsError(Exception):
    """The settings cannot be used; the message names every key that is wrong and why."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(_Section):
    """Where state is kept."""

    url: str = ""
    """SQLAlchemy URL; empty means SQLite in the state directory. PostgreSQL: `postgresql://user@host/name`."""
    pool_size: Annotated[int, Field(ge=1, le=100)] = 10


class ApiSettings(_Section):
    """Where the three faces listen."""

    host: str = "127.0.0.1"
    admin_port: Port = 30004
    tenant_port: Port = 30005
    public_port: Port = 30006
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allow_plain_http: bool = False
    """Permit listening beyond loopback without TLS, for example behind a proxy that terminates it."""
    body_limit_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 1_048_576
    """Largest request body, uploads of images excepted."""
    concurrent_requests: Annotated[int, Field(ge=1, le=10_000)] = 512
    """Requests being answered at once on each face; one more is told to come back (503)."""

    @model_validator(mode="after")
    def _beyond_loopback_needs_tls(self) -> "ApiSettings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be given together")
        loopback = self.host in ("127.0.0.1", "::1", "localhost")
        if not loopback and self.tls_certificate is None and not self.allow_plain_http:
            raise ValueError("listening beyond loopback needs tls_certificate and tls_key, or allow_plain_http = true")
        return self


class PortalSettings(_Section):
    """Where the portals listen; host and TLS are the API's."""

    tenant_port: Port = 30081
    admin_port: Port = 30091
    tenant_url: str = ""
    """Where people find the tenant portal, for links in mail; empty: as this process serves it."""
    admin_url: str = ""


class IdentitySettings(_Section):
    """People and tokens."""

    sign_up: bool = True
    """Whether strangers may create tenant accounts."""
    bootstrap_admin_email: str = "admin@zaffre.example"
    bootstrap_admin_password: SecretStr | None = None
    """Password of the first administrator; absent means one is generated into the state directory."""
    access_token_lifetime_s: Annotated[int, Field(ge=60, le=3600)] = 600
    refresh_token_lifetime_s: Annotated[int, Field(ge=600, le=86_400 * 90)] = 86_400 * 14
    api_token_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """How long API tokens may live at most; 0: for ever. Shortening it ends tokens that are older."""
    sign_in_attempts_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Attempts in vain that are allowed per account and per source address before both must wait."""
    administrators_need_second_factor: bool = False
    """Whether accounts that run the site can do nothing but set up a second factor until they have one."""
    verified_email_to_subscribe: bool = True
    """Whether subscribing needs a verified address, on a site that sends mail."""


class FederationSettings(_Section):
    """Identity providers that people sign in with."""

    allow_networks: tuple[IPvAnyNetwork, ...] = ()
    """Networks where they may be although these are private, local or this server's own."""
    allow_plain_http: bool = False
    """Whether they may be spoken to unencrypted; whoever is on the way can then be anybody here."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's."""
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 10.0
    """How long a provider has for its answer."""


class MailSettings(_Section):
    """How the site sends mail. Without a host (or a directory) it sends none, and what depends on mail is off."""

    host: str = ""
    """The mail server that takes our messages; empty: none."""
    port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """From the first byte (`tls`, usually port 465), after a greeting (`starttls`), or `none`."""
    user: str = ""
    password: SecretStr | None = None
    sender: str = "Zaffre <zaffre@localhost>"
    """Who messages come from, as in `Example Cloud <cloud@example.org>`."""
    directory: Path | None = None
    """For development: messages are not sent but written here, a file each."""
    timeout_s: Annotated[float, Field(ge=1, le=300)] = 20
    interval_s: Annotated[float, Field(ge=0.1, le=3600)] = 5
    """How soon a message is sent."""

    @property
    def configured(self) -> bool:
        """Whether there is a way for mail to leave the site."""
        return bool(self.host) or self.directory is not None

    @model_validator(mode="after")
    def _a_password_is_not_sent_in_the_clear(self) -> "MailSettings":
        if self.tls == "none" and self.password is not None and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("a password needs tls = starttls or tls, except for a server on loopback")
        if "@" not in parseaddr(self.sender)[1]:
            raise ValueError("sender must be an address, as in Example Cloud <cloud@example.org>")
        return self


class OperationSettings(_Section):
    """How durable operations run."""

    concurrency_per_stamp: Annotated[int, Field(ge=1, le=256)] = 8
    """More do not end sooner on one processor; they only make the API wait."""
    sweep_interval_s: Seconds = 1.0
    """How soon a queued operation is found whose dispatch was lost."""
    worker: str = "worker-1"
    """Stable name of this worker: after a restart it takes up what the same name left unfinished."""
    keep_history_days: Annotated[int, Field(ge=1, le=3650)] = 90


class FabricSettings(_Section):
    """Hosts and how closely they are watched."""

    reconcile_interval_s: Seconds = 10.0
    simulated_world: Path | None = None
    """Where the simulated twin keeps its hosts; absent means in memory."""


class MetricsSettings(_Section):
    """What hosts and virtual machines use, over time."""

    interval_s: Seconds = 30.0
    """How often hosts are asked."""
    keep_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 24


class MeteringSettings(_Section):
    """What is used, as records for billing."""

    interval_s: Annotated[int, Field(ge=60, le=3600)] = 180
    """How long a usage record is at most; records are about half a minute later than that. Must divide an hour."""
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 40
    """How long usage records are kept. They are never deleted before they are in the sums of hours and days."""
    keep_hourly_days: Annotated[int, Field(ge=1, le=3650)] = 100
    """How long sums of hours are kept."""
    keep_daily_days: Annotated[int, Field(ge=1, le=3650)] = 800
    """How long sums of days are kept."""

    @model_validator(mode="after")
    def _intervals_end_with_the_hour(self) -> "MeteringSettings":
        if 3600 % self.interval_s:
            raise ValueError("interval_s must divide an hour, such as 60, 180, 300 or 900")
        return self


class MoneySettings(_Section):
    """What tenants pay."""

    statement_grace_hours: Annotated[int, Field(ge=1, le=720)] = 72
    """How long after its end a month is closed by itself; what is recorded later is adjusted in the next statement."""
    budget_interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """How often costs are compared with each budget."""
    cost_overview_interval_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """How often each subscription is priced for the cost overview."""
    issuer: Annotated[str, Field(max_length=500)] = "Zaffre"
    """Who statements are from: name and address, in lines."""


class LibrarySettings(_Section):
    """Images."""

    directory: Path | None = None
    """Where image content is kept; absent means `library` in the state directory."""
    import_directories: tuple[Path, ...] = ()
    """Directories of this machine that operators may import image files from."""
    image_limit_gib: Annotated[int, Field(ge=1, le=4096)] = 64


class EventSettings(_Section):
    """Lifecycle events."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 90
    streams: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Live streams served at once."""


class RateLimitSettings(_Section):
    """How much may be asked of the public face."""

    caller_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 3000
    """Requests of one caller, steadily."""
    caller_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """As many of them at once."""
    address_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 12_000
    """Requests from one address, whoever sends them; with IPv6, from one network of 64 bits."""
    address_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 1200
    processes: Annotated[int, Field(ge=1, le=1000)] = 1
    """API processes that share the load: each holds callers to its share of the limits."""


class WebhookSettings(_Section):
    """Events sent to others."""

    allow_networks: tuple[IPvAnyNetwork, ...] = ()
    """Networks that webhooks may go to although they are private, local or this server's own."""
    allow_plain_http: bool = False
    """Whether they may go unencrypted."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's."""
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 10.0
    """How long a receiver has for its answer."""
    concurrency: Annotated[int, Field(ge=1, le=500)] = 32
    """Messages under way at once from one worker; at most 4 of them to one receiver."""
    attempts: Annotated[int, Field(ge=1, le=50)] = 10
    """How often a message is tried before it is given up."""
    retry_base_s: Annotated[float, Field(gt=0, le=3600)] = 5.0
    """The pause before the second attempt; each further one is three times as long, and four hours at most."""
    disable_after_s: Seconds = 86_400.0
    """A receiver that has taken nothing for so long is sent nothing any more."""
    keep_days: Annotated[int, Field(ge=1, le=365)] = 14
    """How long deliveries are kept, those that wait for a receiver included."""


class ProviderSettings(_Section):
    """Resource providers in other processes, and programs that approve changes."""

    allow_networks: tuple[IPvAnyNetwork, ...] = ()
    """Networks where they may be although these are private, local or this server's own."""
    allow_plain_http: bool = False
    """Whether they may be spoken to unencrypted."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """How long a provider has for an answer to what Zaffre itself asks."""
    tenant_timeout_s: Annotated[float, Field(gt=0, le=120)] = 30.0
    """How long it has for an answer to a tenant."""
    answer_limit_bytes: Annotated[int, Field(ge=4096, le=2**26)] = 1_048_576
    """Larger answers are refused."""
    connections: Annotated[int, Field(ge=1, le=200)] = 16
    """Requests to one provider at once from one process."""
    look_interval_s: Seconds = 1.0
    """How often it is looked whether providers have something to be told."""
    health_interval_s: Seconds = 15.0
    """How often providers are asked how they are."""
    usage_interval_s: Seconds = 60.0
    """How often providers are asked what was used."""


class AuditSettings(_Section):
    """The audit trail."""

    keep_days: Annotated[int, Field(ge=30, le=36_500)] = 730
    """Older records are taken off the chain's beginning; its anchor remembers where it was cut."""
    exports: Annotated[int, Field(ge=1, le=100)] = 4
    """Exports and verifications that one API process runs at once."""


class ConsoleSettings(_Section):
    """Consoles of virtual machines."""

    open: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Consoles that one API process serves at once."""
    per_machine: Annotated[int, Field(ge=1, le=100)] = 8
    """Those of one virtual machine among them."""
    idle_s: Annotated[int, Field(ge=60, le=86_400)] = 1800
    """A console over which nothing went for so long is closed."""


class LoggingSettings(_Section):
    """Logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(_Section):
    """All settings of one Zaffre process."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict[str, str])
    state_directory: Path = Path("/var/lib/zaffre")
    secret_key_file: Path | None = None
    """Key that encrypts secrets at rest; absent means `secret.key` in the state directory, made at first start."""
    parts: tuple[Literal["api", "portal", "worker"], ...] = ("api", "portal", "worker")
    database: DatabaseSettings = DatabaseSettings()
    api: ApiSettings = ApiSettings()
    portal: PortalSettings = PortalSettings()
    identity: IdentitySettings = IdentitySettings()
    federation: FederationSettings = FederationSettings()
    mail: MailSettings = MailSettings()
    operations: OperationSettings = OperationSettings()
    fabric: FabricSettings = FabricSettings()
    metrics: MetricsSettings = MetricsSettings()
    metering: MeteringSettings = MeteringSettings()
    money: MoneySettings = MoneySettings()
    library: LibrarySettings = LibrarySettings()
    events: EventSettings = EventSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    webhooks: WebhookSettings = WebhookSettings()
    providers: ProviderSettings = ProviderSettings()
    audit: AuditSettings = AuditSettings()
    consoles: ConsoleSettings = ConsoleSettings()
    logging: LoggingSettings = LoggingSettings()

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each setting that is not the default comes from, by its dotted key."""
        return self._origins

    def came_from(self, origins: Mapping[str, str]) -> "Settings":
        """Note where the settings that are not the defaults come from; returns the same settings."""
        self._origins.update(origins)
        return self

    @property
    def database_url(self) -> str:
        """The database's URL with the default filled in and an asynchronous driver named."""
        url = self.database.url or f"sqlite:///{self.state_directory / 'zaffre.sqlite'}"
        for scheme, driver in (("sqlite://", "sqlite+zaffre://"), ("postgresql://", "postgresql+psycopg://")):
            if url.startswith(scheme):
                return driver + url.removeprefix(scheme)
        return url

    @property
    def secret_key_path(self) -> Path:
        """The secret key's file with the default filled in."""
        return self.secret_key_file or self.state_directory / "secret.key"

    @property
    def tenant_portal_url(self) -> str:
        """Where people find the tenant portal, without a slash at the end."""
        return (self.portal.tenant_url or self._served(self.portal.tenant_port)).rstrip("/")

    @property
    def admin_portal_url(self) -> str:
        """Where people find the admin portal, without a slash at the end."""
        return (self.portal.admin_url or self._served(self.portal.admin_port)).rstrip("/")

    def _served(self, port: int) -> str:
        host = f"[{self.api.host}]" if ":" in self.api.host else self.api.host
        return f"{'https' if self.api.tls_certificate is not None else 'http'}://{host}:{port}"

    @property
    def library_directory(self) -> Path:
        """The library's directory with the default filled in."""
        return self.library.directory or self.state_directory / "library"


def load_settings(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Settings:
    """Read settings from all sources.

    Args:
        file: a TOML file; None reads only the other sources.
        environment: variables to look for `ZAFFRE_…` in; defaults to the process's.
        flags: `dotted.key=value` pairs.

    Raises:
        SettingsError: something is unreadable, unknown or out of range.
    """
    tree = _read_file(file) if file is not None else {}
    in_file = dict.fromkeys(_keys(tree), str(file))
    origins: dict[str, str] = {}
    for name, value in sorted((os.environ if environment is None else environment).items()):
        if name.startswith(ENVIRONMENT_PREFIX):
            key = name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            _place(tree, key, value)
            origins[key] = name
    for flag in flags:
        key, equals, value = flag.partition("=")
        if not equals:
            raise SettingsError(f"--set {flag}: write it as dotted.key=value")
        _place(tree, key, value)
        origins[key] = f"--set {key}"
    try:
        return Settings.model_validate(tree).came_from(in_file | origins)
    except ValidationError as error:
        raise SettingsError(_explain(error, origins, file)) from None


def _keys(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of a tree."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _keys(cast("dict[str, Any]", value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from None


def _place(tree: dict[str, Any], key: str, value: str) -> None:
    """Put a textual value at a dotted key; commas make a list where the setting is one."""
    *path, leaf = key.split(".")
    branch = tree
    for name in path:
        below: Any = branch.setdefault(name, dict[str, Any]())
        if not isinstance(below, dict):
            raise SettingsError(f"{key}: {name} is a setting of its own and not a section")
        branch = cast("dict[str, Any]", below)
    is_list = key in ("parts", "library.import_directories") or key.endswith(".allow_networks")
    branch[leaf] = [part for part in value.split(",") if part] if is_list else value


def _explain(error: ValidationError, origins: Mapping[str, str], file: Path | None) -> str:
    lines: list[str] = []
    for fault in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in fault["loc"])
        # A fault of a list's item is its list's; one of a whole section is of whatever was set in it.
        related = [o for k, o in origins.items() if k == key or key.startswith(f"{k}.") or k.startswith(f"{key}.")]
        where = ", ".join(related) or (str(file) if file else "defaults")
        reason = (
            "is not a setting" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
        )
        lines.append(f"{key} ({where}): {reason}")
    return "\n".join(lines)
