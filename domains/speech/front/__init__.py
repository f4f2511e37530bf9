"""From a text to the sounds that say it."""
