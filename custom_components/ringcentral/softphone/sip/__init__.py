"""SIP as bytes and values: messages, addresses, digest, stream framing (RFC 3261). Nothing here does I/O."""
