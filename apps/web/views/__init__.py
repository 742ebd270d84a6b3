"""The site's own pages: the public boards, the homes of each kind of user, and the frame's small acts."""
