"""The five lists of assets and their words; pipelines are components to Azure ML and a list of their own here."""

from __future__ import annotations

from dataclasses import dataclass

from registry.models import Asset, AssetKind


@dataclass(frozen=True)
class Section:
    """One list: its address part, the kind behind it, and what it is called."""

    slug: str
    kind: AssetKind
    title: str
    one: str
    pipelines: bool = False

    @property
    def search_kind(self) -> str:
        return "pipeline" if self.pipelines else self.kind.value

    def holds(self, asset: Asset) -> bool:
        return asset.kind == self.kind and asset.is_pipeline == self.pipelines


SECTIONS = {
    section.slug: section
    for section in (
        Section("pipelines", AssetKind.COMPONENT, "Pipelines", "pipeline", pipelines=True),
        Section("components", AssetKind.COMPONENT, "Components", "component"),
        Section("data", AssetKind.DATA, "Data", "data asset"),
        Section("models", AssetKind.MODEL, "Models", "model"),
        Section("environments", AssetKind.ENVIRONMENT, "Environments", "environment"),
    )
}


def section_of(asset: Asset) -> Section:
    """Return the list in which an asset stands."""
    return next(section for section in SECTIONS.values() if section.holds(asset))


class SectionConverter:
    """The part of an address that names one of the five lists."""

    regex = "|".join(SECTIONS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
