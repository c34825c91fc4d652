"""`calls expire` and `calls reseal`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from agent.errors import RecordsError
from agent.records.desk import Desk
from agent.records.resealing import Resealed, reseal
from agent.records.retention import Keeping, expire

_MOST_NAMED = 10


async def expire_now(_: argparse.Namespace, desk: Desk) -> str:
    """Delete what is too old; returns how much that was."""
    keeping = Keeping.of(desk.settings.records)
    expired = await expire(desk.places, keeping, actor=desk.actor, now=datetime.now(UTC))
    return (
        f"Deleted: {expired.audio_files} audio files, {expired.texts} texts of transcripts,"
        f" {expired.tool_answers} answers of tools, {expired.calls} whole records."
    )


async def reseal_now(_: argparse.Namespace, desk: Desk) -> str:
    """Seal everything with the first key; returns whether the others are needed still.

    Raises:
        RecordsError: something is sealed with a key that is not there; the rest is sealed anew.
    """
    return _told(await reseal(desk.places, desk.sealing, actor=desk.actor))


def _told(done: Resealed) -> str:
    told = (
        f"Sealed anew: {done.texts} texts, {done.audio_files} audio files;"
        f" {done.current} had the first key already.\n"
    )
    if done.shut:
        names = ", ".join(done.shut[:_MOST_NAMED])
        more = len(done.shut) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        raise RecordsError(f"{told}No key opens all of {names}{rest}: put back the one it needs")
    if done.going_on:
        return f"{told}Do this again when {done.going_on} calls that are being recorded are over."
    if done.texts or done.audio_files:
        return (
            f"{told}Once every worker has been started with the new key in front, do this again:"
            " when nothing is left to seal anew, the other keys can be dropped."
        )
    return f"{told}The other keys are not needed here any more."
