"""From settings to a speech pipeline that can hold a call."""
