"""Who the agent is: personas as data, and how a call goes from one to the next."""

from agent.personas.files import PERSONA_NAME
from agent.personas.persona import HandoffTarget, Persona, PersonaVoice
from agent.personas.roster import Roster, bundled_personas, find_persona, load_roster, renewed

__all__ = [
    "PERSONA_NAME",
    "HandoffTarget",
    "Persona",
    "PersonaVoice",
    "Roster",
    "bundled_personas",
    "find_persona",
    "load_roster",
    "renewed",
]
