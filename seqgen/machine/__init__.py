"""What this computer keeps and can do: compiled programs, the kernel, huge pages, processes."""
