"""Bytes of strangers, and folders written whole or not at all."""
