"""Reading handwriting: from ink to its text."""
