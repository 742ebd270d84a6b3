"""The wall: retirement of clusters, releases of retired battles, and refusals."""
