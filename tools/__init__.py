"""What the agent can do: one file for each subject, chosen by name in the catalogue."""
