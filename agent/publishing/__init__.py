"""What happens in a call, told to those who are not in it by ear.

- `events.py`: the events, in the one form that clients, webhooks and listeners get; `schema.py`:
  their JSON Schema, from which the page's TypeScript types are made.
- `account.py`: makes them of the notes of a call's record and of the session's states, with
  `translation.py`, `wording.py` (what of a text may be told), `turns.py` and `standing.py`.
- `room.py`: to the participants of the room; `asked.py`: what these may ask for in return.
- `webhooks.py`: to the operator's servers, with `sending.py`, `signing.py`, `dead_letters.py` and
  `replay.py`.
- `listeners.py`: to the operator's own functions in this process, with `telling.py`.
"""
