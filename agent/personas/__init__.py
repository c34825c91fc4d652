"""Who the agent is: its name, its instructions and its first words."""
