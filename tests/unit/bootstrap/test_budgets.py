"""Which limits a call draws on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agent.bootstrap.budgets import limits_of
from agent.bootstrap.plan import plan_call
from agent.call.options import CallOptions, JobMetadata
from agent.cost.budgets import Limits
from tests.unit.bootstrap.test_start import settings_with


@pytest.mark.parametrize(
    ("metadata", "usd"),
    [
        (JobMetadata(tenant="globex"), Decimal("5.50")),
        (JobMetadata(tenant="acme"), Decimal(20)),
        (JobMetadata(), None),
        (CallOptions(), None),
    ],
)
def test_a_tenant_has_its_own_amount_or_that_of_all(
    metadata: CallOptions, usd: Decimal | None
) -> None:
    """A call without a tenant draws on the day's budget alone."""
    settings = settings_with(
        PARLEY_BUDGET_DAY_USD="100",
        PARLEY_BUDGET_TENANT_USD="20",
        PARLEY_BUDGET_TENANTS="globex=5.50, initech=1",
    )
    limits = limits_of(settings.cost, plan_call(settings, metadata))
    assert limits == Limits(day_usd=Decimal(100), tenant_usd=usd)


def test_there_are_no_limits_by_default() -> None:
    """Budgets are the operator's to set."""
    settings = settings_with()
    assert limits_of(settings.cost, plan_call(settings, JobMetadata(tenant="acme"))) == Limits()
