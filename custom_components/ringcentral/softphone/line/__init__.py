"""Keeping the line: registered, at which server, and again after what has become of it."""
