"""Every environment variable Parley reads, as one frozen model; nothing else reads the environment.

A group picks its variables out of the mapping by alias, so a test passes a dictionary. The
sandbox provider is a separate program and reads its own `PARLEY_SANDBOX_…` variables.
"""

from agent.settings.business import (
    SECRET_PREFIX,
    BusinessSettings,
    GuardrailSettings,
    KnowledgeSettings,
    ToolCallSettings,
    ToolFileSettings,
    TransferSettings,
    WeatherSettings,
)
from agent.settings.conversation import (
    TEXT_DETECTORS,
    CallSettings,
    EndpointingProfile,
    InterruptionSettings,
    PersonaSettings,
    Pipeline,
    SupervisionSettings,
    TurnDetection,
    TurnSettings,
)
from agent.settings.loading import (
    FOREIGN_PREFIXES,
    Environment,
    Settings,
    exit_with_faults,
    load_env_files,
    load_group,
    load_settings,
    load_settings_or_exit,
    variable_names,
)
from agent.settings.providers import (
    CascadeSettings,
    LlmSettings,
    OpenAISettings,
    RealtimeSettings,
    SttSettings,
    TtsSettings,
)
from agent.settings.publishing import EventSettings, WebhookSettings
from agent.settings.records import (
    CostSettings,
    DatabaseSettings,
    PrivacySettings,
    RecordSettings,
)
from agent.settings.server import (
    DEVELOPMENT_API_KEY,
    DEVELOPMENT_API_SECRET,
    LiveKitSettings,
    WorkerSettings,
)
from agent.settings.web import (
    AdmissionSettings,
    DirectSettings,
    JwtSettings,
    OfferSettings,
    OperatorSettings,
    RateSettings,
    WebSettings,
)

__all__ = [
    "DEVELOPMENT_API_KEY",
    "DEVELOPMENT_API_SECRET",
    "FOREIGN_PREFIXES",
    "SECRET_PREFIX",
    "TEXT_DETECTORS",
    "AdmissionSettings",
    "BusinessSettings",
    "CallSettings",
    "CascadeSettings",
    "CostSettings",
    "DatabaseSettings",
    "DirectSettings",
    "EndpointingProfile",
    "Environment",
    "EventSettings",
    "GuardrailSettings",
    "InterruptionSettings",
    "JwtSettings",
    "KnowledgeSettings",
    "LiveKitSettings",
    "LlmSettings",
    "OfferSettings",
    "OpenAISettings",
    "OperatorSettings",
    "PersonaSettings",
    "Pipeline",
    "PrivacySettings",
    "RateSettings",
    "RealtimeSettings",
    "RecordSettings",
    "Settings",
    "SttSettings",
    "SupervisionSettings",
    "ToolCallSettings",
    "ToolFileSettings",
    "TransferSettings",
    "TtsSettings",
    "TurnDetection",
    "TurnSettings",
    "WeatherSettings",
    "WebSettings",
    "WebhookSettings",
    "WorkerSettings",
    "exit_with_faults",
    "load_env_files",
    "load_group",
    "load_settings",
    "load_settings_or_exit",
    "variable_names",
]
