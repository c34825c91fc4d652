"""What all calls have spent, a row for each day and tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.call.cost import usd_of
from agent.call.spending import Spent
from agent.services.storage.engine import Database
from agent.services.storage.tables import spending

NO_TENANT = ""


class SqlSpending:
    """The sums of one call's day and tenant. A Spending.

    Args:
        database: Shared by all workers; it is not closed here.
        tenant: The call's; None for one without.
        today: Which day it is; a call that goes on past midnight spends on two.
    """

    def __init__(self, database: Database, tenant: str | None, today: Callable[[], date]) -> None:
        self._database = database
        self._tenant = tenant or NO_TENANT
        self._today = today

    async def so_far(self) -> Spent:
        """See Spending."""
        async with self._database.reading() as connection:
            return await self._sums(connection, self._today())

    async def add(self, micro_usd: int) -> Spent:
        """See Spending. The database adds, so that nothing is lost between processes."""
        day = self._today()
        async with self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            row = dialect.insert(spending).values(day=day, tenant=self._tenant, micro_usd=micro_usd)
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=[spending.c.day, spending.c.tenant],
                    set_={"micro_usd": spending.c.micro_usd + row.excluded.micro_usd},
                )
            )
            return await self._sums(connection, day)

    async def _sums(self, connection: AsyncConnection, day: date) -> Spent:
        of_tenant = case((spending.c.tenant == self._tenant, spending.c.micro_usd), else_=0)
        sums = select(func.sum(spending.c.micro_usd), func.sum(of_tenant))
        found = (await connection.execute(sums.where(spending.c.day == day))).one()
        return Spent(usd_of(int(found[0] or 0)), usd_of(int(found[1] or 0)))
