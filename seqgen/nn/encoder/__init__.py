"""Encoders: what reads a source, as values, and the modules behind them."""
