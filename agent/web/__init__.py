"""What a browser meets: the page, the token that lets it into a room, and the health of both."""
