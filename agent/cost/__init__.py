"""What a call costs while it goes on, and what is done when that is too much.

- `price_file.py`, `catalogue.py`: the prices, read when a worker starts.
- `metered.py`, `meter.py`: what the models of a call have used, as the framework measures it.
- `budgets.py`, `farewell.py`: limits of a call, a day and a tenant, and the end of a call at one.
- `estimate.py`, `command.py`: what a call would cost.
"""
