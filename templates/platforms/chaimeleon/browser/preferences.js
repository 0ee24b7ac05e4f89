// No warning of what only the engine could change: a browser's own sandbox wants namespaces that containers don't give.
pref("security.sandbox.warn_unprivileged_namespaces", false);
