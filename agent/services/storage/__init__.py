"""SQL storage: one file for each subject, over the tables and the engine that they share."""
