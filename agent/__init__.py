"""Parley: a voice agent worker on LiveKit."""

import os

# onnxruntime, under the voice activity detector, reports its use to its maker unless it is told not
# to before it is loaded. Calls are nobody else's business.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# The framework looks for code that blocks the event loop. At its default of 0.1 s that wakes every
# job process a hundred times a second, for 0.25 s forty times.
os.environ.setdefault("LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS", "250")
