"""What stands behind the protocols of `agent.call.services` in a real call."""
