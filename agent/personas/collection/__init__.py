"""Collecting one thing from the caller exactly: asked for, read back, corrected, confirmed.

The framework's own tasks do it where they are good: name, e-mail address, telephone number, date of
birth and postal address. Its task for digits is not used: it ends at a wrong count instead of
asking again, fixes the count in advance, and cannot run outside a job.
"""

from agent.personas.collection.collecting import COLLECTION_TOOLS, Collecting, MakeTask
from agent.personas.collection.digits import DigitsTask
from agent.personas.collection.read_back import ReadBack

__all__ = ["COLLECTION_TOOLS", "Collecting", "DigitsTask", "MakeTask", "ReadBack"]
