"""Language models, battles between two of them, and the votes cast."""
