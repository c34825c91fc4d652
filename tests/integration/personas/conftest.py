"""The sandbox for the tests of personas."""

from __future__ import annotations

from tests.integration.sandbox.conftest import ears, sandbox, start_sandbox

__all__ = ["ears", "sandbox", "start_sandbox"]
