"""What a model makes of a text, beside what counting makes of it."""
