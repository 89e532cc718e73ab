"""Requests and their responses: in a dialog, told apart, sent again, proved (RFC 3261 §12, §17, §22)."""
