"""Compiles a pipeline for Tekton as the guide has it: `tekton_compile.py PROGRAM TARGET`."""

import importlib.util
import sys
import warnings

import yaml
from kfp_tekton.compiler import TektonCompiler

warnings.simplefilter('ignore', FutureWarning)
program, target = sys.argv[1:]
spec = importlib.util.spec_from_file_location('program', program)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
TektonCompiler().compile(pipeline_func=module.pipeline, package_path=target)
_, changed = TektonCompiler().prepare_workflow(module.pipeline)
changed['apiVersion'] = 'tekton.dev/v1beta1'
changed['spec']['timeouts'] = {'pipeline': '0'}
with open(f'{target}.changed', 'w', encoding='utf-8') as file:
    yaml.dump(changed, file)
