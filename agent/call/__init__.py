"""The centre: what one call is. Pure: no input or output, and nothing of LiveKit."""
