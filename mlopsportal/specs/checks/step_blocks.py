"""The settings of steps as azure-ai-ml 1.35.2 reads them: which blocks there are, with their keys and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mlopsportal.specs.checks.blocks import Block, Each, Item, Kinds, Plain, words

Keys = Mapping[str, Item | None]


def _any(names: str) -> dict[str, Item | None]:
    return dict.fromkeys(names.split())


def _all(item: Item, names: str) -> dict[str, Item | None]:
    return dict.fromkeys(names.split(), item)


_MANAGED = Block(_any("client_id msi_resource_id object_id"))
IDENTITY = Kinds(
    {"managed": _MANAGED, "managed_identity": _MANAGED, "aml_token": Block({}), "user_identity": Block({})}
)
_QUEUE = Block({"job_tier": words("spot basic standard premium null"), "priority": words("low medium high")})
_RESOURCES = Block(
    {
        **_all(Plain.TEXT, "instance_type shm_size"),
        **_any("instance_count locations properties docker_args"),
        "max_instance_count": Plain.WHOLE,
    }
)
DISTRIBUTION = Kinds(
    {
        "mpi": Block(_all(Plain.WHOLE, "process_count_per_instance")),
        "pytorch": Block(_all(Plain.WHOLE, "process_count_per_instance")),
        "tensorflow": Block(_all(Plain.WHOLE, "parameter_server_count worker_count")),
        "ray": Block(
            {
                **_all(Plain.WHOLE, "port dashboard_port"),
                **_all(Plain.TEXT, "address head_node_additional_args worker_node_additional_args"),
                **_any("include_dashboard"),
            }
        ),
    },
    camel=False,
)
DISTRIBUTION_OF_COMPONENT = Kinds(
    {kind: replace(block, is_strict=False) for kind, block in DISTRIBUTION.blocks.items()}, camel=False
)
_PLACES = {
    "database": Block(
        _any("connection query stored_procedure stored_procedure_params table_name"), needed=("connection",)
    ),
    "file_system": Block(_any("connection path"), needed=("connection",)),
}
_PLACE = Kinds(_PLACES, camel=False, default="file_system")

_BETWEEN = _all(Plain.NUMBER, "min_value max_value")
_BELL = _all(Plain.NUMBER, "mu sigma")
_STEP = _all(Plain.NUMBER, "q")
SPACE = Kinds(
    {
        "choice": Block(_any("values")),
        **dict.fromkeys(("uniform", "loguniform"), Block(_BETWEEN, needed=tuple(_BETWEEN))),
        **dict.fromkeys(("quniform", "qloguniform"), Block(_BETWEEN | _STEP, needed=(*_BETWEEN, "q"))),
        **dict.fromkeys(("normal", "lognormal"), Block(_BELL, needed=tuple(_BELL))),
        **dict.fromkeys(("qnormal", "qlognormal"), Block(_BELL | _STEP, needed=(*_BELL, "q"))),
        "randint": Block(_all(Plain.WHOLE, "upper"), needed=("upper",)),
    },
    camel=False,
)
_SAMPLING = Kinds(
    {
        "bayesian": Block({}),
        "grid": Block({}),
        "random": Block({"seed": Plain.WHOLE, "rule": words("random sobol"), "logbase": None}),
    },
    short=True,
)
_PATIENCE = _all(Plain.WHOLE, "delay_evaluation evaluation_interval")
_STOPPING = Kinds(
    {
        "bandit": Block({**_PATIENCE, **_all(Plain.NUMBER, "slack_amount slack_factor")}),
        "median_stopping": Block(_PATIENCE),
        "truncation_selection": Block(
            {**_PATIENCE, "truncation_percentage": Plain.WHOLE}, needed=("truncation_percentage",)
        ),
    }
)

SERVICES = Each(
    Block(
        {
            **_all(Plain.TEXT, "type nodes log_dir ssh_public_keys"),
            "port": Plain.WHOLE,
            **_any("properties endpoint status error_message"),
        }
    )
)
"""What may be opened beside a running step: Jupyter, TensorBoard, VS Code, ssh."""

_ALL: Keys = {
    **_any("$schema comment component compute description display_name experiment_name inputs name outputs"),
    **_any("properties resources tags type"),
    "identity": IDENTITY,
    "services": SERVICES,
}
_COMMAND: Keys = {
    **_ALL,
    **_any("code command environment environment_variables"),
    "distribution": DISTRIBUTION,
    "limits": Block(_any("timeout")),
    "queue_settings": _QUEUE,
    "resources": _RESOURCES,
}
_PARALLEL: Keys = {
    **_ALL,
    **_any("environment_variables is_deterministic partition_keys docker_args shm_size"),
    **_all(Each(None), "retry_settings task"),
    **_all(Plain.TEXT, "input_data mini_batch_size"),
    **_all(Plain.WHOLE, "error_threshold max_concurrency_per_instance mini_batch_error_threshold"),
    "logging_level": words("DEBUG INFO WARNING", exact=True),
    "resources": _RESOURCES,
}
_SWEEP: Keys = {
    **_ALL,
    "trial": None,
    "objective": Block(
        {"goal": words("minimize maximize"), "primary_metric": Plain.TEXT}, needed=("goal", "primary_metric")
    ),
    "limits": Block(
        {**_all(Plain.WHOLE, "max_concurrent_trials max_total_trials trial_timeout"), "timeout": None},
        needed=("max_total_trials",),
    ),
    "sampling_algorithm": _SAMPLING,
    "early_termination": _STOPPING,
    "search_space": Each(SPACE),
    "queue_settings": _QUEUE,
    "resources": _RESOURCES,
}
_SPARK: Keys = {
    **_ALL,
    **_any("archives args code conf environment files jars py_files"),
    "entry": Block({"file": Plain.TEXT, "class_name": Plain.TEXT}),
    "resources": Block(_any("instance_type runtime_version")),
}
_TRANSFER: Keys = {
    **_ALL,
    "is_deterministic": None,
    "task": words("copy_data import_data export_data"),
    "data_copy_mode": words("merge_with_overwrite fail_if_conflict"),
    "source": _PLACE,
    "sink": _PLACE,
}
_CONTROL = _any("type comment")
OF_TYPE: Mapping[str, Keys] = {
    "command": {**_COMMAND, **_any("docker_args is_deterministic shm_size timeout")},
    "parallel": _PARALLEL,
    "pipeline": {**_ALL, **_any("jobs settings")},
    "spark": _SPARK,
    "sweep": _SWEEP,
    "data_transfer": _TRANSFER,
    "if_else": {**_CONTROL, **_any("condition true_block false_block")},
    "do_while": {**_CONTROL, **_any("body condition mapping"), "limits": Block(_any("max_iteration_count"))},
    "parallel_for": {**_CONTROL, **_any("body items outputs"), "max_concurrency": Plain.WHOLE},
}
"""The keys of a step by its type, each with what may stand there; None stands for anything."""

_TRANSFERRED: Keys = {key: item for key, item in _TRANSFER.items() if key not in ("component", "resources", "comment")}
_NOT_OF_TASK = {
    "copy_data": {"source", "sink", "is_deterministic"},
    "import_data": {"sink", "inputs", "data_copy_mode", "is_deterministic"},
    "export_data": {"source", "outputs", "data_copy_mode", "is_deterministic"},
}
TRANSFERS: Mapping[str, Keys] = {
    task: {key: item for key, item in _TRANSFERRED.items() if key not in others}
    for task, others in _NOT_OF_TASK.items()
}
"""The keys of a data transfer that is written out, by its task."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "sweep": ("trial", "objective", "limits"),
    "data_transfer": ("task",),
    "automl": ("task", "training_data"),
}
"""The keys that azure-ai-ml wants in a step of a type, beside those that other checks look for."""

_METRICS = "auc_weighted accuracy norm_macro_recall average_precision_score_weighted precision_score_weighted"
_REGRESSION = "spearman_correlation normalized_root_mean_squared_error r2_score normalized_mean_absolute_error"
_NODE: Keys = {
    **_any("$schema name outputs properties tags type compute environment_id environment_variables"),
    "services": SERVICES,
    **_all(Plain.TEXT, "description display_name experiment_name target_column_name"),
    **_any("training_data validation_data"),
    "task": None,
    "identity": IDENTITY,
    "log_verbosity": words("not_set debug info warning error critical", camel=True),
    "queue_settings": _QUEUE,
    "resources": _RESOURCES,
}
_TRIALS = "max_trials max_concurrent_trials timeout_minutes"
_TABLE: Keys = {
    **_NODE,
    **_any("cv_split_column_names n_cross_validations test_data training weight_column_name"),
    **_all(Plain.NUMBER, "test_data_size validation_data_size"),
    "featurization": Block(
        {
            **_any("blocked_transformers column_name_and_types dataset_language enable_dnn_featurization"),
            **_any("transformer_params"),
            "mode": words("auto off custom"),
        }
    ),
    "limits": Block(
        {
            **_all(Plain.WHOLE, f"{_TRIALS} max_cores_per_trial max_nodes trial_timeout_minutes"),
            **_all(Plain.NUMBER, "exit_score"),
            **_any("enable_early_termination"),
        }
    ),
}
_FORECASTING = Block(
    _any(
        "country_or_region_for_holidays cv_step_size feature_lags features_unknown_at_forecast_time forecast_horizon "
        "frequency seasonality short_series_handling_config target_aggregate_function target_lags "
        "target_rolling_window_size time_column_name time_series_id_column_names use_stl"
    )
)
_TUNED: Keys = {
    **_NODE,
    **_any("search_space training_parameters"),
    "sweep": Block({"sampling_algorithm": _SAMPLING, "early_termination": _STOPPING}),
}
_IMAGE: Keys = {
    **_TUNED,
    **_any("test_data"),
    **_all(Plain.NUMBER, "test_data_size validation_data_size"),
    "limits": Block(_all(Plain.WHOLE, _TRIALS)),
}
_LANGUAGE: Keys = {
    **_TUNED,
    "featurization": Block(_any("dataset_language")),
    "limits": Block(_all(Plain.WHOLE, f"{_TRIALS} max_nodes trial_timeout_minutes")),
}


def _measured(keys: Keys, metrics: str, **more: Item | None) -> Keys:
    return {**keys, "primary_metric": words(metrics, camel=True), **more}


AUTOML: Mapping[str, Keys] = {
    "classification": _measured(_TABLE, _METRICS, positive_label=Plain.TEXT),
    "regression": _measured(_TABLE, _REGRESSION),
    "forecasting": _measured(_TABLE, _REGRESSION, forecasting=_FORECASTING),
    "image_classification": _measured(_IMAGE, _METRICS),
    "image_classification_multilabel": _measured(_IMAGE, f"{_METRICS} iou"),
    "image_object_detection": _measured(_IMAGE, "mean_average_precision"),
    "image_instance_segmentation": _measured(_IMAGE, "mean_average_precision"),
    "text_classification": _measured(_LANGUAGE, _METRICS),
    "text_classification_multilabel": _measured(_LANGUAGE, "accuracy"),
    "text_ner": _measured(_LANGUAGE, "accuracy"),
}
"""The keys of an automl step by its task."""
WITHOUT_TARGET = frozenset({"text_ner"})
"""The tasks of automl that want no `target_column_name`."""
