"""Undoing a sharing, a taking back, a move or a cancellation within seconds (docs/decisions/0039)."""
