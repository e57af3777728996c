"""What this room tells the rooms above, inside the transaction of the change."""

from django.dispatch import Signal

# A practice that was suspended works again: what waited, and is past by now, is called off. Arguments: practice.
suspension_lifted = Signal()
