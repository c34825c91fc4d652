"""Parley: a voice agent worker on LiveKit."""

import os

# onnxruntime, under the voice activity detector, reports its use to its maker unless it is told not
# to before it is loaded. Calls are nobody else's business.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
