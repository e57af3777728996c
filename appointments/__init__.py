"""Agendas, visit reasons, slots, booking, moving, cancelling, and who receives what is shared."""
