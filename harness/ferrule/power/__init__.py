"""What a kernel does when it is idle. In: guests; out: what their idle seconds, wake-ups and messages cost."""
