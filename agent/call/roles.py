"""Who somebody in the room is, as their signed token says."""

from __future__ import annotations

ROLE_ATTRIBUTE, OPERATOR_ROLE = "parley.role", "operator"
"""Who has this attribute counts as operator. It is trusted because it comes in the signed token:
Parley's own tokens let nobody change their attributes, and tokens made elsewhere must not either
(`can_update_own_metadata=False`).
"""
