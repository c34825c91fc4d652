"""The embedded default of `dev`: a LiveKit server, the sandbox, the page and the worker, together.

`plan_stack` decides which of them are needed, `run_stack` runs them as child processes. Nothing of
this is used where the parts are deployed on their own.
"""

from agent.stack.console import Console
from agent.stack.livekit_server import ServerMissingError
from agent.stack.notify import notify_ready
from agent.stack.part import AnswersHttp, Part, PartError, SaysReady
from agent.stack.plan import StackPlan, plan_console, plan_stack
from agent.stack.supervisor import Stack, run_beside, run_stack

__all__ = [
    "AnswersHttp",
    "Console",
    "Part",
    "PartError",
    "SaysReady",
    "ServerMissingError",
    "Stack",
    "StackPlan",
    "notify_ready",
    "plan_console",
    "plan_stack",
    "run_beside",
    "run_stack",
]
