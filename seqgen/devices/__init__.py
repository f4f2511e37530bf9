"""Many devices and many processes that share one training."""
