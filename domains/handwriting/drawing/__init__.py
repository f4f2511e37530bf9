"""An `Ink` as a picture."""
