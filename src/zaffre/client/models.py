# ruff: noqa
"""The API's models. Generated from docs/api by `python -m zaffre.edge.client_models`: do not edit."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict
from zaffre.client.wire import OpenEnum, SecretStr, Wire


class Accelerator(OpenEnum):
    """
    How a host runs guests' instructions.
    """

    KVM = "kvm"
    TCG = "tcg"


class AccountState(OpenEnum):
    """
    Whether an account can sign in.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"


class AccountView(Wire):
    """An account."""

    id: str
    name: str
    state: AccountState
    created_at: AwareDatetime
    email: str
    generation: int
    role: str
    role_name: str
    verified_at: AwareDatetime | None


class ActingForView(Wire):
    """The account that an administrator acts for."""

    id: str
    name: str
    email: str


class AddOnLinkBody(Wire):
    """An add-on that can be had with a plan."""

    model_config = ConfigDict(
        extra="forbid",
    )
    add_on_id: str
    maximum: int | None = None


class AddOnWishBody(Wire):
    """Wants one more of an add-on for a subscription."""

    model_config = ConfigDict(
        extra="forbid",
    )
    add_on_id: str
    change: Literal["acquire_add_on"]
    reason: str = ""
    subscription_id: str


class ApprovableChange(OpenEnum):
    """
    What a rule can be about.
    """

    SUBSCRIBE = "subscribe"
    CHANGE_PLAN = "change_plan"
    ACQUIRE_ADD_ON = "acquire_add_on"
    DELETE_SUBSCRIPTION = "delete_subscription"


class ApprovalRuleChangeBody(Wire):
    """What may change of a rule; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    program_id: str | None = None
    valid_hours: int | None = None


class ApprovalRuleView(Wire):
    """A kind of change that needs an approval."""

    id: str
    name: str
    above: int | None
    change: ApprovableChange
    created_at: AwareDatetime
    dimension: str | None
    generation: int
    plan_id: str | None
    program_id: str | None
    valid_hours: int


class AskOutcome(OpenEnum):
    """
    What came of a question.
    """

    APPROVED = "approved"
    REFUSED = "refused"
    SILENT = "silent"


class AskTrigger(OpenEnum):
    """
    Why a program was asked.
    """

    IN_LINE = "in_line"
    COURIER = "courier"
    TRIAL = "trial"


class AttachmentBody(Wire):
    """Where to attach a disk."""

    model_config = ConfigDict(
        extra="forbid",
    )
    virtual_machine_id: str


class AuditHeadView(Wire):
    """Where the chain ends now. Noted outside the site, it proves later that no end was cut off."""

    anchor_hash: str
    anchor_sequence: int
    hash: str
    sequence: int
    unsealed: int


class AvailabilityPolicy(OpenEnum):
    """
    What counts for more when hosts run out: that a machine is made, or that it is alone.
    """

    STRICT = "strict"
    PREFERRED = "preferred"


class AvailabilitySetChangeBody(Wire):
    """What to call an availability set from now on. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    tags: dict[str, str | None] | None = None


class AvailabilitySetView(Wire):
    """Virtual machines that are kept on different hosts."""

    id: str
    name: str
    created_at: AwareDatetime
    generation: int
    policy: AvailabilityPolicy
    subscription_id: str
    tags: dict[str, str]
    virtual_machine_count: int


class Basis(OpenEnum):
    """
    Which cost a threshold looks at.
    """

    ACTUAL = "actual"
    FORECAST = "forecast"


class BudgetAlertView(Wire):
    """A threshold that was reached."""

    id: str
    amount: str
    basis: Basis
    cost: str
    currency: str
    month: str
    occurred_at: AwareDatetime
    percent: int
    suspended: bool
    told: list[str]


class CandidateHostView(Wire):
    """A host that a virtual machine could move to."""

    id: str
    name: str
    fit: bool
    memory_free_mib: int
    storage_free_gib: int
    unfit_because: str | None
    vcpus_free: int


class CandidateHostsView(Wire):
    """The hosts of a virtual machine's stamp: a stamp is small enough for one answer."""

    value: list[CandidateHostView]


class Change(OpenEnum):
    """
    What became of a resource's record.
    """

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


class ChangeCheckpointBody(Wire):
    """What to write on a checkpoint anew. What is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    description: str | None = None


class ChangePlanBody(Wire):
    """Another plan for a subscription."""

    model_config = ConfigDict(
        extra="forbid",
    )
    invitation_code: SecretStr | None = None
    plan_id: str


class ChangePlanWishBody(Wire):
    """Wants a subscription to be on another plan."""

    model_config = ConfigDict(
        extra="forbid",
    )
    change: Literal["change_plan"]
    invitation_code: SecretStr | None = None
    plan_id: str
    reason: str = ""
    subscription_id: str


class ChangeRequestState(OpenEnum):
    """
    Where a change request stands.
    """

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class DecidedBy(OpenEnum):
    PERSON = "person"
    PROGRAMS = "programs"


class ChangeRequestView(Wire):
    """A change that somebody wants and somebody else decides on."""

    id: str
    state: ChangeRequestState
    account_id: str
    add_on_id: str | None
    add_on_name: str | None
    asks: int
    cascade: bool
    change: ApprovableChange
    created_at: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: DecidedBy | None
    decision_reason: str | None
    expires_at: AwareDatetime
    generation: int
    grace_days: int | None
    needs_person: bool
    next_ask_at: AwareDatetime | None
    operation_id: str | None
    plan_id: str
    plan_name: str
    program_names: str | None
    reason: str
    rule_name: str
    subscription_id: str | None
    subscription_name: str | None


class CheckName(OpenEnum):
    """
    What is looked at, in this order.
    """

    STAMP = "stamp"
    NAME = "name"
    ADDRESS = "address"
    CONNECTION = "connection"
    STORAGE = "storage"
    VERSION = "version"
    MACHINE = "machine"
    NETWORK = "network"
    ACCELERATION = "acceleration"


class CheckpointState(OpenEnum):
    """
    What is being done with a checkpoint.
    """

    CREATING = "creating"
    READY = "ready"
    RESTORING = "restoring"
    DELETING = "deleting"


class CheckpointView(Wire):
    """A state of a virtual machine that it can be brought back to."""

    id: str
    name: str
    state: CheckpointState
    created_at: AwareDatetime
    current: bool
    description: str
    generation: int
    operation_id: str | None
    parent_id: str | None
    size_bytes: int | None
    virtual_machine_id: str
    with_memory: bool


class CloudView(Wire):
    """A cloud."""

    id: str
    name: str
    created_at: AwareDatetime
    description: str
    generation: int
    stamp_id: str


class CodeBody(Wire):
    """A code that the device shows, or a recovery code."""

    model_config = ConfigDict(
        extra="forbid",
    )
    code: str


class ConsoleKind(OpenEnum):
    """
    What a console shows.
    """

    GRAPHICAL = "graphical"
    SERIAL = "serial"


class ConsoleView(Wire):
    """A right to open a console, once."""

    expires_at: AwareDatetime
    kind: ConsoleKind
    path: str
    token: str


class CostGrouping(OpenEnum):
    """
    What is added up to one line.
    """

    METER = "meter"
    RESOURCE = "resource"
    TAG = "tag"


class CostKind(OpenEnum):
    """
    What something is charged for.
    """

    USAGE = "usage"
    FEE = "fee"
    DISCOUNT = "discount"


class CostLineView(Wire):
    """What something costs."""

    state: str | None
    began_at: AwareDatetime | None
    cost: str
    currency: str
    forecast: str | None
    kind: CostKind
    list_cost: str
    meter: str | None
    quantity: str | None
    resource_id: str | None
    resource_name: str | None
    resource_type: str | None
    tag: str | None
    title: str
    unit: str | None


class CostShareView(Wire):
    """What one of many comes to in one currency."""

    id: str
    name: str
    account_id: str | None
    cost: str
    currency: str
    forecast: str
    kind: CostKind | None
    last_month: str


class CostStep(OpenEnum):
    """
    How finely time is shown.
    """

    DAY = "day"
    TOTAL = "total"


class CostTotalView(Wire):
    """What a month costs in one currency."""

    cost: str
    currency: str
    forecast: str
    list_cost: str


class CostsView(Wire):
    """What a month costs."""

    as_of: AwareDatetime
    begin: AwareDatetime
    end: AwareDatetime
    month: str
    totals: list[CostTotalView]
    value: list[CostLineView]


class CreditView(Wire):
    """An amount that statements use up."""

    id: str
    name: str
    account_id: str
    amount: str
    created_at: AwareDatetime
    currency: str
    expires_at: AwareDatetime | None
    generation: int
    left: str
    subscription_id: str | None


class CurrencyCostsView(Wire):
    """What everybody's month comes to in one currency, as it is paid, such as `12.50`."""

    billed: str | None
    cost: str
    credits_left: str
    currency: str
    discounts: str
    fees: str
    forecast: str
    last_month: str
    usage: str


class DecisionBody(Wire):
    """A decision, and why."""

    model_config = ConfigDict(
        extra="forbid",
    )
    reason: str = ""


class DeclineBody(Wire):
    """Why not; the one who asked reads it."""

    model_config = ConfigDict(
        extra="forbid",
    )
    reason: str


class DeletionWishBody(Wire):
    """Wants a subscription to be deleted."""

    model_config = ConfigDict(
        extra="forbid",
    )
    cascade: bool = False
    change: Literal["delete_subscription"]
    grace_days: int | None = None
    reason: str = ""
    subscription_id: str


class DeliveryState(OpenEnum):
    """
    Where a delivery stands.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryTrigger(OpenEnum):
    """
    Why something is delivered.
    """

    EVENT = "event"
    REDELIVERY = "redelivery"
    TEST = "test"


class DeliveryView(Wire):
    """One event on its way to one webhook, and what came of it."""

    id: str
    state: DeliveryState
    attempts: int
    created_at: AwareDatetime
    due_at: AwareDatetime
    duration_ms: int | None
    error: str | None
    event_id: str
    excerpt: str | None
    finished_at: AwareDatetime | None
    kind: str
    last_attempt_at: AwareDatetime | None
    occurred_at: AwareDatetime
    resource_id: str
    resource_name: str | None
    resource_type: str
    status: int | None
    trigger: DeliveryTrigger
    webhook_id: str


class Desired(OpenEnum):
    """
    The power state a tenant wants.
    """

    RUNNING = "running"
    STOPPED = "stopped"
    PAUSED = "paused"
    DELETED = "deleted"


class DimensionView(Wire):
    """A quota dimension."""

    name: str
    default: int
    maximum: int
    title: str
    unit: str


class DiscountScope(OpenEnum):
    """
    Whose price is less.
    """

    SUBSCRIPTION = "subscription"
    ACCOUNT = "account"
    PLAN = "plan"


class DiscountView(Wire):
    """A part of the price that somebody does not pay for a time."""

    id: str
    name: str
    amount: str | None
    begins_at: AwareDatetime
    created_at: AwareDatetime
    currency: str | None
    ends_at: AwareDatetime | None
    generation: int
    percent: str | None
    scope: DiscountScope
    scope_id: str


class DiskChangeBody(Wire):
    """What is to change about a disk. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    size_gib: int | None = None
    tags: dict[str, str | None] | None = None


class DiskKind(OpenEnum):
    """
    What a disk is for.
    """

    ROOT = "root"
    DATA = "data"


class DiskState(OpenEnum):
    """
    Where a disk stands.
    """

    CREATING = "creating"
    AVAILABLE = "available"
    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    GROWING = "growing"
    DELETING = "deleting"


class DiskView(Wire):
    """A disk."""

    id: str
    name: str
    state: DiskState
    created_at: AwareDatetime
    generation: int
    kind: DiskKind
    operation_id: str | None
    position: int | None
    serial: str
    size_gib: int
    subscription_id: str
    tags: dict[str, str]
    virtual_machine_id: str | None


class DisplayView(Wire):
    """An offer in the reader's language, as Accept-Language asks for it."""

    name: str
    description: str
    language: str | None
    price: str


class EndDiscountBody(Wire):
    """When a discount shall end."""

    model_config = ConfigDict(
        extra="forbid",
    )
    ends_at: AwareDatetime | None = None


class EnrolmentBody(Wire):
    """A wish to set up a second factor."""

    model_config = ConfigDict(
        extra="forbid",
    )
    current_password: SecretStr | None = None


class EnrolmentView(Wire):
    """What a device needs to make codes. Shown once."""

    picture: list[str]
    secret: str
    uri: str


class EventView(Wire):
    """One fact."""

    id: str
    account_id: str | None
    acting_for_id: str | None
    actor_id: str
    actor_kind: str
    cursor: str
    data: dict[str, Any]
    kind: str
    occurred_at: AwareDatetime
    operation_id: str | None
    request_id: str | None
    resource_id: str
    resource_name: str | None
    resource_type: str
    subscription_id: str | None


class ExportFormat(OpenEnum):
    """
    How an export is written.
    """

    NDJSON = "ndjson"
    CSV = "csv"


class FaultKind(OpenEnum):
    """
    What is wrong with the chain at a place.
    """

    CHANGED = "changed"
    BROKEN = "broken"
    MISSING = "missing"
    HEAD = "head"


class FederatedReturnBody(Wire):
    """What a browser brought back from a provider, in its address."""

    model_config = ConfigDict(
        extra="forbid",
    )
    state: str
    code: str | None = None
    error: str | None = None
    iss: str | None = None
    second_factor_code: str | None = None


class FederatedSignInView(Wire):
    """Where to go to sign in. A cookie with the answer binds it to the browser."""

    authorization_url: str
    expires_at: AwareDatetime


class FeePeriod(OpenEnum):
    """
    How often a fee is due.
    """

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class FeeView(Wire):
    """What is due for each period, whatever is used."""

    amount: str
    currency: str
    period: FeePeriod


class FieldKind(OpenEnum):
    """
    What a value is, and how it is entered and shown.
    """

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    CHOICE = "choice"


class FieldProblem(Wire):
    """One field that is wrong."""

    detail: str
    target: str


class FitView(Wire):
    """Whether some more of a dimension fits."""

    dimension: str
    fits: bool
    included: bool
    left: int | None
    limit: int | None
    requested: int
    title: str
    unit: str
    used: int


class FocusFormat(OpenEnum):
    """
    How rows are written.
    """

    CSV = "csv"
    PARQUET = "parquet"


class Grouping(OpenEnum):
    """
    What is added up to one line.
    """

    METER = "meter"
    RESOURCE = "resource"
    SUBSCRIPTION = "subscription"


class GuestFilesystemView(Wire):
    """A mounted file system."""

    mountpoint: str
    total_bytes: int | None
    type: str | None
    used_bytes: int | None


class GuestInterfaceView(Wire):
    """A network interface as the guest has it."""

    name: str
    addresses: list[str]
    mac: str | None


class GuestSilence(OpenEnum):
    """
    Why there are no facts about a guest.
    """

    NOT_RUNNING = "not_running"
    NO_AGENT = "no_agent"


class GuestSystemView(Wire):
    """A guest's operating system."""

    name: str | None
    title: str
    version: str | None


class HoldingView(Wire):
    """One thing that would go."""

    id: str
    name: str
    detail: str


class HoldingsView(Wire):
    """The things of one type that would go."""

    count: int
    items: list[HoldingView]
    title: str
    type: str


class HostChangeBody(Wire):
    """What may change of a host."""

    model_config = ConfigDict(
        extra="forbid",
    )
    enabled: bool


class HostCountsView(Wire):
    """How many hosts there are, by what is wanted of them, and how many of those do not answer."""

    adding: int
    disabled: int
    enabled: int
    removing: int
    unreachable: int


class HostState(OpenEnum):
    """
    What the operator wants of a host.
    """

    ADDING = "adding"
    ENABLED = "enabled"
    DISABLED = "disabled"
    REMOVING = "removing"


class HostStorageView(Wire):
    """A host's storage pool."""

    capacity_gib: int
    connected: bool
    free_gib: int
    host_id: str
    host_name: str
    observed_at: AwareDatetime | None
    path: str
    reserved_gib: int
    stamp_id: str
    total_gib: int
    used_gib: int


class HostView(Wire):
    """A host: what is wanted of it, what it is, and what is reserved on it."""

    id: str
    name: str
    state: HostState
    accelerator: Accelerator | None
    connected: bool
    created_at: AwareDatetime
    driver: str
    engine_version: str | None
    generation: int
    hostname: str | None
    integration_bridge: str
    memory_capacity_mib: int
    memory_mib: int
    memory_reserved_mib: int
    migration_uri: str | None
    observed_at: AwareDatetime | None
    pool_path: str
    problem: str | None
    provider_address: str | None
    stamp_id: str
    storage_capacity_gib: int
    storage_free_gib: int
    storage_gib: int
    storage_reserved_gib: int
    uri: str
    vcpus: int
    vcpus_capacity: int
    vcpus_reserved: int


class ImageFormat(OpenEnum):
    """
    How an image's content is laid out. Each kind has one.
    """

    QCOW2 = "qcow2"
    ISO = "iso"


class ImageKind(OpenEnum):
    """
    What an image is for.
    """

    DISK = "disk"
    ISO = "iso"


class ImageState(OpenEnum):
    """
    Where an image stands.
    """

    AWAITING_CONTENT = "awaiting_content"
    IMPORTING = "importing"
    AVAILABLE = "available"
    DELETING = "deleting"


class ImageView(Wire):
    """An image."""

    id: str
    name: str
    state: ImageState
    announced_size_bytes: int | None
    created_at: AwareDatetime
    default_user: str
    description: str
    format: ImageFormat
    generation: int
    kind: ImageKind
    minimum_disk_gib: int
    minimum_memory_mib: int
    owner_subscription_id: str | None
    sha256: str | None
    size_bytes: int | None
    tags: dict[str, str]
    virtual_size_bytes: int | None


class ImportBody(Wire):
    """Where on the server to find an image's content."""

    model_config = ConfigDict(
        extra="forbid",
    )
    path: str


class InsertionBody(Wire):
    """What to put into a drive."""

    model_config = ConfigDict(
        extra="forbid",
    )
    image_id: str


class InvitationBody(Wire):
    """Somebody to invite."""

    model_config = ConfigDict(
        extra="forbid",
    )
    email: str
    role: str


class InvitationView(Wire):
    """A subscription that the caller has been invited to work in."""

    id: str
    created_at: AwareDatetime
    role: str
    role_name: str
    subscription_id: str
    subscription_name: str


class JsonWebKeySetView(Wire):
    """Public keys that prove what programs are asked (RFC 7517)."""

    keys: list[dict[str, Any]]


class LabelsView(Wire):
    """A text for people: in English, and by their two letters in other languages."""

    model_config = ConfigDict(
        extra="allow",
    )
    en: str


class LimitView(Wire):
    """A quota limit in words."""

    dimension: str
    limit: int | None
    title: str
    unit: str


class LineKind(OpenEnum):
    """
    What a line of a statement is for.
    """

    USAGE = "usage"
    FEE = "fee"
    DISCOUNT = "discount"
    ADJUSTMENT = "adjustment"
    CREDIT = "credit"


class LinkBody(Wire):
    """What a link carries behind `#`."""

    model_config = ConfigDict(
        extra="forbid",
    )
    token: SecretStr


class LinkedIdentityView(Wire):
    """Somebody at an identity provider who can sign in to one's account."""

    id: str
    created_at: AwareDatetime
    email: str | None
    provider_id: str
    provider_name: str
    used_at: AwareDatetime | None


class LinkedPlanView(Wire):
    """A plan that an add-on can be had with."""

    name: str
    plan_id: str


class LivenessView(Wire):
    """The process answers."""

    status: str
    version: str


class LogicalNetworkView(Wire):
    """A logical network."""

    id: str
    name: str
    address: str
    connected: bool
    created_at: AwareDatetime
    driver: str
    first_mac: str
    generation: int
    last_mac: str
    stamp_id: str
    underlay_mtu: int


class LoopView(Wire):
    """A background loop."""

    name: str
    healthy: bool
    last_failure: str | None


class MachineChangeBody(Wire):
    """What to call a virtual machine from now on. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    tags: dict[str, str | None] | None = None


class MachineState(OpenEnum):
    """
    One of Observed and Transition.
    """

    CREATING = "creating"
    STARTING = "starting"
    SHUTTING_DOWN = "shutting_down"
    STOPPING = "stopping"
    RESETTING = "resetting"
    PAUSING = "pausing"
    RESUMING = "resuming"
    RESIZING = "resizing"
    RECONFIGURING = "reconfiguring"
    MIGRATING = "migrating"
    DELETING = "deleting"
    CHECKPOINTING = "checkpointing"
    RESTORING = "restoring"
    ABSENT = "absent"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CRASHED = "crashed"
    MISSING = "missing"
    UNKNOWN = "unknown"


class MailView(Wire):
    """A message that waits to be sent; what it says is for its recipient."""

    id: str
    attempts: int
    created_at: AwareDatetime
    give_up_at: AwareDatetime
    last_error: str | None
    next_attempt_at: AwareDatetime
    recipient: str
    subject: str


class MemberChangeBody(Wire):
    """Another role for a member."""

    model_config = ConfigDict(
        extra="forbid",
    )
    role: str


class MemberView(Wire):
    """Somebody who works in a subscription, or has been invited to."""

    id: str
    accepted: bool
    created_at: AwareDatetime
    email: str
    generation: int
    role: str
    role_name: str
    subscription_id: str


class MeterKind(OpenEnum):
    """
    How a meter's quantities come about.
    """

    GAUGE = "gauge"
    COUNTER = "counter"


class MeterView(Wire):
    """Something that is measured of resources."""

    name: str
    kind: MeterKind
    title: str
    unit: str


class MigrationBody(Wire):
    """Where to move a virtual machine."""

    model_config = ConfigDict(
        extra="forbid",
    )
    host_id: str | None = None


class NetworkState(OpenEnum):
    """
    Where a VM network or a subnet stands.
    """

    CREATING = "creating"
    READY = "ready"
    DELETING = "deleting"


class NewAccountBody(Wire):
    """An account made by an administrator."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    email: str
    password: SecretStr
    role: str = "tenant"


class NewApprovalRuleBody(Wire):
    """A kind of change that shall need an approval."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    above: int | None = None
    change: ApprovableChange
    dimension: str | None = None
    plan_id: str | None = None
    program_id: str | None = None
    valid_hours: int = 168


class NewAvailabilitySetBody(Wire):
    """An availability set to make."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    policy: AvailabilityPolicy | None = None
    tags: dict[str, str] | None = None


class NewCheckpointBody(Wire):
    """A checkpoint to take."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    description: str = ""


class NewCloudBody(Wire):
    """A cloud to add."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    description: str = ""
    stamp_id: str


class NewConsoleBody(Wire):
    """A console to open."""

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: ConsoleKind


class NewCreditBody(Wire):
    """A credit to give: to an account, or only for one subscription."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    account_id: str | None = None
    amount: str
    currency: str
    expires_at: AwareDatetime | None = None
    subscription_id: str | None = None


class NewDiscountBody(Wire):
    """A discount to give: a percentage, or an amount for each month."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    amount: str | None = None
    begins_at: AwareDatetime | None = None
    currency: str | None = None
    ends_at: AwareDatetime | None = None
    percent: str | None = None
    scope: DiscountScope
    scope_id: str


class NewDiskBody(Wire):
    """A data disk to make."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    size_gib: int
    tags: dict[str, str] | None = None
    virtual_machine_id: str | None = None


class NewEmailBody(Wire):
    """A wish for another address."""

    model_config = ConfigDict(
        extra="forbid",
    )
    current_password: SecretStr
    email: str


class NewFederatedSignInBody(Wire):
    """Somebody who wants to sign in with an account that they have elsewhere."""

    model_config = ConfigDict(
        extra="forbid",
    )
    provider_id: str


class NewHostBody(Wire):
    """A host to add."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    driver: str = "libvirt"
    integration_bridge: str = "br-int"
    migration_uri: str | None = None
    pool_path: str = "/var/lib/libvirt/zaffre"
    provider_address: str | None = None
    stamp_id: str
    uri: str


class NewIdentityBody(Wire):
    """Somebody who wants to be able to."""

    model_config = ConfigDict(
        extra="forbid",
    )
    current_password: SecretStr | None = None
    provider_id: str


class NewImageBody(Wire):
    """An image to add; its content follows by upload or import."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    default_user: str = "root"
    description: str = ""
    kind: ImageKind | None = None
    minimum_disk_gib: int = 1
    minimum_memory_mib: int = 128
    sha256: str | None = None
    size_bytes: int | None = None


class NewLogicalNetworkBody(Wire):
    """A stamp's logical network: its network plane and pools."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    address: str
    driver: str = "ovn"
    first_mac: str = "0a:5a:00:00:00:00"
    last_mac: str = "0a:5a:ff:ff:ff:ff"
    stamp_id: str
    underlay_mtu: int = 1500


class NewOwnImageBody(Wire):
    """An image of one's own; its content follows as a resumable upload."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    default_user: str = "root"
    description: str = ""
    format: ImageFormat | None = None
    kind: ImageKind | None = None
    minimum_disk_gib: int = 1
    minimum_memory_mib: int = 128
    sha256: str | None = None
    size_bytes: int
    tags: dict[str, str] | None = None


class NewPeople(OpenEnum):
    """
    What becomes of somebody whose identity no account has.
    """

    REFUSE = "refuse"
    CREATE = "create"
    LINK = "link"
    LINK_OR_CREATE = "link_or_create"


class NewPortBody(Wire):
    """An attachment to a subnet."""

    model_config = ConfigDict(
        extra="forbid",
    )
    address: str | None = None
    subnet_id: str
    vm_network_id: str


class NewRateCardBody(Wire):
    """A list of prices to begin."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    currency: str
    description: str = ""


class NewRateCardUseBody(Wire):
    """Which card shall price what."""

    model_config = ConfigDict(
        extra="forbid",
    )
    effective_from: AwareDatetime | None = None
    plan_id: str | None = None
    rate_card_id: str | None


class NewResourceProviderBody(Wire):
    """A program that is to be a resource provider."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    ca_certificates: str | None = None
    url: str


class NewServiceAccountBody(Wire):
    """A program that needs an account."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    role: str


class NewSizeBody(Wire):
    """A size to add."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    memory_mib: int
    vcpus: int


class NewSshKeyBody(Wire):
    """A public key to add."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    public_key: str
    tags: dict[str, str] | None = None


class NewStampBody(Wire):
    """A stamp to add."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    memory_reserve_mib: int = 1024
    storage_ratio: float = 2.0
    vcpu_ratio: float = 4.0


class NewStatementRunBody(Wire):
    """A month to close."""

    model_config = ConfigDict(
        extra="forbid",
    )
    month: str


class NewSubnetBody(Wire):
    """A subnet to make."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    cidr: str
    dns_servers: list[str] | None = None


class NewSubscriptionBody(Wire):
    """A wish to subscribe to a plan."""

    model_config = ConfigDict(
        extra="forbid",
    )
    id: str | None = None
    name: str
    invitation_code: SecretStr | None = None
    plan_id: str
    tags: dict[str, str] | None = None


class NewSubscriptionForBody(Wire):
    """A subscription made by an administrator for somebody."""

    model_config = ConfigDict(
        extra="forbid",
    )
    id: str | None = None
    name: str
    account_id: str
    invitation_code: SecretStr | None = None
    plan_id: str
    tags: dict[str, str] | None = None


class NewUsageRecordBody(Wire):
    """A late record from outside, or with `corrects` the difference to one that is there."""

    model_config = ConfigDict(
        extra="forbid",
    )
    state: str = ""
    began_at: AwareDatetime | None = None
    corrects: str | None = None
    dimensions: dict[str, str | int] | None = None
    ended_at: AwareDatetime | None = None
    meter: str | None = None
    quantity: str
    resource_id: str | None = None
    resource_name: str | None = None
    resource_type: str | None = None
    subscription_id: str | None = None
    tags: dict[str, str] | None = None


class NewVirtualMachineBody(Wire):
    """A virtual machine to make."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    availability_set_id: str | None = None
    disk_gib: int | None = None
    image_id: str
    ports: list[NewPortBody] | None = None
    size: str
    ssh_key_ids: list[str] | None = None
    tags: dict[str, str] | None = None
    user_data: str | None = None


class NewVmNetworkBody(Wire):
    """A VM network to make, with its first subnets."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    subnets: list[NewSubnetBody] | None = None
    tags: dict[str, str] | None = None


class NewWebhookBody(Wire):
    """Somewhere to send events."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    filter: str | None = None
    kinds: list[str] = ["*"]
    url: str


class Observed(OpenEnum):
    """
    The power state last seen.
    """

    ABSENT = "absent"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CRASHED = "crashed"
    MISSING = "missing"
    UNKNOWN = "unknown"


class ObstacleKind(OpenEnum):
    """
    Why something does not fit.
    """

    OVER_LIMIT = "over_limit"
    SERVICE_MISSING = "service_missing"
    BOUND = "bound"


class ObstacleView(Wire):
    """Something that does not fit."""

    dimension: str | None
    kind: ObstacleKind
    limit: int | None
    provider: str | None
    sentence: str
    used: int | None


class OfferTextBody(Wire):
    """What readers of one language see of an offer."""

    model_config = ConfigDict(
        extra="forbid",
    )
    description: str = ""
    display_name: str
    language: str
    price: str = ""


class OfferTextView(Wire):
    """What readers of one language see of an offer."""

    description: str
    display_name: str
    language: str
    price: str


class OfferedProviderView(Wire):
    """An identity provider that people can sign in with."""

    id: str
    name: str


class OperationCountsView(Wire):
    """How much work there is."""

    failed_24h: int
    queued: int
    running: int


class OperationState(OpenEnum):
    """
    Where an operation stands.
    """

    QUEUED = "queued"
    RUNNING = "running"
    UNWINDING = "unwinding"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STUCK = "stuck"


class OverrunView(Wire):
    """A subscription that would use more of a dimension than it may."""

    dimension: str
    limit: int
    subscription_id: str
    used: int


class OwnImageChangeBody(Wire):
    """What to call an image of one's own from now on. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    tags: dict[str, str | None] | None = None


class PasswordBody(Wire):
    """A change of password."""

    model_config = ConfigDict(
        extra="forbid",
    )
    current_password: SecretStr
    new_password: SecretStr


class Permission(OpenEnum):
    """
    Something a route may require. The value is stable; the text beside it is documentation.
    """

    ACCOUNT_SELF = "account.self"
    PLAN_READ = "plan.read"
    SUBSCRIPTION_READ = "subscription.read"
    SUBSCRIPTION_WRITE = "subscription.write"
    SUBSCRIPTION_AUDIT = "subscription.audit"
    SUBSCRIPTION_MEMBERS = "subscription.members"
    NETWORK_READ = "network.read"
    NETWORK_WRITE = "network.write"
    VIRTUAL_MACHINE_READ = "virtual_machine.read"
    VIRTUAL_MACHINE_WRITE = "virtual_machine.write"
    VIRTUAL_MACHINE_OPERATE = "virtual_machine.operate"
    VIRTUAL_MACHINE_CONSOLE = "virtual_machine.console"
    IMAGE_WRITE = "image.write"
    CHANGE_REQUEST_SELF = "change_request.self"
    USAGE_READ = "usage.read"
    COST_READ = "cost.read"
    BUDGET_WRITE = "budget.write"
    WEBHOOK_READ = "webhook.read"
    WEBHOOK_WRITE = "webhook.write"
    PROVIDER_RESOURCE_READ = "provider_resource.read"
    PROVIDER_RESOURCE_WRITE = "provider_resource.write"
    OPERATION_READ = "operation.read"
    OPERATION_CANCEL = "operation.cancel"
    ACCOUNT_READ = "account.read"
    ACCOUNT_ADMIN = "account.admin"
    ACCOUNT_ACT_FOR = "account.act_for"
    ACCOUNT_RESET = "account.reset"
    ROLE_READ = "role.read"
    ROLE_ADMIN = "role.admin"
    IDENTITY_PROVIDER_READ = "identity_provider.read"
    IDENTITY_PROVIDER_ADMIN = "identity_provider.admin"
    PLAN_READ_ALL = "plan.read_all"
    PLAN_ADMIN = "plan.admin"
    SUBSCRIPTION_READ_ALL = "subscription.read_all"
    SUBSCRIPTION_ADMIN = "subscription.admin"
    FABRIC_READ = "fabric.read"
    FABRIC_WRITE = "fabric.write"
    LIBRARY_WRITE = "library.write"
    APPROVAL_READ = "approval.read"
    APPROVAL_ADMIN = "approval.admin"
    APPROVAL_PROGRAM_ADMIN = "approval_program.admin"
    CHANGE_REQUEST_DECIDE = "change_request.decide"
    AUDIT_READ = "audit.read"
    USAGE_READ_ALL = "usage.read_all"
    USAGE_ADMIN = "usage.admin"
    MAIL_READ = "mail.read"
    MAIL_ADMIN = "mail.admin"
    RATE_READ = "rate.read"
    RATE_ADMIN = "rate.admin"
    WEBHOOK_READ_ALL = "webhook.read_all"
    WEBHOOK_ADMIN = "webhook.admin"
    STATEMENT_READ_ALL = "statement.read_all"
    STATEMENT_ADMIN = "statement.admin"
    PROVIDER_ADMIN = "provider.admin"
    OPERATION_READ_ALL = "operation.read_all"
    OPERATION_ADMIN = "operation.admin"


class PermissionView(Wire):
    """Something that can be allowed."""

    id: Permission
    own: bool
    text: str


class PlanFitView(Wire):
    """Whether a subscription fits another plan."""

    fits: bool
    obstacles: list[ObstacleView]


class PlanState(OpenEnum):
    """
    Whether a plan can be subscribed to. The values are ordered: a plan moves forward only.
    """

    PRIVATE = "private"
    PUBLIC = "public"
    DECOMMISSIONED = "decommissioned"


class PlannedServiceBody(Wire):
    """A provider's service in a plan or an add-on."""

    model_config = ConfigDict(
        extra="forbid",
    )
    provider: str
    quota: dict[str, int | None] | None = None
    settings: dict[str, str | int | bool] | None = None


class PlannedServiceView(Wire):
    """A provider's service in a plan or an add-on."""

    limits: list[LimitView]
    provider: str
    quota: dict[str, int | None]
    settings: dict[str, Any]
    title: str


class PortOfMachineView(Wire):
    """A network port of a virtual machine."""

    id: str
    address: str
    mac: str
    subnet_id: str
    up: bool
    vm_network_id: str


class PortView(Wire):
    """A virtual machine's attachment to a subnet."""

    id: str
    address: str
    mac: str
    subnet_id: str
    up: bool
    virtual_machine_id: str


class PreflightCheckView(Wire):
    """What was found about one thing."""

    name: CheckName
    detail: str
    ok: bool
    remedy: str | None
    title: str


class PreflightFactsView(Wire):
    """What the machine is."""

    accelerator: Accelerator | None
    engine_uuid: str
    engine_version: str
    hostname: str
    memory_mib: int
    storage_free_gib: int
    storage_gib: int
    vcpus: int


class PreflightView(Wire):
    """What would be in the way of adding a host."""

    checks: list[PreflightCheckView]
    facts: PreflightFactsView | None


class Problem(Wire):
    """An RFC 9457 problem. `code` is stable; `detail` says what happened and `remedy` what to do about it."""

    model_config = ConfigDict(
        extra="allow",
    )
    code: str
    detail: str
    errors: list[FieldProblem] | None = None
    operation_id: str | None = None
    remedy: str
    request_id: str | None = None
    status: int
    target: str | None = None
    title: str
    type: str


class ProgramSecretRotationBody(Wire):
    """How a program's secret gives way to another."""

    model_config = ConfigDict(
        extra="forbid",
    )
    overlap_hours: int = 24


class ProviderHealthView(Wire):
    """How a resource provider is."""

    name: str
    healthy: bool
    sentence: str
    title: str


class ProviderHoldingsView(Wire):
    """What would go at one resource provider."""

    holdings: list[HoldingsView]
    provider: str
    title: str


class ProviderResourceView(Wire):
    """A tenant's resource at a program. What it has besides, its collection's columns say."""

    model_config = ConfigDict(
        extra="allow",
    )
    id: str
    name: str
    subscription_id: str


class ProviderTestView(Wire):
    """What a provider says of itself, when all of it can be used."""

    algorithms: list[str]
    authorization_endpoint: str
    issuer: str
    keys: int
    token_endpoint: str
    userinfo_endpoint: str | None


class QuotaFailureView(Wire):
    """A subscription whose quota a provider would not apply."""

    cause: str
    provider: str
    subscription_id: str


class QuotaReservationBody(Wire):
    """Something that is to count against a subscription's quota."""

    model_config = ConfigDict(
        extra="forbid",
    )
    id: str
    name: str
    amounts: dict[str, int]
    resource_type: str
    subscription_id: str


class QuotaReservationView(Wire):
    """Something that counts against a subscription's quota."""

    id: str
    name: str
    amounts: dict[str, int]
    created_at: AwareDatetime
    resource_type: str
    subscription_id: str


class RateCardChangeBody(Wire):
    """What may change of a card; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    description: str | None = None


class RateCardUseView(Wire):
    """Which card prices a plan from an instant on, until the next one of the same plan."""

    id: str
    effective_from: AwareDatetime
    plan_id: str | None
    rate_card_id: str | None


class RateCardView(Wire):
    """A list of prices in one currency."""

    id: str
    name: str
    created_at: AwareDatetime
    currency: str
    description: str
    generation: int


class ReadinessView(Wire):
    """Whether the process can do its work."""

    database: bool
    loops: list[LoopView]
    ready: bool


class RecipientView(Wire):
    """Somebody who is told."""

    email: str
    verified: bool


class RecordKind(OpenEnum):
    """
    Where a record comes from.
    """

    METERED = "metered"
    LATE = "late"
    CORRECTION = "correction"


class RecoveryCodesView(Wire):
    """Codes for when the device is lost, each good once. Shown once."""

    recovery_codes: list[str]


class RedirectUrlView(Wire):
    """An address that must be registered at the provider."""

    portal: str
    url: str


class RefreshBody(Wire):
    """A client whose access token runs out."""

    model_config = ConfigDict(
        extra="forbid",
    )
    refresh_token: SecretStr


class RenameBody(Wire):
    """A change of one's own account."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str


class ReplayBody(Wire):
    """From when on events shall be sent again."""

    model_config = ConfigDict(
        extra="forbid",
    )
    since: AwareDatetime


class ReplayView(Wire):
    """What sending again from a point in time came to."""

    deliveries: int
    more: bool
    through: AwareDatetime | None


class ResetBody(Wire):
    """A new password, with the link that allows it."""

    model_config = ConfigDict(
        extra="forbid",
    )
    new_password: SecretStr
    token: SecretStr


class ResetRequestBody(Wire):
    """Somebody who has forgotten their password."""

    model_config = ConfigDict(
        extra="forbid",
    )
    email: str


class ResizeBody(Wire):
    """Another size for a virtual machine."""

    model_config = ConfigDict(
        extra="forbid",
    )
    size: str


class ResourceProviderChangeBody(Wire):
    """What may change of a registration; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    ca_certificates: str | None = None
    enabled: bool | None = None
    url: str | None = None


class RoleChangeBody(Wire):
    """What may change of a role; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    description: str | None = None
    permissions: list[Permission] | None = None


class RoomView(Wire):
    """How much there is of something on the hosts that guests can be placed on."""

    reserved: int
    total: int
    used: int | None


class SearchHitView(Wire):
    """Something that was found."""

    id: str
    name: str
    detail: str
    resource_type: str
    subscription_id: str | None
    subscription_name: str | None


class SecondFactorView(Wire):
    """One's own second factor."""

    confirmed_at: AwareDatetime | None
    recovery_codes_left: int
    required: bool


class SecretRotationBody(Wire):
    """How a secret gives way to another."""

    model_config = ConfigDict(
        extra="forbid",
    )
    overlap_hours: int = 24


class SerialLogView(Wire):
    """A piece of what the guest wrote to its serial port."""

    next_offset: int
    offset: int
    size: int
    text: str


class SeriesView(Wire):
    """What was measured, series by series, as pairs of a Unix time and a value."""

    cpu_percent: list[list[Any]]
    disk_read_bytes_s: list[list[Any]]
    disk_read_ops_s: list[list[Any]]
    disk_write_bytes_s: list[list[Any]]
    disk_write_ops_s: list[list[Any]]
    memory_available_mib: list[list[Any]]
    memory_used_mib: list[list[Any]]
    network_receive_bytes_s: list[list[Any]]
    network_transmit_bytes_s: list[list[Any]]


class ServiceAccountChangeBody(Wire):
    """What may change of a service account; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    state: AccountState | None = None
    role: str | None = None


class ServiceAccountView(Wire):
    """An account of a program."""

    id: str
    name: str
    state: AccountState
    created_at: AwareDatetime
    email: str
    role: str
    subscription_id: str | None


class ServiceSettingView(Wire):
    """Something a plan must say about a provider's service: the id of an item of a collection."""

    name: str
    collection: str
    title: str


class SessionView(Wire):
    """A sign-in session."""

    id: str
    client: str
    created_at: AwareDatetime
    current: bool
    expires_at: AwareDatetime
    refreshed_at: AwareDatetime
    signed_in_with: str | None


class SettingView(Wire):
    """A setting in effect."""

    key: str
    origin: str
    secret: bool
    value: str


class Severity(OpenEnum):
    """
    How bad a problem is.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


class ShutdownBody(Wire):
    """How patient to be with the guest."""

    model_config = ConfigDict(
        extra="forbid",
    )
    force: bool = True
    timeout_s: int = 60


class SignInBody(Wire):
    """Somebody who says who they are."""

    model_config = ConfigDict(
        extra="forbid",
    )
    code: str | None = None
    email: str
    password: SecretStr


class SignInOptionsView(Wire):
    """What somebody can do who has not signed in."""

    identity_providers: list[OfferedProviderView]
    mail: bool
    sign_up: bool


class SignUpBody(Wire):
    """A stranger who wants an account."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    email: str
    password: SecretStr


class SiteRoleChangeBody(Wire):
    """A change of a role; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    description: str | None = None
    permissions: list[Permission] | None = None


class SiteRoleView(Wire):
    """What an account can be at the site."""

    id: str
    name: str
    built_in: bool
    description: str
    generation: int | None
    holders: int
    permissions: list[Permission]


class SizeView(Wire):
    """A size."""

    id: str
    name: str
    created_at: AwareDatetime
    memory_mib: int
    vcpus: int


class SshKeyChangeBody(Wire):
    """What to call an SSH key from now on. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    tags: dict[str, str | None] | None = None


class SshKeyView(Wire):
    """An SSH public key."""

    id: str
    name: str
    created_at: AwareDatetime
    fingerprint: str
    public_key: str
    tags: dict[str, str]


class StampView(Wire):
    """A stamp."""

    id: str
    name: str
    created_at: AwareDatetime
    generation: int
    memory_reserve_mib: int
    storage_ratio: float
    vcpu_ratio: float


class StatementLineView(Wire):
    """A line of a statement."""

    state: str | None
    amount: str
    kind: LineKind
    month: str
    quantity: str | None
    title: str
    unit: str | None
    unit_price: str | None


class StatementRunView(Wire):
    """The closing of a month."""

    id: str
    began_at: AwareDatetime
    closed_at: AwareDatetime | None
    month: str
    operation_id: str


class StatementSummaryView(Wire):
    """What a subscription's month came to, without its lines."""

    id: str | None
    account_email: str
    account_id: str
    account_name: str
    begin: AwareDatetime
    closed_at: AwareDatetime | None
    currency: str
    end: AwareDatetime
    month: str
    number: str | None
    subscription_id: str
    subscription_name: str
    total: str


class StatementView(Wire):
    """What a subscription's month came to."""

    id: str | None
    account_email: str
    account_id: str
    account_name: str
    begin: AwareDatetime
    closed_at: AwareDatetime | None
    currency: str
    end: AwareDatetime
    lines: list[StatementLineView]
    month: str
    number: str | None
    subscription_id: str
    subscription_name: str
    total: str


class Step(OpenEnum):
    """
    How finely time is shown.
    """

    HOUR = "hour"
    DAY = "day"
    TOTAL = "total"


class SubnetView(Wire):
    """A subnet of a VM network."""

    id: str
    name: str
    state: NetworkState
    cidr: str
    created_at: AwareDatetime
    dns_servers: list[str]
    gateway: str
    mtu: int
    vm_network_id: str
    vsid: int


class SubscribeWishBody(Wire):
    """Wants to subscribe to a plan."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    change: Literal["subscribe"]
    invitation_code: SecretStr | None = None
    plan_id: str
    reason: str = ""


class SubscriptionChangeBody(Wire):
    """What to call a subscription from now on. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    tags: dict[str, str | None] | None = None


class SubscriptionRoleView(Wire):
    """What members may do who have the role."""

    id: str
    name: str
    built_in: bool
    description: str
    generation: int | None
    permissions: list[Permission]


class SubscriptionState(OpenEnum):
    """
    Where a subscription stands.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRING = "expiring"
    DELETING = "deleting"


class SuspendPolicy(OpenEnum):
    """
    What suspending a subscription does beyond refusing changes.
    """

    ACCESS_ONLY = "access_only"
    PAUSE_MACHINES = "pause_machines"
    STOP_MACHINES = "stop_machines"


class SuspendedBy(OpenEnum):
    """
    Why a subscription is suspended.
    """

    PROVIDER = "provider"
    PROVIDER_BUDGET = "provider_budget"
    OWNER_BUDGET = "owner_budget"


class SyncState(OpenEnum):
    """
    Whether a provider knows a subscription's present state.
    """

    IN_SYNC = "in_sync"
    SYNCING = "syncing"
    OUT_OF_SYNC = "out_of_sync"


class SyncView(Wire):
    """Whether a resource provider knows the subscription's present state."""

    state: SyncState
    last_error: str | None
    provider: str
    updated_at: AwareDatetime


class ThresholdBody(Wire):
    """When there is something to tell."""

    model_config = ConfigDict(
        extra="forbid",
    )
    basis: Basis | None = None
    percent: int
    suspend: bool = False


class ThresholdView(Wire):
    """When there is something to tell."""

    basis: Basis
    percent: int
    suspend: bool


class TierBody(Wire):
    """A part of a month's quantity."""

    model_config = ConfigDict(
        extra="forbid",
    )
    price: str
    up_to: str | None = None


class TierView(Wire):
    """A part of a month's quantity."""

    price: str
    up_to: str | None


class TokensView(Wire):
    """What a client signs its requests with, and how it gets new tokens. Shown once."""

    access_expires_at: AwareDatetime
    access_token: str
    account_id: str
    refresh_expires_at: AwareDatetime
    refresh_token: str
    role: str
    session_id: str


class Transition(OpenEnum):
    """
    What an operation is doing with a virtual machine.
    """

    CREATING = "creating"
    STARTING = "starting"
    SHUTTING_DOWN = "shutting_down"
    STOPPING = "stopping"
    RESETTING = "resetting"
    PAUSING = "pausing"
    RESUMING = "resuming"
    RESIZING = "resizing"
    RECONFIGURING = "reconfiguring"
    MIGRATING = "migrating"
    DELETING = "deleting"
    CHECKPOINTING = "checkpointing"
    RESTORING = "restoring"


class TrialMailBody(Wire):
    """A message as a trial."""

    model_config = ConfigDict(
        extra="forbid",
    )
    email: str


class UnmanagedGuestView(Wire):
    """A guest on a host that belongs to no virtual machine Zaffre knows."""

    first_seen_at: AwareDatetime
    guest_id: str
    host_id: str
    last_seen_at: AwareDatetime
    made_by_zaffre: bool
    power_state: str
    title: str


class UsageLineView(Wire):
    """What was used of a meter in a state."""

    state: str
    began_at: AwareDatetime
    meter: str
    quantity: str
    resource_id: str | None
    resource_name: str | None
    resource_type: str | None
    subscription_id: str | None
    title: str
    unit: str


class UsagePreviewView(Wire):
    """Whether everything that somebody would like fits."""

    dimensions: list[FitView]
    fits: bool


class UsageRecordView(Wire):
    """What was used of one meter by one resource over a time."""

    id: str
    state: str
    account_id: str
    began_at: AwareDatetime
    corrects: str | None
    dimensions: dict[str, Any]
    ended_at: AwareDatetime
    kind: RecordKind
    meter: str
    plan_id: str
    quantity: str
    recorded_at: AwareDatetime
    resource_id: str
    resource_name: str
    resource_type: str
    subscription_id: str
    tags: dict[str, str]
    unit: str


class UsageSummaryView(Wire):
    """What was used over a time."""

    begin: AwareDatetime
    end: AwareDatetime
    step: Step
    value: list[UsageLineView]


class UsageView(Wire):
    """How much of one quota dimension is used."""

    add_on_limit: int | None
    dimension: str
    limit: int | None
    plan_limit: int | None
    title: str
    unit: str
    used: int


class VirtualMachineView(Wire):
    """A virtual machine: what is wanted of it and what was last seen."""

    id: str
    name: str
    state: MachineState
    availability_set_id: str | None
    checkpoint_count: int
    created_at: AwareDatetime
    desired: Desired
    disks: list[DiskView]
    generation: int
    hostname: str
    image_id: str
    iso_image_id: str | None
    memory_mib: int
    observed: Observed
    observed_at: AwareDatetime | None
    operation_id: str | None
    ports: list[PortOfMachineView]
    ready: bool
    restart_required: bool
    size: str
    stop_reason: str | None
    subscription_id: str
    tags: dict[str, str]
    vcpus: int


class VmNetworkChangeBody(Wire):
    """What to call a VM network from now on. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    tags: dict[str, str | None] | None = None


class VmNetworkDetailView(Wire):
    """A VM network with its subnets."""

    id: str
    name: str
    state: NetworkState
    created_at: AwareDatetime
    generation: int
    subnets: list[SubnetView]
    subscription_id: str
    tags: dict[str, str]


class VmNetworkView(Wire):
    """A VM network."""

    id: str
    name: str
    state: NetworkState
    created_at: AwareDatetime
    generation: int
    subscription_id: str
    tags: dict[str, str]


class WantedUsageBody(Wire):
    """What somebody would like to use on top of what they use."""

    model_config = ConfigDict(
        extra="forbid",
    )
    amounts: dict[str, int]


class WebhookChangeBody(Wire):
    """What may change of a webhook; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    enabled: bool | None = None
    filter: str | None = None
    kinds: list[str] | None = None
    url: str | None = None


class WebhookDisabledReason(OpenEnum):
    """
    Why nothing is sent.
    """

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"
    BACKLOG = "backlog"
    RIGHT_WITHDRAWN = "right_withdrawn"


class WebhookView(Wire):
    """Somewhere that events are sent."""

    id: str
    name: str
    created_at: AwareDatetime
    disabled_reason: WebhookDisabledReason | None
    enabled: bool
    failing_since: AwareDatetime | None
    failures: int
    filter: str | None
    generation: int
    kinds: list[str]
    last_failure_at: AwareDatetime | None
    last_success_at: AwareDatetime | None
    pending: int
    previous_secret_until: AwareDatetime | None
    subscription_id: str | None
    url: str


class WhenSilent(OpenEnum):
    """
    What happens with a change when the program does not answer.
    """

    REFUSE = "refuse"
    APPROVE = "approve"
    ASK_A_PERSON = "ask_a_person"


class AccountChangeBody(Wire):
    """What an administrator may change of an account; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    state: AccountState | None = None
    role: str | None = None


class AddOnDetailView(Wire):
    """An add-on with the plans it is linked to."""

    id: str
    name: str
    state: PlanState
    created_at: AwareDatetime
    description: str
    display: DisplayView
    fee: FeeView | None
    generation: int
    plans: list[LinkedPlanView]
    services: list[PlannedServiceView]
    texts: list[OfferTextView]


class AddOnView(Wire):
    """An add-on. The quota of its services is what one occurrence adds."""

    id: str
    name: str
    state: PlanState
    created_at: AwareDatetime
    description: str
    display: DisplayView
    fee: FeeView | None
    generation: int
    services: list[PlannedServiceView]
    texts: list[OfferTextView]


class AdminVirtualMachineView(Wire):
    """A virtual machine as the operator sees it."""

    id: str
    name: str
    state: MachineState
    availability_set_id: str | None
    checkpoint_count: int
    created_at: AwareDatetime
    desired: Desired
    disks: list[DiskView]
    generation: int
    host_id: str | None
    hostname: str
    image_id: str
    iso_image_id: str | None
    memory_mib: int
    observed: Observed
    observed_at: AwareDatetime | None
    operation_id: str | None
    ports: list[PortOfMachineView]
    ready: bool
    restart_required: bool
    size: str
    stamp_id: str
    stop_reason: str | None
    subscription_id: str
    tags: dict[str, str]
    vcpus: int


class ApiTokenOptionsView(Wire):
    """What one's next API token can be."""

    maximum_days: int | None
    scopes: list[Permission]
    subscription_scopes: list[Permission]


class ApiTokenView(Wire):
    """An API token without its secret."""

    id: str
    name: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    last_used_from: str | None
    scopes: list[Permission] | None
    subscription_ids: list[str] | None


class ApprovalAskView(Wire):
    """One question to a program, and what came of it."""

    id: str
    created_at: AwareDatetime
    duration_ms: int
    error: str | None
    outcome: AskOutcome
    program_id: str
    reason: str
    request_id: str | None
    status: int | None
    trigger: AskTrigger


class ApprovalProgramChangeBody(Wire):
    """What may change of a program; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    ca_certificates: str | None = None
    timeout_s: int | None = None
    url: str | None = None
    when_silent: WhenSilent | None = None


class ApprovalProgramView(Wire):
    """A program that decides on changes."""

    id: str
    name: str
    ca_certificates: str | None
    created_at: AwareDatetime
    generation: int
    last_answered_at: AwareDatetime | None
    last_asked_at: AwareDatetime | None
    previous_secret_until: AwareDatetime | None
    silent_since: AwareDatetime | None
    timeout_s: int
    url: str
    when_silent: WhenSilent


class AuditFaultView(Wire):
    """Something that is wrong with the chain."""

    detail: str
    kind: FaultKind
    sequence: int


class AuditRecordView(Wire):
    """Something that was done."""

    id: str
    acting_for_email: str | None
    acting_for_id: str | None
    action: str
    actor_id: str | None
    actor_kind: str
    address: str | None
    after: dict[str, Any] | None
    asked_by_email: str | None
    asked_by_id: str | None
    before: dict[str, Any] | None
    change: Change | None
    credential: str | None
    credential_id: str | None
    credential_name: str | None
    detail: dict[str, Any] | None
    face: str | None
    hash: str | None
    occurred_at: AwareDatetime
    operation_id: str | None
    request_id: str | None
    resource_id: str
    resource_name: str | None
    resource_type: str
    sequence: int | None
    subscription_id: str | None
    user_agent: str | None


class AuditVerificationView(Wire):
    """How far a verification is; one a line, the last with `done`."""

    anchor_hash: str
    anchor_sequence: int
    checked: int
    done: bool
    fault_count: int
    faults: list[AuditFaultView]
    head_hash: str
    head_sequence: int
    up_to: int


class BudgetChangeBody(Wire):
    """What may change of a budget; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    amount: str | None = None
    recipients: list[str] | None = None
    tag_key: str | None = None
    tag_value: str | None = None
    thresholds: list[ThresholdBody] | None = None


class BudgetView(Wire):
    """What a month of a subscription, or of what has a tag in it, may cost."""

    id: str
    name: str
    actual: str
    actual_percent: int
    amount: str
    by_provider: bool
    created_at: AwareDatetime
    currency: str
    evaluated_at: AwareDatetime | None
    forecast: str
    forecast_percent: int
    generation: int
    month: str | None
    recipients: list[RecipientView]
    subscription_id: str
    subscription_name: str
    tag_key: str | None
    tag_value: str | None
    thresholds: list[ThresholdView]


class CapacityView(Wire):
    """The room there is."""

    memory_mib: RoomView
    storage_gib: RoomView
    vcpus: RoomView


class ChoiceView(Wire):
    """A value that can be chosen."""

    title: LabelsView
    value: str


class ClientCertificateView(Wire):
    """A certificate that lets its holder in."""

    id: str
    name: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    fingerprint: str
    issuer: str
    key: str
    last_used_at: AwareDatetime | None
    last_used_from: str | None
    not_after: AwareDatetime
    not_before: AwareDatetime
    scopes: list[Permission] | None
    subject: str
    subscription_ids: list[str] | None


class CostOverviewView(Wire):
    """What everybody's month comes to. Amounts of different currencies are never added up."""

    as_of: AwareDatetime | None
    begin: AwareDatetime
    closed_at: AwareDatetime | None
    end: AwareDatetime
    meters: list[CostShareView]
    month: str
    plans: list[CostShareView]
    subscriptions: int
    top_subscriptions: list[CostShareView]
    totals: list[CurrencyCostsView]


class CurrentRateView(Wire):
    """What a meter costs a subscription now."""

    state: str
    currency: str
    meter: str
    since: AwareDatetime
    tiers: list[TierView]
    title: str
    unit: str


class DeletionPreviewView(Wire):
    """Everything that would go with a subscription."""

    count: int
    providers: list[ProviderHoldingsView]


class DeliveryDetailView(Wire):
    """A delivery with what is sent."""

    id: str
    state: DeliveryState
    attempts: int
    body: str
    created_at: AwareDatetime
    due_at: AwareDatetime
    duration_ms: int | None
    error: str | None
    event_id: str
    excerpt: str | None
    finished_at: AwareDatetime | None
    kind: str
    last_attempt_at: AwareDatetime | None
    occurred_at: AwareDatetime
    resource_id: str
    resource_name: str | None
    resource_type: str
    status: int | None
    trigger: DeliveryTrigger
    webhook_id: str


class DescribedDimensionView(Wire):
    """Something that plans limit."""

    name: str
    default: int
    maximum: int
    title: LabelsView
    unit: str


class DescribedMeterView(Wire):
    """Something that a program measures."""

    name: str
    title: LabelsView
    unit: str


class EventPageView(Wire):
    """A stretch of the log, newest first."""

    before: str | None
    value: list[EventView]


class FederatedReturnView(Wire):
    """What came of it."""

    identity_id: str | None
    tokens: TokensView | None


class FeeBody(Wire):
    """What is due for each period, whatever is used."""

    model_config = ConfigDict(
        extra="forbid",
    )
    amount: str
    currency: str
    period: FeePeriod | None = None


class FoundProblemView(Wire):
    """Something that needs a human. It is there as long as its cause is."""

    code: str
    detail: str
    remedy: str
    resource_id: str | None
    resource_name: str | None
    resource_type: str | None
    severity: Severity
    since: AwareDatetime | None
    title: str


class GuestFactsView(Wire):
    """What a guest says about itself. It is the guest's word: nothing of it is checked."""

    available: bool
    filesystems: list[GuestFilesystemView]
    hostname: str | None
    interfaces: list[GuestInterfaceView]
    kernel: str | None
    observed_at: AwareDatetime
    operating_system: GuestSystemView | None
    reason: GuestSilence | None


class HeldAddOnView(Wire):
    """An add-on as one subscription has it."""

    name: str
    state: PlanState
    add_on_id: str
    display: DisplayView
    fee: FeeView | None
    held: int
    left: int | None
    maximum: int | None
    services: list[PlannedServiceView]


class IdentityProviderChangeBody(Wire):
    """What may change of an identity provider; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    asks_second_factor: bool | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    email_claim: str | None = None
    email_domains: list[str] | None = None
    enabled: bool | None = None
    name_claim: str | None = None
    new_people: NewPeople | None = None
    scopes: list[str] | None = None
    trusts_addresses: bool | None = None
    verified_claim: str | None = None


class IdentityProviderView(Wire):
    """An identity provider, without its secret."""

    id: str
    name: str
    asks_second_factor: bool
    client_id: str
    created_at: AwareDatetime
    email_claim: str
    email_domains: list[str]
    enabled: bool
    generation: int
    has_client_secret: bool
    issuer: str
    name_claim: str
    new_people: NewPeople
    redirect_urls: list[RedirectUrlView]
    scopes: list[str]
    trusts_addresses: bool
    verified_claim: str


class ImpactView(Wire):
    """What a change of services would do to subscriptions."""

    lost: list[str]
    over_quota: list[OverrunView]
    over_quota_subscriptions: int
    refused: list[QuotaFailureView]
    refused_total: int
    subscriptions: int


class LinkedAddOnView(Wire):
    """An add-on that can be had with a plan."""

    name: str
    state: PlanState
    add_on_id: str
    display: DisplayView
    fee: FeeView | None
    maximum: int | None


class MetricsView(Wire):
    """Measurements over a stretch of time."""

    series: SeriesView
    step_s: int


class NewAddOnBody(Wire):
    """An add-on to make; it starts private."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    description: str = ""
    fee: FeeBody | None = None
    services: list[PlannedServiceBody]
    texts: list[OfferTextBody] | None = None


class NewApiTokenBody(Wire):
    """A wish for an API token."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    expires_at: AwareDatetime | None = None
    scopes: list[Permission] | None = None
    subscription_ids: list[str] | None = None


class NewApiTokenView(Wire):
    """An API token with its text, which is shown this once."""

    id: str
    name: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    last_used_from: str | None
    scopes: list[Permission] | None
    subscription_ids: list[str] | None
    token: str


class NewApprovalProgramBody(Wire):
    """A program that shall decide on changes."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    ca_certificates: str | None = None
    timeout_s: int = 5
    url: str
    when_silent: WhenSilent


class NewApprovalProgramView(Wire):
    """A program with the secret that signs what it is asked: shown this once."""

    id: str
    name: str
    ca_certificates: str | None
    created_at: AwareDatetime
    generation: int
    last_answered_at: AwareDatetime | None
    last_asked_at: AwareDatetime | None
    previous_secret_until: AwareDatetime | None
    secret: str
    silent_since: AwareDatetime | None
    timeout_s: int
    url: str
    when_silent: WhenSilent


class NewBudgetBody(Wire):
    """What a month may cost."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    amount: str
    currency: str | None = None
    recipients: list[str] | None = None
    tag_key: str | None = None
    tag_value: str | None = None
    thresholds: list[ThresholdBody] | None = None


class NewClientCertificateBody(Wire):
    """A certificate to sign in with."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    certificate: str
    expires_at: AwareDatetime | None = None
    scopes: list[Permission] | None = None
    subscription_ids: list[str] | None = None


class NewIdentityProviderBody(Wire):
    """An OpenID provider that people shall be able to sign in with."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    asks_second_factor: bool = False
    client_id: str
    client_secret: SecretStr | None = None
    email_claim: str = "email"
    email_domains: list[str] = []
    enabled: bool = True
    issuer: str
    name_claim: str = "name"
    new_people: NewPeople | None = None
    scopes: list[str] = ["openid", "email", "profile"]
    trusts_addresses: bool = False
    verified_claim: str = "email_verified"


class NewPlanBody(Wire):
    """A plan to add; it starts private."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    add_ons: list[AddOnLinkBody] | None = None
    deletion_grace_days: int = 0
    description: str = ""
    fee: FeeBody | None = None
    invitation_code: SecretStr | None = None
    services: list[PlannedServiceBody]
    subscriptions_per_account: int | None = None
    suspend_policy: SuspendPolicy | None = None
    texts: list[OfferTextBody] | None = None


class NewRateBody(Wire):
    """A price of a meter from an instant on."""

    model_config = ConfigDict(
        extra="forbid",
    )
    state: str = ""
    effective_from: AwareDatetime | None = None
    meter: str
    tiers: list[TierBody]


class NewRoleBody(Wire):
    """A role to add to a subscription."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    description: str = ""
    permissions: list[Permission]


class NewServiceCertificateBody(Wire):
    """A certificate for a service account to sign in with."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    certificate: str
    expires_at: AwareDatetime | None = None
    scopes: list[Permission] | None = None


class NewServiceTokenBody(Wire):
    """A wish for an API token of a service account."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    expires_at: AwareDatetime | None = None
    scopes: list[Permission] | None = None


class NewSiteRoleBody(Wire):
    """A role to make."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str
    description: str = ""
    permissions: list[Permission]


class NewWebhookView(Wire):
    """A webhook with the secret that signs what it is sent: shown this once."""

    id: str
    name: str
    created_at: AwareDatetime
    disabled_reason: WebhookDisabledReason | None
    enabled: bool
    failing_since: AwareDatetime | None
    failures: int
    filter: str | None
    generation: int
    kinds: list[str]
    last_failure_at: AwareDatetime | None
    last_success_at: AwareDatetime | None
    pending: int
    previous_secret_until: AwareDatetime | None
    secret: str
    subscription_id: str | None
    url: str


class OperationView(Wire):
    """A durable unit of work."""

    id: str
    state: OperationState
    account_id: str | None
    attempt: int
    cancel_requested: bool
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    generation: int
    kind: str
    problem: Problem | None
    progress_percent: int
    resource_id: str
    resource_name: str | None
    resource_type: str
    sentence: str
    started_at: AwareDatetime | None
    step: str | None
    steps: list[dict[str, Any]]
    subscription_id: str | None


class OverviewView(Wire):
    """How the site is."""

    capacity: CapacityView
    hosts: HostCountsView
    operations: OperationCountsView
    problems: list[FoundProblemView]
    providers: list[ProviderHealthView]
    virtual_machines: dict[str, int]


class OwnAccountView(Wire):
    """One's own account, and what one may do with the credential in hand."""

    id: str
    name: str
    state: AccountState
    acting_for: ActingForView | None
    created_at: AwareDatetime
    email: str
    generation: int
    has_password: bool
    permissions: list[Permission]
    role: str
    role_name: str
    verified_at: AwareDatetime | None


class PlanChangeBody(Wire):
    """What may change of a plan; what is left out stays. Null takes away what may be absent."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    state: PlanState | None = None
    add_ons: list[AddOnLinkBody] | None = None
    allow_over_quota: bool | None = None
    deletion_grace_days: int | None = None
    description: str | None = None
    fee: FeeBody | None = None
    invitation_code: SecretStr | None = None
    services: list[PlannedServiceBody] | None = None
    subscriptions_per_account: int | None = None
    suspend_policy: SuspendPolicy | None = None
    texts: list[OfferTextBody] | None = None


class PlanView(Wire):
    """A plan."""

    id: str
    name: str
    state: PlanState
    add_ons: list[LinkedAddOnView]
    created_at: AwareDatetime
    deletion_grace_days: int
    description: str
    display: DisplayView
    fee: FeeView | None
    generation: int
    needs_invitation_code: bool
    services: list[PlannedServiceView]
    subscriptions_per_account: int | None
    suspend_policy: SuspendPolicy
    texts: list[OfferTextView]


class ProviderColumnView(Wire):
    """A field of a resource as lists and details show it."""

    name: str
    choices: list[ChoiceView]
    kind: FieldKind
    title: LabelsView


class ProviderInputView(Wire):
    """A field of a form."""

    name: str
    choices: list[ChoiceView]
    hint: LabelsView | None
    kind: FieldKind
    maximum: int | None
    minimum: int | None
    pattern: str | None
    required: bool
    title: LabelsView


class ProviderSyncView(Wire):
    """Whether a resource provider knows a subscription's present state."""

    state: SyncState
    last_error: str | None
    provider: str
    subscription_id: str
    updated_at: AwareDatetime


class ProviderView(Wire):
    """A resource provider."""

    name: str
    dimensions: list[DimensionView]
    healthy: bool
    sentence: str
    settings: list[ServiceSettingView]
    title: str
    version: str


class RateView(Wire):
    """A price of a meter from an instant on, until the next one of the same meter and state."""

    id: str
    state: str
    effective_from: AwareDatetime
    meter: str
    rate_card_id: str
    tiers: list[TierView]
    title: str
    unit: str


class SubscriptionDetailView(Wire):
    """A subscription with its providers' sync states."""

    id: str
    name: str
    state: SubscriptionState
    account_id: str
    created_at: AwareDatetime
    ends_at: AwareDatetime | None
    generation: int
    plan_id: str
    suspended_budget_id: str | None
    suspended_by: SuspendedBy | None
    syncs: list[SyncView]
    tags: dict[str, str]


class SubscriptionView(Wire):
    """A subscription."""

    id: str
    name: str
    state: SubscriptionState
    account_id: str
    created_at: AwareDatetime
    ends_at: AwareDatetime | None
    generation: int
    plan_id: str
    suspended_budget_id: str | None
    suspended_by: SuspendedBy | None
    tags: dict[str, str]


class UsageFeedView(Wire):
    """Records in the order in which they were written for good."""

    cursor: str
    more: bool
    value: list[UsageRecordView]


class AddOnChangeBody(Wire):
    """What may change of an add-on; what is left out stays. Null takes away what may be absent."""

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    state: PlanState | None = None
    allow_over_quota: bool | None = None
    description: str | None = None
    fee: FeeBody | None = None
    services: list[PlannedServiceBody] | None = None
    texts: list[OfferTextBody] | None = None


class ProviderCollectionView(Wire):
    """A kind of resource that tenants have at a program, and how portals show it."""

    name: str
    change_form: list[ProviderInputView]
    columns: list[ProviderColumnView]
    deletable: bool
    form: list[ProviderInputView]
    searchable: bool
    singular: LabelsView
    title: LabelsView
    type: str


class SubscriptionServiceView(Wire):
    """A service that a subscription has at a program, and how portals show it."""

    name: str
    collections: list[ProviderCollectionView]
    description: str
    title: LabelsView
    version: str


class DescriptionView(Wire):
    """What a program says of itself."""

    collections: list[ProviderCollectionView]
    description: str
    dimensions: list[DescribedDimensionView]
    meters: list[DescribedMeterView]
    quota_batch: int
    title: LabelsView
    version: str


class NewResourceProviderView(Wire):
    """A program with the key with which it proves itself to us: shown this once."""

    id: str
    name: str
    access_key: str
    ca_certificates: str | None
    checked_at: AwareDatetime | None
    created_at: AwareDatetime
    described: DescriptionView
    enabled: bool
    generation: int
    healthy: bool
    public_key: dict[str, Any]
    sentence: str
    title: str
    url: str
    usage_error: str | None
    usage_read_at: AwareDatetime | None
    usage_refused: int
    version: str


class ResourceProviderView(Wire):
    """A program that sells services through plans."""

    id: str
    name: str
    ca_certificates: str | None
    checked_at: AwareDatetime | None
    created_at: AwareDatetime
    described: DescriptionView
    enabled: bool
    generation: int
    healthy: bool
    public_key: dict[str, Any]
    sentence: str
    title: str
    url: str
    usage_error: str | None
    usage_read_at: AwareDatetime | None
    usage_refused: int
    version: str
