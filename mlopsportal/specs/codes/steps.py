"""Help for the steps of a pipeline that are no commands: conditions, loops, Spark, data transfer."""

from __future__ import annotations

from mlopsportal.specs.codes.entry import ERROR, SDK, CheckCode

_LOOP = "again:\n  type: do_while\n  body: ${{parent.jobs.train}}\n  mapping: {model: start}\n"

ENTRIES = (
    CheckCode(
        "control-condition",
        "A condition that decides nothing",
        ERROR,
        "The condition of an if_else is true, false or a binding; that of a do_while names an output of what it "
        "repeats.",
        "type: if_else\ncondition: maybe\n",
        "type: if_else\ncondition: ${{parent.jobs.judge.outputs.is_good}}\n",
        SDK,
    ),
    CheckCode(
        "control-body",
        "Nothing to steer",
        ERROR,
        "A condition or loop names the steps that it steers, and no step stands in both branches.",
        "type: if_else\ncondition: true\ntrue_block: ${{parent.jobs.a}}\nfalse_block: ${{parent.jobs.a}}\n",
        "type: if_else\ncondition: true\ntrue_block: ${{parent.jobs.a}}\nfalse_block: ${{parent.jobs.b}}\n",
        SDK,
    ),
    CheckCode(
        "control-limit",
        "A loop without a limit",
        ERROR,
        "A do_while says how often it repeats at most: a plain number up to 1000, not a binding.",
        _LOOP,
        f"{_LOOP}  limits: {{max_iteration_count: 10}}\n",
        SDK,
    ),
    CheckCode(
        "control-mapping",
        "A loop that hands nothing on",
        ERROR,
        "The mapping says which output of one round feeds which inputs of the next; an input is fed by one output.",
        "mapping: {model: start, other: start}\n",
        "mapping: {model: start, other: second}\n",
        SDK,
    ),
    CheckCode(
        "control-items",
        "A loop over nothing",
        ERROR,
        "A parallel_for goes over a list of inputs, all with the same keys, or over an output that holds one.",
        "type: parallel_for\nbody: ${{parent.jobs.train}}\nitems: []\n",
        "type: parallel_for\nbody: ${{parent.jobs.train}}\nitems:\n  - {lr: 0.1}\n  - {lr: 0.2}\n",
        SDK,
    ),
    CheckCode(
        "spark-allocation",
        "Executors without dynamic allocation",
        ERROR,
        "minExecutors and maxExecutors belong to dynamic allocation: both with it, neither without.",
        "conf:\n  spark.dynamicAllocation.minExecutors: 1\n",
        "conf:\n  spark.dynamicAllocation.enabled: true\n  spark.dynamicAllocation.minExecutors: 1\n"
        "  spark.dynamicAllocation.maxExecutors: 4\n",
        SDK,
    ),
    CheckCode(
        "spark-place",
        "A Spark step without a place of its own",
        ERROR,
        "A Spark step runs on an attached Synapse pool (`compute`) or on serverless Spark (`resources`), on one of "
        "them only; the default compute of the pipeline is not used for it.",
        "type: spark\ncomponent: azureml:clean:1\n",
        "type: spark\ncomponent: azureml:clean:1\nresources:\n  instance_type: standard_e4s_v3\n"
        "  runtime_version: '3.4'\n",
        SDK,
    ),
    CheckCode(
        "spark-conf",
        "A Spark step that does not say how big it is",
        ERROR,
        "The driver's and the executors' cores and memory are needed, and without dynamic allocation the number of "
        "executors.",
        "conf:\n  spark.driver.cores: 1\n",
        "conf:\n  spark.driver.cores: 1\n  spark.driver.memory: 2g\n  spark.executor.cores: 1\n"
        "  spark.executor.memory: 2g\n  spark.executor.instances: 1\n",
        SDK,
    ),
    CheckCode(
        "spark-mode",
        "Spark takes data in place",
        ERROR,
        "Inputs and outputs of a Spark step have the mode direct, in the step or in its component.",
        "outputs:\n  table:\n    type: uri_folder\n    mode: upload\n",
        "outputs:\n  table:\n    type: uri_folder\n    mode: direct\n",
        SDK,
    ),
    CheckCode(
        "transfer-place",
        "Data from nowhere",
        ERROR,
        "An import says where it reads (`source`), an export where it writes (`sink`).",
        "type: data_transfer\ntask: import_data\n",
        "type: data_transfer\ntask: import_data\nsource:\n  type: database\n  query: select 1\n"
        "  connection: azureml:sales\n",
        SDK,
    ),
    CheckCode(
        "transfer-port",
        "Data transfer with the wrong port",
        ERROR,
        "An import has the one output sink (mltable from a database, uri_folder from a file system), an export the "
        "one input source (uri_file to a database, uri_folder to a file system).",
        "task: import_data\nsource: {type: database}\noutputs:\n  sink: {type: uri_folder}\n",
        "task: import_data\nsource: {type: database}\noutputs:\n  sink: {type: mltable}\n",
        SDK,
    ),
    CheckCode(
        "node-import",
        "Import steps are of the past",
        ERROR,
        "The SDK still reads steps of type import, and fails when it builds them.",
        "type: import\nsource: {type: azuresqldb}\n",
        "type: data_transfer\ntask: import_data\nsource: {type: database}\n",
        SDK,
    ),
)
