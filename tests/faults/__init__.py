"""The fault suite, `make faults`: real processes, real actions, and faults at random times.

`strikes.py` has the faults, `actors.py` the actions of users meanwhile, `verdict.py` the checks afterwards.
docs/faults.md has the results.
"""
