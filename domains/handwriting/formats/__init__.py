"""Files of ink: bytes of strangers to an `Ink`."""
