"""Imports every feature's tables, so that the metadata is whole."""

import zaffre.compute.tables
import zaffre.fabric.tables
import zaffre.foundation.audit.guards
import zaffre.foundation.audit.tables
import zaffre.foundation.events.tables
import zaffre.foundation.http.tables
import zaffre.foundation.mail.tables
import zaffre.foundation.operations.tables
import zaffre.identity.federation.tables
import zaffre.identity.tables
import zaffre.management.approvals.tables
import zaffre.management.budgets.tables
import zaffre.management.cost_overview.tables
import zaffre.management.external.tables
import zaffre.management.metering.tables
import zaffre.management.money.tables
import zaffre.management.service_accounts.tables
import zaffre.management.tables
import zaffre.management.webhooks.tables
import zaffre.network.tables
from zaffre.foundation.database import Table

TABLE_MODULES = (
    zaffre.compute.tables,
    zaffre.fabric.tables,
    zaffre.foundation.audit.guards,
    zaffre.foundation.audit.tables,
    zaffre.foundation.events.tables,
    zaffre.foundation.http.tables,
    zaffre.foundation.mail.tables,
    zaffre.foundation.operations.tables,
    zaffre.identity.federation.tables,
    zaffre.identity.tables,
    zaffre.management.approvals.tables,
    zaffre.management.budgets.tables,
    zaffre.management.cost_overview.tables,
    zaffre.management.external.tables,
    zaffre.management.metering.tables,
    zaffre.management.money.tables,
    zaffre.management.service_accounts.tables,
    zaffre.management.tables,
    zaffre.management.webhooks.tables,
    zaffre.network.tables,
)
metadata = Table.metadata
