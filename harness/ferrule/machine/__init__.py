"""What a payload runs on: this host and its children, QEMU and its accelerators; bytes of the guest come out."""
