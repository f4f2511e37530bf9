"""A package that seqgen has never seen: what others plug in, found by its entry points, under all laws."""
