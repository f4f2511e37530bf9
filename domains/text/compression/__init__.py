"""A file in as many bits as a model finds it surprising."""
