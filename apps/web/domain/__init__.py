"""The pure parts of the site shell: what a drawing needs to know before it is drawn."""
