"""What a harmony teacher, and whoever fears a copy, asks of four voices: samples beside the pieces they learned from."""
