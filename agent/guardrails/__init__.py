"""What may be said in a call, by the agent and to it, whatever a model makes of it."""
