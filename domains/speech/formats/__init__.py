"""Sound files: what strangers' bytes become, and back."""
