"""What comes back, checked: bytes of the record stream go in; samples with every condition come out."""
