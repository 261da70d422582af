"""How bytes get in and out, knowing no OS: a payload goes in; a way into the guest and its streams come out."""
