"""Where a line's account comes from, and RingCentral's REST as Home Assistant runs it."""
