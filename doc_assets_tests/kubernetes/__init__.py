"""The cluster side: manifests, launcher, plain Jobs, exporter."""
