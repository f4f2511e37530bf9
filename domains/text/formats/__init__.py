"""Files whose text is packed: books, documents of word processors, dumps of wikis."""
