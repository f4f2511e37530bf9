"""What is kept to while a text is written: patterns, banned strings, copies, repeats."""
