"""The errors Parley raises, by whose fault they are.

ParleyError
├── SettingsError         the operator's: environment variables, all faults at once
├── CallerError           the caller's or the calling client's: refused, with a sentence for them
│   ├── CallOptionsError  job metadata that is malformed, unknown or too large
│   └── BudgetSpent       no call may begin before another day
├── ToolError             a tool cannot do what was asked; the message is a sentence for the model
├── ProviderError         a speech or language provider's; `retryable` is decided where it is raised
├── RecordsError          call records cannot be written or read; the message says what to do
│   ├── CallNotFound      there is no record of that call
│   └── AudioNotFound     there is no recording of what was heard in it
├── SealingError          what is kept encrypted cannot be opened with the keys there are
├── PartError             a part of the development stack ended or did not become ready
└── ServerMissingError    the development stack needs a LiveKit server, and there is none
"""

from __future__ import annotations

from collections.abc import Sequence


class ParleyError(Exception):
    """Base of every error that Parley raises on purpose."""


class SettingsError(ParleyError):
    """The environment cannot be used. `faults` has a line for each variable, without its value."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class CallerError(ParleyError):
    """A request that cannot be served as asked; its message may be shown to who asked."""


class CallOptionsError(CallerError):
    """The options of one call cannot be used; the message names the option, not its value."""


class BudgetSpent(CallerError):
    """The day's or the tenant's budget is spent, so that the call cannot begin."""


class ToolError(ParleyError):
    """A tool cannot do it. The message tells the model, in a sentence, what to say or ask."""


class RecordsError(ParleyError):
    """The records of calls cannot be used as they are. The message says what to do."""


class CallNotFound(RecordsError):
    """There is no record of that call."""


class AudioNotFound(RecordsError):
    """There is no recording of what was heard in that call."""


class ProviderError(ParleyError):
    """A provider failed. `retryable` says whether the same request may succeed later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(message)


class SealingError(ParleyError):
    """What is kept encrypted cannot be opened. The message says which keys are wanted."""
