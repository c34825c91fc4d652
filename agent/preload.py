"""What every call needs, loaded once by the process that job processes are forked from.

There it is shared. On first use in a call it would cost the first turn 50 ms, in which the event
loop stands still, and each job process 10 MB of its own.
"""

# ruff: noqa: F401 - to be loaded is all that these are here for

from __future__ import annotations

import asyncio

import anyio._backends._asyncio
import numpy.fft
import openai.resources.audio.audio
import openai.resources.chat.chat
import openai.resources.chat.completions.completions
import openai.resources.models
import uvloop

import agent.entrypoint
from agent.personal.ids import known_countries
from agent.pipeline.connections import load_certificates

load_certificates()
known_countries()  # whose patterns take 10 ms to compile

# Each frame of sound wakes a call's loop, which takes half with uvloop of what it takes with
# asyncio's own. Where job processes are not forked (macOS), calls run on the latter.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
