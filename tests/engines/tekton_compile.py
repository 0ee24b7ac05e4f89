"""Compiles a pipeline for Tekton as the guide has it: `tekton_compile.py PROGRAM TARGET`."""

import runpy
import sys
import warnings

import yaml
from kfp_tekton.compiler import TektonCompiler

warnings.simplefilter('ignore', FutureWarning)
program, target = sys.argv[1:]
pipeline = runpy.run_path(program)['pipeline']
TektonCompiler().compile(pipeline_func=pipeline, package_path=target)
_, changed = TektonCompiler().prepare_workflow(pipeline)
changed['apiVersion'] = 'tekton.dev/v1beta1'
changed['spec']['timeouts'] = {'pipeline': '0'}
with open(f'{target}.changed', 'w', encoding='utf-8') as file:
    yaml.dump(changed, file)
