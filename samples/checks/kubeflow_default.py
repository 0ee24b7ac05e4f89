"""Defaults that Kubeflow can't hold, or alters on their way."""
import os

# A whole number that no double holds.
seed = int(os.getenv('seed', '9007199254740993'))
# Kubeflow refuses a run whose component has this default.
pattern = os.getenv('pattern', '{{pod.name}}.log')
# Arrives as "costs $5".
price = os.getenv('price', 'costs $$5')
# Arrives as the pod's name.
label = os.getenv('label', '$(KFP_POD_NAME)')
# Breaks the comment at the head of a pipeline.
header = os.getenv('header', 'a,b\n1,2')
# Arrives as it is.
plain = os.getenv('plain', '{{x}} $HOME $(id) {}')
print(seed, pattern, price, label, header, plain)
