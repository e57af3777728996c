"""What migrations of every room need so that the version before goes on working beside them."""
