"""An input by the name of what Kubeflow hands on."""
import os

executor_input = os.getenv("executor_input", "x")
