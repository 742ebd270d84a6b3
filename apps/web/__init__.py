"""The site shell, the homes of each kind of user, and the public pages."""
