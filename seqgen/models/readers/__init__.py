"""Models that say what an item, or each of its positions, is."""
