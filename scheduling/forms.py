"""The schedule form: it knows a trigger's fields and yields a YAML document; it writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from mlopsportal.specs import zones
from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.specs.triggers import FREQUENCIES, MAX_INTERVAL, WEEK_DAYS, InvalidTrigger, read_trigger
from mlopsportal.ui.forms import GroupedForm
from mlopsportal.ui.port_fields import PREFIX
from registry.rendering import yaml_of
from scheduling.documents import schedule_document

MOMENT = "%Y-%m-%dT%H:%M"
_FIELD_OF_PATH = {
    "frequency": "frequency",
    "interval": "interval",
    "expression": "expression",
    "time_zone": "time_zone",
    "start_time": "start_time",
    "end_time": "end_time",
    "schedule.hours": "hours",
    "schedule.minutes": "minutes",
    "schedule.week_days": "week_days",
    "schedule.month_days": "month_days",
}


class NumberListField(forms.CharField):
    """Whole numbers separated by commas or blanks, as a list in the order given."""

    def __init__(self, *, low: int, high: int, **kwargs: Any) -> None:  # Django's own field arguments
        super().__init__(**kwargs)
        self.low, self.high = low, high

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        numbers = []
        for part in text.replace(",", " ").split():
            if not (part.isascii() and part.isdigit() and len(part) < 4 and self.low <= int(part) <= self.high):
                raise forms.ValidationError(f"“{part}” is not a whole number from {self.low} to {self.high}.")
            numbers.append(int(part))
        return numbers


_WHEN = (
    "trigger_type",
    "frequency",
    "interval",
    "week_days",
    "month_days",
    "hours",
    "minutes",
    "expression",
    "time_zone",
    "start_time",
    "end_time",
)


class TriggerForm(GroupedForm):
    """When a schedule fires. Used whole in the schedule form, and alone for the preview of the next fires."""

    trigger_type = forms.ChoiceField(
        label="Fires by",
        choices=[("recurrence", "Recurrence: every so many days, weeks…"), ("cron", "Cron expression")],
        initial="recurrence",
        widget=forms.RadioSelect,
    )
    frequency = forms.ChoiceField(choices=[(name, name) for name in FREQUENCIES], initial="week", required=False)
    interval = forms.IntegerField(min_value=1, max_value=MAX_INTERVAL, initial=1, required=False)
    week_days = forms.MultipleChoiceField(
        choices=[(name, name.capitalize()) for name in WEEK_DAYS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="With frequency week.",
    )
    month_days = NumberListField(
        low=1, high=31, required=False, help_text="With frequency month. Shorter months skip days they do not have."
    )
    hours = NumberListField(low=0, high=23, required=False, initial="2", help_text="0 to 23, for example 2, 14")
    minutes = NumberListField(low=0, high=59, required=False, initial="0", help_text="0 to 59, for example 0, 30")
    expression = forms.CharField(
        max_length=200,
        required=False,
        help_text="Five fields. Azure ML ignores day of month and month: both count as *.",
        widget=forms.TextInput(attrs={"placeholder": "0 6 * * 1"}),
    )
    time_zone = forms.ChoiceField(
        choices=[(name, name) for name in zones.windows_names()],
        initial="UTC",
        help_text="Azure ML knows zones by their Windows names.",
    )
    start_time = forms.DateTimeField(
        required=False,
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        help_text="On the clock of the zone above. Without it Azure ML may start a run as soon as this is saved.",
    )
    end_time = forms.DateTimeField(
        required=False,
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            read_trigger(self.trigger())
        except InvalidTrigger as error:
            self.add_error(_FIELD_OF_PATH.get(error.path), f"{error.message} {error.fix}")
        return cleaned

    def trigger(self) -> dict[str, Any]:
        """Return the trigger in YAML form; call after the fields were cleaned."""
        given = self.cleaned_data
        trigger: dict[str, Any] = {"type": given["trigger_type"]}
        if given["trigger_type"] == "cron":
            trigger["expression"] = " ".join(given["expression"].split())
        else:
            trigger |= {"frequency": given["frequency"] or "day", "interval": given["interval"] or 1}
            if trigger["frequency"] in ("day", "week", "month"):
                trigger["schedule"] = self._pattern(trigger["frequency"])
        trigger["time_zone"] = given["time_zone"]
        for key in ("start_time", "end_time"):
            if given.get(key):
                trigger[key] = _wall_clock(given[key])
        return {key: value for key, value in trigger.items() if value not in ("", {})}

    def _pattern(self, frequency: str) -> dict[str, Any]:
        given = self.cleaned_data
        pattern: dict[str, Any] = {"hours": given["hours"] or [0], "minutes": given["minutes"] or [0]}
        if frequency == "week" and given["week_days"]:
            pattern["week_days"] = given["week_days"]
        if frequency == "month" and given["month_days"]:
            pattern["month_days"] = given["month_days"]
        return pattern

    @staticmethod
    def initial_of(trigger: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form's values for a trigger in YAML form."""
        pattern = trigger.get("schedule") or {}
        values: dict[str, Any] = {
            "trigger_type": str(trigger.get("type", "recurrence")).lower(),
            "frequency": str(trigger.get("frequency", "day")).lower(),
            "interval": trigger.get("interval", 1),
            "expression": trigger.get("expression", ""),
            "time_zone": zones.windows_of(str(trigger.get("time_zone") or "UTC")) or "UTC",
            "hours": _joined(pattern.get("hours")),
            "minutes": _joined(pattern.get("minutes")),
            "month_days": _joined(pattern.get("month_days")),
            "week_days": [str(day).lower() for day in _as_list(pattern.get("week_days"))],
        }
        for key in ("start_time", "end_time"):
            if trigger.get(key):
                values[key] = str(trigger[key]).strip().replace(" ", "T")[:16]
        return values


class ScheduleForm(TriggerForm):
    """A whole schedule: what runs, with which inputs, and when.

    `inputs` are the fields of the pipeline's own parameters, made by the caller from its interface; their
    names begin with `input_`.
    """

    name = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_-]{0,253}$",
        help_text="Letters, digits, dash and underscore. It cannot be changed later.",
        error_messages={"invalid": "Use letters, digits, dash and underscore, beginning with a letter or digit."},
    )
    display_name = forms.CharField(max_length=255, required=False)
    description = forms.CharField(max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    pipeline = forms.CharField(
        max_length=300, help_text="name:version of a registered pipeline, for example churn_training:6"
    )
    experiment = forms.CharField(max_length=255, required=False)
    compute = forms.CharField(
        max_length=64, required=False, help_text="Default compute of the run; empty: the workspace's default."
    )

    force_rerun = forms.TypedChoiceField(
        label="Reuse of steps",
        required=False,
        empty_value=None,
        coerce=lambda text: text == "True",
        choices=[("", "as the pipeline says"), ("True", "run every step anew"), ("False", "reuse what did not change")],
        help_text="A run whose steps are all reused ends at once.",
    )

    fieldsets = (
        ("Schedule", ("name", "display_name")),
        ("What it runs", ("pipeline", "experiment", "compute", "force_rerun")),
        ("When", _WHEN),
    )

    def grouped(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the groups, with the pipeline's own inputs between what runs and when."""
        inputs = [field for field in self.visible_fields() if field.name.startswith(PREFIX)]
        shown = [(legend, [field for field in group if field not in inputs]) for legend, group in super().grouped()]
        return [*shown[:-1], *([("Inputs", inputs)] if inputs else []), shown[-1]]

    def clean_pipeline(self) -> Ref:
        text = pipeline_text(self.cleaned_data["pipeline"])
        try:
            ref = Ref.parse(f"component:{text}")
        except InvalidRef as error:
            raise forms.ValidationError(f"Write name:version. {error}") from error
        if not ref.version:
            raise forms.ValidationError("Name the version too, for example churn_training:6.")
        return ref

    def document(
        self,
        inputs: Mapping[str, Any],
        *,
        tags: Mapping[str, str] | None = None,
        outputs: Mapping[str, Any] | None = None,
        job_texts: Mapping[str, Any] | None = None,
        is_enabled: bool = True,
    ) -> tuple[str, str]:
        """Return path and text of the YAML document this form stands for.

        `tags`, `outputs`, `job_texts` and `is_enabled` are not asked for: they stay what the schedule has.
        """
        given = self.cleaned_data
        value = schedule_document(
            name=given["name"],
            display_name=given["display_name"],
            description=given["description"],
            trigger=self.trigger(),
            pipeline=given["pipeline"],
            inputs=inputs,
            experiment=given["experiment"],
            compute=given["compute"],
            force_rerun=given["force_rerun"],
            tags=tags,
            outputs=outputs,
            job_texts=job_texts,
            is_enabled=is_enabled,
        )
        return f"{given['name']}.yml", yaml_of(value)


def pipeline_text(value: Any) -> str:
    """Return a pipeline named in any of the usual ways (`component:n:v`, `azureml:n:v`) as the form shows it: `n:v`."""
    return str(value or "").strip().removeprefix("component:").removeprefix("azureml:")


def _wall_clock(moment: datetime) -> str:
    """Return a time as it stands on the clock; the form's zone is said beside it, never in it."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _joined(value: Any) -> str:
    return ", ".join(str(item) for item in _as_list(value))
