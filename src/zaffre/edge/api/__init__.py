"""Routes that belong to no feature: operations, events, health."""
