"""What a payload runs on: this host, its child processes, QEMU and its accelerators. It returns the guest's bytes."""
