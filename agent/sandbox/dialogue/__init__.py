"""The sandbox's mind: picks a tool or a sentence from what was said, with no model behind it.

It knows no tool by name: which one is meant, what it needs and how to ask for it comes from each
tool's name, description and JSON schema. It keeps no state: a question that is still open is read
from the messages.
"""

from agent.sandbox.dialogue.engine import respond, warm
from agent.sandbox.dialogue.messages import Message, Reply, Role, Tool, ToolCall, ToolChoice

__all__ = ["Message", "Reply", "Role", "Tool", "ToolCall", "ToolChoice", "respond", "warm"]
