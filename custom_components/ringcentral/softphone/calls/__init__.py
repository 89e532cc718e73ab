"""Calls: how they come and go, what both sides agree on, and what is done in them."""
