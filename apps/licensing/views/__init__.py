"""The pages of releases, offers, objections and refusals."""
