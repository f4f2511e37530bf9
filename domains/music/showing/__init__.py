"""A `Score` to see and to hear."""
