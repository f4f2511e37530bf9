"""Files of music: bytes of strangers to a `Score`."""
