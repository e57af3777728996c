"""The outbox of emails and SMS: planned in a transaction, delivered once, reported."""
