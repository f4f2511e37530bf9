"""Pictures as what is read: their files, how models see them, what was looked at, the verbs of captions."""
