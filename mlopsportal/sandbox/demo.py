"""What the demo workspace is about: names, interfaces and graphs of three products, as plain tables."""

from __future__ import annotations

from dataclasses import dataclass, field

CHURN, DEMAND, FRAUD, PLATFORM = "customer-insights", "supply-planning", "payments-risk", "ml-platform"

# name -> (image, conda packages, versions)
ENVIRONMENTS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "sql-extract": ("ubuntu22.04", ("pyodbc=5.1", "pandas=2.2"), 2),
    "spark-features": ("ubuntu22.04", ("pyspark=3.5", "pyarrow=17.0"), 3),
    "sklearn-train": ("ubuntu22.04", ("scikit-learn=1.5", "pandas=2.2"), 3),
    "lightgbm-train": ("ubuntu22.04", ("lightgbm=4.5", "pandas=2.2"), 2),
    "torch-train": ("cuda12-ubuntu22.04", ("pytorch=2.4",), 2),
    "statsforecast": ("ubuntu22.04", ("statsforecast=1.7", "pandas=2.2"), 2),
    "batch-scoring": ("ubuntu22.04", ("mlflow=2.16", "pandas=2.2"), 2),
    "data-validation": ("ubuntu22.04", ("pandera=0.20",), 1),
    "reporting": ("ubuntu22.04", ("jinja2=3.1", "matplotlib=3.9"), 1),
    "drift-monitor": ("ubuntu22.04", ("scipy=1.14",), 1),
    "explainability": ("ubuntu22.04", ("shap=0.46",), 1),
}

# name -> (type, path, versions, team, description); `raw-data` and `test-data` come with the guide.
DATA: dict[str, tuple[str, str, int, str, str]] = {
    "customer-snapshots": ("uri_folder", "churn/snapshots", 5, CHURN, "Monthly customer snapshots"),
    "churn-labels": ("uri_file", "churn/labels.parquet", 4, CHURN, "Contracts ended within 90 days"),
    "churn-holdout": ("uri_folder", "churn/holdout", 2, CHURN, "Fixed holdout for champion comparison"),
    "sales-history": ("uri_folder", "demand/sales", 4, DEMAND, "Daily sales by store and article"),
    "store-calendar": ("uri_file", "demand/calendar.csv", 2, DEMAND, "Opening days, holidays, promotions"),
    "weather-features": ("uri_folder", "demand/weather", 3, DEMAND, "Daily weather by region"),
    "card-transactions": ("uri_folder", "fraud/transactions", 4, FRAUD, "Card transactions, pseudonymous"),
    "chargebacks": ("uri_file", "fraud/chargebacks.parquet", 3, FRAUD, "Confirmed chargebacks"),
}


@dataclass(frozen=True)
class Part:
    """A command component. `inputs` and `outputs` map ports to types; `options` to (type, default).

    Each version after the first adds one of `later` as an option, then moves to a newer environment.
    """

    name: str
    team: str
    environment: str
    description: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    options: dict[str, tuple[str, str]] = field(default_factory=dict)
    later: tuple[tuple[str, str, str], ...] = ()
    versions: int = 1
    fresh: bool = False  # reads the outside world: never reused


_F, _M = "uri_folder", "custom_model"
_SEED = ("seed", "integer", "42")
_ROWS = ("min_rows", "integer", "1000")
_LOG = ("log_level", "string", "info")

PARTS: tuple[Part, ...] = (
    Part("extract_customers", CHURN, "sql-extract", "Active customers as of a day", {}, {"customers": _F},
         {"as_of": ("string", "latest")}, (_ROWS, _LOG), 3, True),
    Part("prepare_customers", CHURN, "spark-features", "Clean and join customer snapshots", {"snapshots": _F},
         {"customers": _F}, {"window_months": ("integer", "12")}, (_ROWS, _LOG), 4),
    Part("churn_features", CHURN, "spark-features", "Usage, billing and contact features", {"customers": _F},
         {"features": _F}, {"windows": ("string", "30,90,180")}, (_LOG, ("clip_quantile", "number", "0.99")), 5),
    Part("split_train_test", PLATFORM, "sklearn-train", "Split by customer, stratified", {"features": _F,
         "labels": "uri_file"}, {"train": _F, "test": _F}, {"test_share": ("number", "0.2")}, (_SEED,), 3),
    Part("train_churn_model", CHURN, "lightgbm-train", "Gradient boosting on churn features", {"train": _F},
         {"model": _M}, {"learning_rate": ("number", "0.05"), "trees": ("integer", "400")},
         (_SEED, ("max_depth", "integer", "7"), ("monotone", "boolean", "false")), 6),
    Part("calibrate_classifier", PLATFORM, "sklearn-train", "Isotonic calibration", {"model": _M, "test": _F},
         {"calibrated": _M}, {"method": ("string", "isotonic")}, (), 2),
    Part("evaluate_classifier", PLATFORM, "sklearn-train", "AUC, lift, calibration", {"model": _M, "test": _F},
         {"report": _F}, {"threshold": ("number", "0.5")}, (_LOG, ("slices", "string", "segment")), 4),
    Part("explain_model", PLATFORM, "explainability", "Feature attributions", {"model": _M, "test": _F},
         {"attributions": _F}, {"samples": ("integer", "2000")}, (), 1),
    Part("score_churn", CHURN, "batch-scoring", "Churn probability for each customer", {"features": _F},
         {"scores": _F}, {"model_name": ("string", "churn-classifier")}, (_LOG,), 3),
    Part("publish_scores", PLATFORM, "sql-extract", "Write scores to the warehouse", {"scores": _F}, {"receipt": _F},
         {"table": ("string", "scores")}, (("dry_run", "boolean", "false"),), 2, True),
    Part("extract_sales", DEMAND, "sql-extract", "Sales of the last days", {}, {"sales": _F},
         {"days": ("integer", "400")}, (_ROWS,), 2, True),
    Part("clean_sales", DEMAND, "spark-features", "Repair gaps and returns", {"sales": _F}, {"clean": _F}, {},
         (_ROWS, _LOG), 3),
    Part("calendar_features", DEMAND, "spark-features", "Holidays and promotions", {"calendar": "uri_file"},
         {"features": _F}, {"horizon_days": ("integer", "56")}, (), 2),
    Part("weather_features", DEMAND, "spark-features", "Weather by region", {"weather": _F}, {"features": _F}, {},
         (("lag_days", "integer", "2"),), 2),
    Part("join_demand_features", DEMAND, "spark-features", "One table for training", {"sales": _F, "calendar": _F},
         {"features": _F}, {}, (_LOG,), 2),
    Part("train_forecaster", DEMAND, "statsforecast", "Hierarchical forecast", {"features": _F}, {"model": _M},
         {"horizon_days": ("integer", "28")}, (("levels", "string", "store,region"), _SEED), 4),
    Part("train_quantiles", DEMAND, "lightgbm-train", "Quantile models for safety stock", {"features": _F},
         {"model": _M}, {"quantiles": ("string", "0.1,0.5,0.9")}, (_SEED,), 2),
    Part("backtest_forecast", DEMAND, "statsforecast", "Rolling origin evaluation", {"model": _M, "features": _F},
         {"report": _F}, {"folds": ("integer", "4")}, (), 2),
    Part("extract_transactions", FRAUD, "sql-extract", "New card transactions", {}, {"transactions": _F},
         {"hours": ("integer", "12")}, (_ROWS,), 2, True),
    Part("validate_transactions", FRAUD, "data-validation", "Schema and range checks", {"transactions": _F},
         {"valid": _F}, {"max_bad_share": ("number", "0.01")}, (_LOG,), 3),
    Part("velocity_features", FRAUD, "spark-features", "Counts and amounts in windows", {"transactions": _F},
         {"features": _F}, {"windows": ("string", "1h,24h,7d")}, (_LOG,), 3),
    Part("merchant_features", FRAUD, "spark-features", "Merchant risk", {"transactions": _F}, {"features": _F}, {},
         (), 2),
    Part("graph_features", FRAUD, "torch-train", "Shared device and address graph", {"transactions": _F},
         {"features": _F}, {"hops": ("integer", "2")}, (_SEED,), 2),
    Part("merge_features", PLATFORM, "spark-features", "Join feature tables by key", {"left": _F, "right": _F},
         {"merged": _F}, {"key": ("string", "id")}, (), 2),
    Part("train_fraud_model", FRAUD, "lightgbm-train", "Supervised fraud model", {"train": _F}, {"model": _M},
         {"learning_rate": ("number", "0.03"), "trees": ("integer", "900")}, (_SEED, _LOG), 5),
    Part("train_anomaly_model", FRAUD, "torch-train", "Autoencoder for unseen patterns", {"train": _F},
         {"model": _M}, {"epochs": ("integer", "12")}, (_SEED,), 2),
    Part("score_fraud", FRAUD, "batch-scoring", "Fraud score for each transaction", {"features": _F},
         {"scores": _F}, {"model_name": ("string", "fraud-detector")}, (_LOG,), 3),
    Part("drift_report", PLATFORM, "drift-monitor", "Population stability of features", {"current": _F,
         "reference": _F}, {"report": _F}, {"psi_limit": ("number", "0.2")}, (), 2),
    Part("render_report", PLATFORM, "reporting", "HTML report", {"report": _F}, {"html": _F}, {}, (), 1),
)  # fmt: skip


@dataclass(frozen=True)
class Graph:
    """A pipeline component. Node inputs read `in.port` or `node.port`.

    `outputs` maps pipeline outputs to `node.port`. A version uses the newest parts at the time it is made.
    """

    name: str
    team: str
    description: str
    inputs: dict[str, str]
    options: dict[str, tuple[str, str]]
    nodes: dict[str, tuple[str, dict[str, str]]]
    outputs: dict[str, str]
    versions: int


GRAPHS: tuple[Graph, ...] = (
    Graph("demand_features", DEMAND, "Features that every demand model reads",
          {"calendar": "uri_file"}, {"days": ("integer", "400")},
          {"extract": ("extract_sales", {"days": "in.days"}),
           "clean": ("clean_sales", {"sales": "extract.sales"}),
           "holidays": ("calendar_features", {"calendar": "in.calendar"}),
           "join": ("join_demand_features", {"sales": "clean.clean", "calendar": "holidays.features"})},
          {"features": "join.features"}, 3),
    Graph("churn_training", CHURN, "Train, calibrate and judge the churn classifier",
          {"snapshots": _F, "labels": "uri_file"},
          {"learning_rate": ("number", "0.05"), "test_share": ("number", "0.2")},
          {"prepare": ("prepare_customers", {"snapshots": "in.snapshots"}),
           "features": ("churn_features", {"customers": "prepare.customers"}),
           "split": ("split_train_test", {"features": "features.features", "labels": "in.labels",
                                          "test_share": "in.test_share"}),
           "train": ("train_churn_model", {"train": "split.train", "learning_rate": "in.learning_rate"}),
           "calibrate": ("calibrate_classifier", {"model": "train.model", "test": "split.test"}),
           "evaluate": ("evaluate_classifier", {"model": "calibrate.calibrated", "test": "split.test"}),
           "explain": ("explain_model", {"model": "train.model", "test": "split.test"})},
          {"model": "calibrate.calibrated", "report": "evaluate.report"}, 6),
    Graph("churn_scoring", CHURN, "Score all active customers",
          {}, {"as_of": ("string", "latest"), "table": ("string", "churn_scores")},
          {"extract": ("extract_customers", {"as_of": "in.as_of"}),
           "features": ("churn_features", {"customers": "extract.customers"}),
           "score": ("score_churn", {"features": "features.features"}),
           "publish": ("publish_scores", {"scores": "score.scores", "table": "in.table"})},
          {"scores": "score.scores"}, 4),
    Graph("demand_forecast_training", DEMAND, "Point and quantile forecasts, back-tested",
          {"calendar": "uri_file"}, {"horizon_days": ("integer", "28")},
          {"features": ("demand_features", {"calendar": "in.calendar"}),
           "forecaster": ("train_forecaster", {"features": "features.features", "horizon_days": "in.horizon_days"}),
           "quantiles": ("train_quantiles", {"features": "features.features"}),
           "backtest": ("backtest_forecast", {"model": "forecaster.model", "features": "features.features"}),
           "report": ("render_report", {"report": "backtest.report"})},
          {"model": "forecaster.model", "quantile_model": "quantiles.model"}, 4),
    Graph("fraud_training", FRAUD, "Supervised and anomaly models from one feature table",
          {"transactions": _F, "chargebacks": "uri_file"},
          {"learning_rate": ("number", "0.03"), "epochs": ("integer", "12")},
          {"validate": ("validate_transactions", {"transactions": "in.transactions"}),
           "velocity": ("velocity_features", {"transactions": "validate.valid"}),
           "merchant": ("merchant_features", {"transactions": "validate.valid"}),
           "graph": ("graph_features", {"transactions": "validate.valid"}),
           "merge_static": ("merge_features", {"left": "merchant.features", "right": "graph.features"}),
           "merge_all": ("merge_features", {"left": "velocity.features", "right": "merge_static.merged"}),
           "split": ("split_train_test", {"features": "merge_all.merged", "labels": "in.chargebacks"}),
           "train": ("train_fraud_model", {"train": "split.train", "learning_rate": "in.learning_rate"}),
           "anomaly": ("train_anomaly_model", {"train": "split.train", "epochs": "in.epochs"}),
           "calibrate": ("calibrate_classifier", {"model": "train.model", "test": "split.test"}),
           "evaluate": ("evaluate_classifier", {"model": "calibrate.calibrated", "test": "split.test"}),
           "evaluate_anomaly": ("evaluate_classifier", {"model": "anomaly.model", "test": "split.test"}),
           "explain": ("explain_model", {"model": "train.model", "test": "split.test"}),
           "drift": ("drift_report", {"current": "merge_all.merged", "reference": "split.train"}),
           "report": ("render_report", {"report": "evaluate.report"})},
          {"model": "calibrate.calibrated", "anomaly_model": "anomaly.model"}, 5),
    Graph("fraud_scoring", FRAUD, "Score the transactions of the last hours",
          {}, {"hours": ("integer", "12")},
          {"extract": ("extract_transactions", {"hours": "in.hours"}),
           "validate": ("validate_transactions", {"transactions": "extract.transactions"}),
           "velocity": ("velocity_features", {"transactions": "validate.valid"}),
           "score": ("score_fraud", {"features": "velocity.features"})},
          {"scores": "score.scores"}, 3),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A schedule: which pipeline, with which data and options, when. `live` False: disabled."""

    name: str
    pipeline: str
    trigger: dict[str, object]
    data: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    live: bool = True
    force: bool = False
    description: str = ""


_BERLIN = "W. Europe Standard Time"
_CHURN_DATA = {"snapshots": "customer-snapshots", "labels": "churn-labels"}
_DEMAND_DATA = {"calendar": "store-calendar"}
_FRAUD_DATA = {"transactions": "card-transactions", "chargebacks": "chargebacks"}


def _cron(expression: str, zone: str) -> dict[str, object]:
    return {"triggerType": "Cron", "expression": expression, "timeZone": zone}


def _weekly(day: str, hour: int, zone: str) -> dict[str, object]:
    schedule = {"hours": [hour], "minutes": [0], "weekDays": [day]}
    head = {"triggerType": "Recurrence", "frequency": "week", "interval": 1, "timeZone": zone}
    return {**head, "schedule": schedule}


PLANS: tuple[Plan, ...] = (
    Plan("churn-scoring-daily", "churn_scoring", _cron("0 5 * * *", _BERLIN), {},
         description="Scores before the call centre opens"),
    Plan("churn-training-weekly", "churn_training", _weekly("monday", 2, _BERLIN), _CHURN_DATA,
         {"model": "churn-classifier"}, force=True, description="Weekly champion candidate"),
    Plan("demand-features-nightly", "demand_features", _cron("30 1 * * *", "UTC"), _DEMAND_DATA),
    Plan("demand-forecast-weekly", "demand_forecast_training", _weekly("sunday", 3, "UTC"), _DEMAND_DATA,
         {"model": "demand-forecaster", "quantile_model": "demand-quantiles"}),
    Plan("fraud-scoring-12h", "fraud_scoring",
         {"triggerType": "Recurrence", "frequency": "day", "interval": 1, "timeZone": "UTC",
          "schedule": {"hours": [0, 12], "minutes": [15]}}, {}),
    Plan("fraud-training-monthly", "fraud_training",
         {"triggerType": "Recurrence", "frequency": "month", "interval": 1, "timeZone": "UTC",
          "schedule": {"hours": [4], "minutes": [0], "monthDays": [1]}}, _FRAUD_DATA,
         {"model": "fraud-detector", "anomaly_model": "fraud-anomaly"}),
    Plan("churn-training-canary", "churn_training", _cron("0 3 * * 3", _BERLIN), _CHURN_DATA, live=False,
         description="Paused until the new labels are in"),
    Plan("fraud-backfill", "fraud_scoring", _cron("45 22 * * 6", "UTC"), {}, live=False,
         description="Switched on by hand after an outage"),
)  # fmt: skip

# What people start by hand, over and over: (pipeline, data, outputs by name, options that vary).
BY_HAND: tuple[tuple[str, dict[str, str], dict[str, str], dict[str, tuple[str, ...]]], ...] = (
    ("churn_training", _CHURN_DATA, {"model": "churn-challenger"}, {"learning_rate": ("0.02", "0.05", "0.08", "0.1")}),
    ("fraud_training", _FRAUD_DATA, {"model": "fraud-challenger"}, {"learning_rate": ("0.01", "0.03", "0.05")}),
    ("demand_forecast_training", _DEMAND_DATA, {}, {"horizon_days": ("14", "28", "56")}),
    ("churn_training", _CHURN_DATA, {}, {"test_share": ("0.1", "0.2", "0.3")}),
)
# Imported from outside: no run made them.
IMPORTED_MODELS = {"text-embeddings": (PLATFORM, 2), "device-graph-baseline": (FRAUD, 1)}
