"""What happens in a call, told to those who are not in it by ear.

- `events.py`: the events, in the one form that clients, webhooks and listeners get.
- `schema.py`: their JSON Schema, from which the page's TypeScript types are made.
"""
