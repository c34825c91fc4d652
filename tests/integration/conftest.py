"""What the tests of whole calls share."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["realtime", "cascade"])
def pipeline(request: pytest.FixtureRequest) -> str:
    """Each pipeline in turn."""
    return str(request.param)
