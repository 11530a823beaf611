"""Other people's worlds as hosts."""
