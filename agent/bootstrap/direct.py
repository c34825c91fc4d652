"""A direct call put together: what a room's call has, as far as it holds without a room."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from agent.bootstrap.backing import Backing, open_backing
from agent.bootstrap.budgets import build_budgets
from agent.bootstrap.direct_call import OpenCall, Parts
from agent.bootstrap.direct_session import first_words_of, session_of
from agent.bootstrap.plan import CallPlan, plan_call
from agent.bootstrap.records import Recording
from agent.bootstrap.start import Checked, check_buildable, renew_personas
from agent.call.consent import Consent
from agent.call.cost import Model
from agent.call.options import CallOptions, JobMetadata
from agent.call.record import ClientReports, ParticipantJoined, PersonaInForce, PipelineInForce
from agent.call.state import CallerIdentity, CallState
from agent.call.tool import Tool
from agent.cost.catalogue import host_of
from agent.cost.meter import Meter
from agent.errors import BudgetSpent
from agent.personas.collection import COLLECTION_TOOLS
from agent.pipeline.connections import load_certificates
from agent.services.knowledge import Knowledge
from agent.services.storage.engine import Database
from agent.services.tool_file import load_clients
from agent.settings import Settings
from agent.tool_calls.calls import ToolCalls
from agent.web.direct.calls import Caller
from agent.web.direct.talk import DirectControl, ProvidersTurns, ReportedTurns
from tools.catalogue import find_tools

PIPELINE = "direct"
"""As records name it."""


@dataclass(frozen=True, slots=True)
class DirectDesk:
    """Makes direct calls of one web server."""

    settings: Settings
    checked: Checked
    knowledge: Knowledge
    certificates: ssl.SSLContext

    @classmethod
    def load(cls, settings: Settings) -> DirectDesk:
        """Read and check what calls are made of. Takes a second or two.

        Raises:
            SettingsError: with every fault.
        """
        checked = check_buildable(settings)
        load_clients(checked.tool_file)
        # Nothing is heard here that could be recorded.
        records = settings.records.model_copy(update={"audio": False})
        silent = settings.model_copy(update={"records": records})
        return cls(silent, checked, Knowledge(checked.passages), load_certificates())

    async def build(self, options: CallOptions, caller: Caller) -> OpenCall:
        """A Build of `agent.web.direct`.

        Raises:
            CallOptionsError: there is no such persona.
            BudgetSpent: no call may begin today.
        """
        metadata = JobMetadata(
            **options.model_dump(), user=caller.user or None, tenant=caller.tenant or None
        )
        roster = await asyncio.to_thread(renew_personas, self.settings, self.checked)
        plan = plan_call(self.settings, metadata, roster)
        async with AsyncExitStack() as closing:
            call = await self._open(plan, closing)
            who = call.parts.state.caller
            who.user, who.tenant = metadata.user, metadata.tenant
            call.closing = closing.pop_all()
            return call

    async def _open(self, plan: CallPlan, closing: AsyncExitStack) -> OpenCall:
        settings, call_id = self.settings, f"DC_{secrets.token_hex(10)}"
        database = Database(settings.database)
        closing.push_async_callback(database.aclose)
        recording = self._record(database, call_id, closing)
        backing = await self._backing(plan, database, call_id, closing)
        # Of what the page reports alone: no model is listened to here.
        meter = Meter(
            replace(backing.prices, version=f"{backing.prices.version}, usage as reported")
        )
        budgets = build_budgets(settings.cost, plan, meter, backing.spending)
        if await budgets.refuse_call():
            recording.ends("budget is spent")
            raise BudgetSpent("the budget of the day is spent")
        closing.push_async_callback(budgets.aclose)
        recording.follow(meter, budgets)
        tools = tools_without_room(plan, backing)
        parts = self._parts(plan, backing, call_id, tools=tools, recording=recording, meter=meter)
        closing.push_async_callback(parts.tool_calls.aclose)
        self._begin_record(plan, parts)
        call = OpenCall(
            session=session_of(settings, plan, tools),
            first_words=first_words_of(settings, plan),
            parts=parts,
        )
        budgets.start(partial(call.must_end, "budget"))
        return call

    def _record(self, database: Database, call_id: str, closing: AsyncExitStack) -> Recording:
        recording = Recording.open(self.settings, database, call_id=call_id, room="")
        # Nobody asks for it here, so where it is needed no words are kept.
        recording.consent = Consent(required=self.settings.privacy.consent == "required")
        closing.push_async_callback(recording.aclose)
        return recording

    def _begin_record(self, plan: CallPlan, parts: Parts) -> None:
        for event in (
            PipelineInForce(PIPELINE, plan.language),
            ParticipantJoined(parts.state.caller.identity),
            PersonaInForce(plan.persona.name),
            ClientReports(self._host),
        ):
            parts.recording.listener.note(event)

    def _parts(
        self,
        plan: CallPlan,
        backing: Backing,
        call_id: str,
        *,
        tools: list[Tool],
        recording: Recording,
        meter: Meter,
    ) -> Parts:
        settings, turns = self.settings, ReportedTurns()
        state = CallState(
            call_id=call_id,
            language=plan.language,
            control=DirectControl(),
            turns=ProvidersTurns(),
            services=backing.services,
            caller=CallerIdentity(f"caller-{secrets.token_hex(16)}"),
        )
        tool_calls = ToolCalls(
            state,
            backing.ledger,
            settings.tool_calls,
            turns,
            on_event=recording.listener.on_tool,
        )
        return Parts(
            state=state,
            tools={tool.name: tool for tool in tools},
            tool_calls=tool_calls,
            turns=turns,
            recording=recording,
            meter=meter,
            persona=plan.persona.name,
            models={
                "model": Model(self._host, settings.realtime.model),
                "transcription": Model(self._host, settings.realtime.transcription_model),
            },
            most_calls=settings.tool_calls.per_call,
        )

    @property
    def _host(self) -> str:
        return host_of(self.settings.realtime.base_url or self.settings.openai.base_url)

    async def _backing(
        self, plan: CallPlan, database: Database, call_id: str, closing: AsyncExitStack
    ) -> Backing:
        # Of the one persona alone: nobody takes over here.
        alone = replace(plan, persona=replace(plan.persona, handoffs=()))
        return await open_backing(
            self.settings,
            self.checked,
            alone,
            database=database,
            call_id=call_id,
            knowledge=self.knowledge,
            certificates=self.certificates,
            closing=closing,
        )


def tools_without_room(plan: CallPlan, backing: Backing) -> list[Tool]:
    """The persona's tools that a call without a room can have."""
    names = [name for name in plan.persona.tools if name not in COLLECTION_TOOLS]
    found = find_tools(names, backing.own_tools)
    return [tool for tool in found if not tool.policy.room]
