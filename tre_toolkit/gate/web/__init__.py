"""The gate's pages and its JSON API: rendered here, one stylesheet, nothing from another host."""
