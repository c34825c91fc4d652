"""What a caller may choose for one call; it travels as JSON in the job's metadata."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import CallOptionsError

MAX_METADATA_BYTES = 16_384
"""Far above any honest use; LiveKit itself would carry 512 KiB."""
MAX_USER_LENGTH = 128

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


class CallOptions(BaseModel):
    """The options of one call; None means the worker's own setting."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    persona: Name | None = None
    pipeline: Literal["realtime", "cascade"] | None = None
    language: LanguageTag | None = None
    voice: Name | None = None
    half_duplex: bool | None = None
    """For a loudspeaker whose echo nothing cancels: not heard while the agent speaks."""

    @classmethod
    def known(cls, values: Any) -> Self:
        """Options out of decoded JSON.

        Raises:
            CallOptionsError: naming every option that is unknown or malformed.
        """
        try:
            return cls.model_validate(values, strict=True)
        except ValidationError as error:
            raise CallOptionsError(_describe(error)) from None


class JobMetadata(CallOptions):
    """What the token endpoint writes into a dispatch: the options and who the caller is."""

    participant_identity: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """The one participant the agent talks with; the room was then made for this call."""
    user: Annotated[str, Field(min_length=1, max_length=MAX_USER_LENGTH)] | None = None
    """Who the caller is to the operator's own system, which let them in. No client can say so."""
    staff: bool = False
    """Whether the caller is the operator's own. No client can say so: what a client may choose is
    in CallOptions.
    """
    tenant: Name | None = None
    """On whose account the call is: whose budget it draws on. No client can say so either."""

    @classmethod
    def parse(cls, metadata: str) -> Self:
        """The metadata of a job; an empty string is a job without options.

        Raises:
            CallOptionsError: when it is too large, no JSON object, or has an unknown or
                malformed option.
        """
        if not metadata.strip():
            return cls()
        if len(metadata.encode("utf-8", "surrogatepass")) > MAX_METADATA_BYTES:
            raise CallOptionsError(f"job metadata is larger than {MAX_METADATA_BYTES} bytes")
        try:
            return cls.model_validate_json(metadata, strict=True)
        except ValidationError as error:
            raise CallOptionsError(_describe(error)) from None


def _describe(error: ValidationError) -> str:
    faults = []
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        option = str(detail["loc"][0])[:40] if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            faults.append(f"{option!r} is not an option")
        elif option:
            faults.append(f"{option!r} is not valid")
        else:
            faults.append("not a JSON object")
    return "call options: " + ", ".join(faults[:5])
