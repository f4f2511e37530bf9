"""Encoders: what reads a source or a frame, as values, and the modules behind them."""
