"""Pictures of speech."""
