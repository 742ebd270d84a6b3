"""Every long piece of work, with its phase, progress and way to cancel it."""
