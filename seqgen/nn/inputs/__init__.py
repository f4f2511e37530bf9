"""What layers are told beside the step itself."""
