"""The command `seqgen`."""
