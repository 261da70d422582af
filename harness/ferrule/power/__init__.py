"""What a kernel does when nobody asks it. In: guests; out: what their idle seconds, wake-ups and messages cost."""
