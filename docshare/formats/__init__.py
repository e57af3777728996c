"""Django's formats of a time, and of a date with a time, in its administration and wherever no filter of ours
applies.

Such a page belongs to no practice, so the time has its offset from UTC, as in 24 novembre 2026 à 09:14 (UTC+1); the
zone of such a page names itself so (notifications.wording.zone_of_no_practice). Hours have 24 in every language.
"""
