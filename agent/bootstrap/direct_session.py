"""The provider's configuration of a direct call, as a room's call has it in its session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.bootstrap.plan import CallPlan
from agent.call.tool import Tool
from agent.personas.prompts import NO_FACTS, render
from agent.pipeline.realtime import server_detection
from agent.settings import RealtimeSettings, Settings
from agent.tool_calls.speaking import WORDS_LANGUAGE, saying

_ALONE = "In this call you are alone with the caller: you can hand them over or put them through to\
 nobody. Where that is what they need, say so, and offer what else you can."


def session_of(settings: Settings, plan: CallPlan, tools: Sequence[Tool]) -> Mapping[str, Any]:
    """The provider's configuration of a call; its page can read all of it, and change it."""
    realtime = settings.realtime
    voice = plan.voice or (plan.persona.voice.realtime if settings.personas.voices else None)
    return {
        "type": "realtime",
        "model": realtime.model,
        "output_modalities": ["audio"],
        "instructions": _instructions(settings, plan),
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            }
            for tool in tools
        ],
        "tool_choice": "auto",
        "audio": {
            "input": _input(realtime, plan.language),
            "output": {"voice": voice or realtime.voice, "speed": realtime.speed},
        },
    }


def first_words_of(settings: Settings, plan: CallPlan) -> str:
    """Instructions for the first reply: the operator's notice, and the greeting."""
    words = " ".join(filter(None, (settings.call.notice.strip(), plan.greeting)))
    return saying(words, language=WORDS_LANGUAGE)  # word for word: they are in the right language


def _input(realtime: RealtimeSettings, language: str) -> dict[str, Any]:
    transcription = {
        "model": realtime.transcription_model,
        "language": language.partition("-")[0],
        **({"prompt": realtime.transcription_prompt} if realtime.transcription_prompt else {}),
    }
    reduction, detection = realtime.noise_reduction, server_detection(realtime)
    return {
        "transcription": transcription,
        "noise_reduction": None if reduction == "off" else {"type": reduction},
        "turn_detection": detection.model_dump(exclude_none=True) if detection else None,
    }


def _instructions(settings: Settings, plan: CallPlan) -> str:
    today = datetime.now(ZoneInfo(settings.business.time_zone))
    values = {
        "business_name": settings.business.name,
        "language": plan.language,
        "today": f"{today:%A} {today.day} {today:%B %Y}",
        "facts": NO_FACTS,
    }
    return f"{render(plan.persona.prompt, values)}\n\n{_ALONE}"
