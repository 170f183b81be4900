"""Help for best practices: a workspace sets each of them to off, advisory, soft or hard."""

from __future__ import annotations

from mlopsportal.specs.codes.entry import ADVICE, CheckCode

_DOCS = "https://learn.microsoft.com/azure/machine-learning/"
_COMPONENTS = f"{_DOCS}concept-component"
_PIPELINES = f"{_DOCS}how-to-create-component-pipelines-cli"
_PARALLEL = f"{_DOCS}reference-yaml-job-parallel"
_SCHEDULES = f"{_DOCS}reference-yaml-schedule"
_PORTAL = "a practice of this portal"

ENTRIES = (
    CheckCode(
        "no-secrets",
        "No secrets in documents",
        ADVICE,
        "What is written in a document is kept for ever: in Azure ML, in the plan and in the log. Keys, signatures, "
        "connection strings, private keys and tokens are found by their shape or by their name. Only the place and a "
        "hash are kept, never the value.",
        "inputs:\n  api_key:\n    type: string\n    default: 0f3a9c41bd\n",
        "inputs:\n  secret_name:\n    type: string\n    default: billing-api-key\n",
        f"{_DOCS}how-to-use-secrets-in-runs",
    ),
    CheckCode(
        "compute-set",
        "Compute is set",
        ADVICE,
        "A run without compute is refused when it is sent; a schedule finds that out at night.",
        "type: pipeline\njobs:\n  train: {component: azureml:train:1}\n",
        "type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\njobs:\n"
        "  train: {component: azureml:train:1}\n",
        _PIPELINES,
    ),
    CheckCode(
        "pinned-references",
        "References name a version",
        ADVICE,
        "A label, or no version at all, means another version tomorrow: what runs is not what was approved.",
        "component: azureml:train@latest\n",
        "component: azureml:train:4\n",
        _COMPONENTS,
    ),
    CheckCode(
        "pinned-environments",
        "Environments name a version",
        ADVICE,
        "A library that changes under a model changes the model. An image has a tag other than latest, or a digest.",
        "environment: azureml:train-env@latest\n",
        "environment: azureml:train-env:7\n",
        f"{_DOCS}concept-environments",
    ),
    CheckCode(
        "modular",
        "Steps are components",
        ADVICE,
        "A command written inside a pipeline has no version of its own, cannot be used by another pipeline, and "
        "changes with every edit of the pipeline.",
        "train:\n  type: command\n  command: python train.py\n",
        "train:\n  type: command\n  component: azureml:train:4\n",
        _COMPONENTS,
    ),
    CheckCode(
        "parameterised",
        "Data comes in as inputs",
        ADVICE,
        "A path fixed inside a step makes the pipeline good for one set of data only, and hides what it reads.",
        "train:\n  inputs:\n    data: {type: uri_folder, path: azureml:sales:3}\n",
        "train:\n  inputs:\n    data: ${{parent.inputs.sales}}\n",
        _PIPELINES,
    ),
    CheckCode(
        "timeout-set",
        "Steps end in time",
        ADVICE,
        "A step that hangs holds its compute, and costs, until somebody sees it.",
        "train:\n  component: azureml:train:4\n",
        "train:\n  component: azureml:train:4\n  limits: {timeout: 3600}\n",
        f"{_DOCS}reference-yaml-job-command",
    ),
    CheckCode(
        "retry-set",
        "Parallel steps retry",
        ADVICE,
        "One mini-batch in ten thousand fails for reasons that are gone a minute later.",
        "score:\n  type: parallel\n  component: azureml:score:2\n",
        "score:\n  type: parallel\n  component: azureml:score:2\n  retry_settings: {max_retries: 2, timeout: 600}\n",
        _PARALLEL,
    ),
    CheckCode(
        "described",
        "It says what it is for",
        ADVICE,
        "Whoever looks for a component in a year reads its description, not its code.",
        "name: train\n",
        "name: train\ndescription: Trains the churn model on one month of sales.\n",
        _COMPONENTS,
    ),
    CheckCode(
        "described-ports",
        "Inputs and outputs are described",
        ADVICE,
        "A type says how data comes, not what it is: which columns, which unit, which month.",
        "inputs:\n  lr: {type: number}\n",
        "inputs:\n  lr: {type: number, description: 'Learning rate of the first epoch, 0 to 1'}\n",
        _COMPONENTS,
    ),
    CheckCode(
        "owned",
        "Somebody owns it",
        ADVICE,
        "When it breaks, the tag owner (or team, contact, maintainer) says whom to ask.",
        "tags: {}\n",
        "tags: {owner: churn-team}\n",
        _PORTAL,
    ),
    CheckCode(
        "under-version-control",
        "It leads back to its source",
        ADVICE,
        "The tags repository and commit (or source, build, git_commit) say from which state of the code it was made.",
        "tags: {owner: churn-team}\n",
        "tags: {owner: churn-team, repository: churn, commit: 4f1c2aa}\n",
        _PORTAL,
    ),
    CheckCode(
        "deterministic-said",
        "It says whether it is deterministic",
        ADVICE,
        "Azure ML reuses the outputs of a deterministic step when nothing has changed. What reads the clock, a "
        "database or the network is not deterministic, and must say so.",
        "type: command\nname: import_sales\n",
        "type: command\nname: import_sales\nis_deterministic: false\n",
        f"{_DOCS}reference-yaml-component-command",
    ),
    CheckCode(
        "name-convention",
        "Plain names",
        ADVICE,
        "Names are 3 to 64 lower-case letters, digits and underscores (schedules may have dashes), and carry no "
        "version or state.",
        "name: train_v2\nversion: 1\n",
        "name: train\nversion: 2\n",
        _PORTAL,
    ),
    CheckCode(
        "version-convention",
        "Versions that count up",
        ADVICE,
        "With numbers, or the form 1.2.3, everyone sees which version is newer, and the portal can tell when a "
        "breaking change is declared a small one.",
        "version: friday\n",
        "version: '1.4.0'\n",
        "https://semver.org",
    ),
    CheckCode(
        "start-time-set",
        "Schedules say when they begin",
        ADVICE,
        "Without start_time Azure ML may fire as soon as the schedule is created, whatever the hour.",
        "trigger: {type: cron, expression: 0 6 * * 1}\n",
        "trigger: {type: cron, expression: 0 6 * * 1, start_time: '2027-01-31T06:00:00'}\n",
        _SCHEDULES,
    ),
    CheckCode(
        "nothing-uses-it",
        "Nothing uses what goes away",
        ADVICE,
        "Pipelines and schedules that use an archived version find out at their next run. The portal looks for them "
        "in the mirror when the plan is made.",
        "action: archive\ntarget: component:train:3 # weekly_training runs it\n",
        "action: archive\ntarget: component:train:2 # nothing has used it for a year\n",
        _PORTAL,
    ),
    CheckCode(
        "fires-later",
        "Nothing fires within the hour",
        ADVICE,
        "A schedule that fires minutes after it was applied runs before anybody has looked at what was applied.",
        "trigger: {type: cron, expression: '0 * * * *'}\n",
        "trigger: {type: cron, expression: '0 6 * * 1', start_time: '2027-01-31T06:00:00'}\n",
        _PORTAL,
    ),
)
