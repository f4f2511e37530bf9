"""What counting alone predicts: the floors beside which a network's loss means something."""
