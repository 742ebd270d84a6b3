"""What templates ask of battles."""
