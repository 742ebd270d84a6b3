"""The log's pure rules: who acts, how an entry reads, how the tree grows, how a proof is checked."""
