"""Deliver this text to this address, once."""
