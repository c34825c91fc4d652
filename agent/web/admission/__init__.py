"""Who may call: the rule of a deployment, how often, and from which address.

- `admitted.py`: what a rule says of a request.
- `bearer.py`, `claims.py`: the pass that a client shows, and what stands in one.
- `issuer.py`, `key_set.py`: JWTs of the operator's issuer.
- `link.py`, `link_command.py`: links that are signed here.
- `session.py`: a cookie of the operator's site.
- `own.py`: a function of the operator's.
- `rates.py`, `windows.py`, `address.py`: how often who may ask.
- `rules.py`: the one that the settings name.
"""

from agent.web.admission.admitted import Admission, Admitted, admit_everyone, admit_nobody
from agent.web.admission.rates import Limited, RateLimits
from agent.web.admission.rules import build_rule

__all__ = [
    "Admission",
    "Admitted",
    "Limited",
    "RateLimits",
    "admit_everyone",
    "admit_nobody",
    "build_rule",
]
