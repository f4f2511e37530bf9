"""Four voices by rule and by what is given of them: voice leading, harmonising, filling in."""
