"""The fault suite, `make faults`: real processes, real actions, and faults that strike at random points.

`strikes.py` are the faults, `actors.py` what people do meanwhile, `verdict.py` what must hold afterwards.
docs/faults.md has the figures.
"""
