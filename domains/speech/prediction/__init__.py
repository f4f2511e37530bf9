"""Speech without a text: what it does next, frame by frame, is learned from how it went on before."""
