"""What was said, kept: recorded, listed, served, deleted."""
