"""The composition root: settings and job metadata in, a call that is ready to start out.

- `start.py`: what is read and checked once, before any call is taken.
- `plan.py`: what one call will be.
- `backing.py`: what its tools and guardrails reach the outside with.
- `pipelines.py`: its models, in both pipelines and in each voice.
- `call.py`: all of it together.
- `opening.py`: its first words, and the caller's consent.
- `supervision.py`: what watches over it.
- `records.py`: what writes it down.
- `duty.py`: what tells others that the worker is there.
- `publishing.py`, `actions.py`: who is told of it, and what its clients may ask for.
- `direct.py`, `direct_call.py`, `direct_session.py`: a call between a browser and the provider, for
  the web server.

`agent/casting.py`, `agent/call_control.py` and `agent/direct_mode.py` belong to it too.
"""

from agent.bootstrap.backing import Backing, open_backing
from agent.bootstrap.budgets import tell_costs
from agent.bootstrap.call import Call, build_call
from agent.bootstrap.duty import stay_on_duty
from agent.bootstrap.opening import Opening
from agent.bootstrap.pipelines import words_beside
from agent.bootstrap.plan import CallPlan, plan_call
from agent.bootstrap.publishing import Publishing
from agent.bootstrap.records import Recording, look_after_records, prepare_records
from agent.bootstrap.start import Checked, check_buildable, renew_personas, store_orders
from agent.bootstrap.supervision import build_supervisor

__all__ = [
    "Backing",
    "Call",
    "CallPlan",
    "Checked",
    "Opening",
    "Publishing",
    "Recording",
    "build_call",
    "build_supervisor",
    "check_buildable",
    "look_after_records",
    "open_backing",
    "plan_call",
    "prepare_records",
    "renew_personas",
    "stay_on_duty",
    "store_orders",
    "tell_costs",
    "words_beside",
]
