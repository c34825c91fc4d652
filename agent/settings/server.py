"""The LiveKit server, and the workers that answer its calls."""

from __future__ import annotations

import os

from pydantic import SecretStr

from agent.settings.forms import Group, LiveKitUrl, Port, var

DEVELOPMENT_API_KEY = "parley-development"
DEVELOPMENT_API_SECRET = "parley-development-secret-not-for-production"  # noqa: S105 - public
"""The key of livekit.yaml, public by design: refused when PARLEY_ENV=production."""


class LiveKitSettings(Group):
    """The LiveKit server and how the worker is known to it."""

    url: LiveKitUrl = var("LIVEKIT_URL")
    api_key: SecretStr = var("LIVEKIT_API_KEY", min_length=1)
    api_secret: SecretStr = var("LIVEKIT_API_SECRET", min_length=1)
    agent_name: str = var("LIVEKIT_AGENT_NAME", "parley", min_length=1, max_length=64)
    public_url: LiveKitUrl | None = var("PARLEY_LIVEKIT_PUBLIC_URL", None)
    """Where browsers reach the server when that differs from `url`."""

    @property
    def client_url(self) -> str:
        """The WebSocket address to hand to callers."""
        url = self.public_url or self.url
        return url.replace("http", "ws", 1) if url.startswith("http") else url


class WorkerSettings(Group):
    """How much one worker takes on and how it ends."""

    health_host: str = var("PARLEY_WORKER_HOST", "127.0.0.1")
    health_port: Port = var("PARLEY_WORKER_PORT", 8081)
    metrics_port: Port | None = var("PARLEY_METRICS_PORT", None)
    """Where Prometheus finds metrics at `/metrics`, on the same host; None for nowhere."""
    max_calls: int = var("PARLEY_MAX_CALLS", 0, ge=0)
    """Calls at once; 0 derives it from the processor: four for each core."""
    idle_processes: int = var("PARLEY_IDLE_PROCESSES", 1, ge=0)
    process_start_timeout_s: float = var("PARLEY_PROCESS_START_TIMEOUT_S", 60, gt=0)
    drain_timeout_s: int = var("PARLEY_DRAIN_TIMEOUT_S", 3600, ge=0)
    job_memory_limit_mb: float = var("PARLEY_JOB_MEMORY_LIMIT_MB", 1500, ge=0)

    @property
    def calls_at_once(self) -> int:
        """The number of calls at which this worker counts as full."""
        return self.max_calls or 4 * (os.cpu_count() or 1)
