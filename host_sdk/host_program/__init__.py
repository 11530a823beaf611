"""What programs that are hosts share: their options, their loop and what they report."""
