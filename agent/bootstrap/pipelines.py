"""The models of one call, in both pipelines and in each persona's voice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from livekit.agents import TurnHandlingOptions, llm

from agent.bootstrap.plan import CallPlan
from agent.casting import Options
from agent.cost.meter import Meter
from agent.guardrails.judge import LanguageModelJudge
from agent.personas import Persona
from agent.pipeline.cascade import CascadeContext, build_cascade, build_llm, build_stt, build_tts
from agent.pipeline.heard import Heard, Listener
from agent.pipeline.manner import Manner
from agent.pipeline.parts import PipelineParts
from agent.pipeline.realtime import build_realtime
from agent.pipeline.realtime_link import LanguageModelSummary, OnSession, Summarise
from agent.pipeline.speculative_stt import SpeculativeSTT
from agent.pipeline.turns import is_local, turn_handling
from agent.settings import LlmSettings, Pipeline, Settings


@dataclass(frozen=True, slots=True)
class Pipelines:
    """Builds the models of one call. They all follow its manner of speaking, and its meter counts
    what they use.
    """

    settings: Settings
    plan: CallPlan
    context: CascadeContext
    manner: Manner
    meter: Meter
    on_realtime: OnSession = lambda _: None
    """Is given each session with a realtime provider."""

    def voice_of(self, persona: Persona, pipeline: Pipeline) -> str | None:
        """The voice of a persona: what the caller chose is that of the one who answered."""
        if self.plan.voice is not None and persona.name == self.plan.persona.name:
            return self.plan.voice
        return persona.voice.of(pipeline) if self.settings.personas.voices else None

    def build(
        self, pipeline: Pipeline, voice: str | None
    ) -> tuple[PipelineParts, TurnHandlingOptions]:
        """A pipeline, and how turns are taken in it."""
        settings = self.settings
        if pipeline == "realtime":
            parts = self._realtime(voice)
            recogniser = words_beside(settings, self.context)
            self.meter.listen(recogniser)
            self.manner.take(parts.llm, recogniser)
        else:
            parts = build_cascade(settings.cascade, settings.openai, self.context, voice=voice)
            self.meter.listen(parts.llm if isinstance(parts.llm, llm.LLM) else None)
            self.meter.listen(parts.stt)
            self.meter.listen(parts.tts)
            recogniser = parts.stt if isinstance(parts.stt, SpeculativeSTT) else None
            self.manner.take(parts.stt, parts.tts)
        turns = turn_handling(
            settings.turns,
            pipeline,
            settings.interruptions,
            language=self.plan.language,
            heard=recogniser.heard if recogniser else None,
            listener=Listener(recogniser) if recogniser and pipeline == "realtime" else None,
        )
        return parts, turns

    def speaking(self, pipeline: Pipeline, voice: str | None) -> Options:
        """The models that speak in a voice, as an agent's options."""
        options: Options
        if pipeline == "realtime":
            options = {"llm": self._realtime(voice).llm}
        else:
            tts = build_tts(
                self.settings.cascade.tts, self.settings.openai, self.context, voice=voice
            )
            self.meter.listen(tts)
            options = {"tts": tts}
        self.manner.take(*options.values())
        return options

    def judge(self) -> LanguageModelJudge | None:
        """Who is asked about what the agent says; None where no model is configured for it."""
        asked = self.settings.guardrails
        if not asked.judge_model:
            return None
        changes = {
            "model": asked.judge_model,
            "base_url": asked.judge_base_url or self.settings.cascade.llm.base_url,
            "api_key": asked.judge_api_key or self.settings.cascade.llm.api_key,
            "fallback_models": (),
        }
        model = self.settings.cascade.llm.model_copy(update=changes)
        return LanguageModelJudge(
            lambda: self._metered_llm(model),
            limit_s=asked.judge_limit_s,
        )

    @property
    def may_switch(self) -> bool:
        """Whether a call whose pipeline fails can go on in the other one."""
        cascade = self.settings.cascade
        parts = (self.settings.realtime, cascade.stt, cascade.llm, cascade.tts)
        has_accounts = self.settings.openai.api_key is not None or all(p.api_key for p in parts)
        return self.settings.supervision.failover and has_accounts

    def _realtime(self, voice: str | None) -> PipelineParts:
        return build_realtime(
            self.settings.realtime,
            self.settings.openai,
            self.settings.turns,
            language=self.plan.language,
            voice=voice,
            summarise=self._summary(),
            on_usage=self.meter.note,
            on_session=self.on_realtime,
        )

    def _summary(self) -> Summarise | None:
        """By the cascade's language model, where there is an account for it."""
        asked = self.settings.cascade.llm
        if self.settings.openai.api_key is None and asked.api_key is None:
            return None
        return LanguageModelSummary(lambda: self._metered_llm(asked))

    def _metered_llm(self, asked: LlmSettings) -> llm.LLM[Any]:
        model = build_llm(asked, self.settings.openai, self.context)
        self.meter.listen(model)
        return model


def words_beside(settings: Settings, context: CascadeContext) -> SpeculativeSTT | None:
    """What tells the turn detector the words in the realtime pipeline, which has none of its own
    before the turn is over; None if it is not wanted or there is no account for it.
    """
    has_account = settings.openai.api_key is not None or settings.cascade.stt.api_key is not None
    wanted = settings.realtime.words and is_local(settings.turns.detection, "realtime")
    if not (wanted and has_account):
        return None
    asked = settings.cascade.stt.model_copy(update={"streaming": "off"})
    recogniser = build_stt(asked, settings.openai, replace(context, heard=Heard()))
    return recogniser if isinstance(recogniser, SpeculativeSTT) else None
