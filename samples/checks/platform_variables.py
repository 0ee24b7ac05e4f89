"""Reads variables that a platform sets."""
import os

# Which part of the indexed job this is.
index = int(os.getenv('JOB_COMPLETION_INDEX', 0))
proxy = os.getenv('HTTPS_PROXY')
task = os.environ['SLURM_ARRAY_TASK_ID']
# The number of workers, which is given by hand.
size = int(os.getenv('WORLD_SIZE', 1))  # c3: input
# What the pod is called.
pod = os.getenv('POD_NAME', 'none')
print(index, proxy, task, size, pod)
