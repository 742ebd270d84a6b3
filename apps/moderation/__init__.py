"""Cases that a person must look at, decisions with reasons, and appeals."""
