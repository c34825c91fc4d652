"""Tools of the operator's own, declared in a TOML file: HTTP endpoints and MCP servers."""

from agent.services.tool_file.entries import ToolFile
from agent.services.tool_file.loading import load_tool_file
from agent.services.tool_file.opened import OwnTools, load_clients

__all__ = ["OwnTools", "ToolFile", "load_clients", "load_tool_file"]
