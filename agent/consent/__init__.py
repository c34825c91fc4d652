"""Asks a caller, before anything else, whether what is said may be kept."""

from agent.consent.asking import Asking, Line
from agent.consent.sentences import Sentences, load_sentences

__all__ = ["Asking", "Line", "Sentences", "load_sentences"]
