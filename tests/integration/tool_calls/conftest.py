"""The sandbox for the tests of tool calls."""

from __future__ import annotations

from tests.integration.sandbox.conftest import ears, sandbox, start_sandbox

__all__ = ["ears", "sandbox", "start_sandbox"]
