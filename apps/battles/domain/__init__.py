"""The pure part of battles: drawing, measuring, reading and showing answers."""
