"""How Django itself writes a date with a time: in its administration, and wherever no filter of ours does.

Such a page is about no practice: the hour comes with its offset from UTC, as in 24 novembre 2026 à 09:14 (UTC+0100).
"""
