"""Sound as frames of a voice: how it is analysed, made again and aligned with its phones."""
