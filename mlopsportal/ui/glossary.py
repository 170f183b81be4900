"""The words of the portal and what each means, one word per idea."""

from __future__ import annotations

WORDS: tuple[tuple[str, str], ...] = (
    ("Component", "A step's recipe in Azure ML: command, environment, inputs and outputs. It has versions."),
    (
        "Pipeline",
        "A component of type pipeline: steps that use components. Azure ML keeps its versions as component versions.",
    ),
    ("Version", "One fixed state of a component, pipeline, data asset, model or environment."),
    ("Run", "One execution in Azure ML (Azure's word is job)."),
    ("Step", "One part of a pipeline run (a child run), or one action of a plan."),
    ("Schedule", "What starts a pipeline at set times in Azure ML."),
    ("Trigger", "What starts a pipeline for another reason than time; kept by the portal."),
    ("Mirror", "The portal's copy of what is in the workspace, with its age. Only syncing writes it."),
    ("Change request", "A wish, written as YAML documents: a new version, a schedule, a run."),
    ("Revision", "The documents of a change request as they were submitted once; never altered afterwards."),
    ("Plan", "Exactly what would be sent for a revision, and what would be different afterwards."),
    ("Check", "A rule a document or a plan is held against. Advice can be ignored, an error cannot."),
    ("Review", "What another person says about exactly one plan."),
    ("Approval", "A review that lets the plan be applied. It is void when the plan becomes another one."),
    ("Apply", "Sending the plan's requests, one after the other, and reading back what arrived."),
    ("Drift", "The workspace differs from what the portal last saw or applied there."),
    ("Finding", "Something the portal noticed in the workspace that somebody should look at."),
    ("Verdict", "How far a new version reaches: patch, minor or breaking for those who use the old one."),
    ("Impact", "What else uses the thing that would change: pipelines, schedules, coming fires."),
    ("Outcome unknown", "A request was sent and no answer came. The portal looks before it does anything else."),
    ("Stale", "What the plan was made on changed meanwhile. Nothing was written; plan again."),
)
