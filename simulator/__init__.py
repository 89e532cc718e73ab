"""A RingCentral in miniature, on loopback: REST, registrar and callers."""
