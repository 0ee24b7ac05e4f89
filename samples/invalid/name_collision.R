# Two variables that Kubeflow and CWL would call the same.
a <- Sys.getenv("my var")
b <- Sys.getenv("my-var")
