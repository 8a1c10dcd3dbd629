"""What crosses rooms: whole loads, crashes, clusters, examples, hostile inputs, plug-ins."""
