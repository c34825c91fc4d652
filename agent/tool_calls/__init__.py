"""Between a model and the tools: makes the framework's form of a declared tool, and lets a call of
it happen only as its policy allows, once, in time, and in words.

- `calls.py`: the entry. What a model asks for goes through the checks below, in their order.
- `occasion.py`: where it asks: in a room's session, or elsewhere.
- `access.py`, `arguments.py`, `budget.py`: who may, with what, and how often.
- `confirmation.py`, `answers/`: effects that the caller must say yes to.
- `approval.py`: effects that an operator must allow.
- `requests.py`, `works.py`, `perform.py`: what runs, exactly once, and outlives an interruption.
- `outputs.py`: what the model gets to read.
- `speaking.py`, `company.py`, `announcements.py`: what the caller hears meanwhile and afterwards.
"""
