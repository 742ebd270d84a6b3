"""Legal persons and the ties between them: the neutrality register."""
