"""What axe-core finds on a page, in its light and its dark form."""

from __future__ import annotations

from typing import Any, Literal

from playwright.async_api import Page as Tab
from playwright.async_api import ViewportSize

from tests.caller.processes import PROJECT

AXE = PROJECT / "agent/web/client/node_modules/axe-core/axe.min.js"
NARROW: ViewportSize = {"width": 320, "height": 640}
SETTLED = "Promise.all(document.getAnimations().map((animation) => animation.finished))"
"""Colours that are on their way to others are neither."""


async def barriers(tab: Tab) -> list[str]:
    """Serious and critical ones, each with the elements it is about."""
    if not await tab.evaluate("'axe' in window"):
        await tab.evaluate(AXE.read_text())
    found: list[str] = []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        await tab.emulate_media(color_scheme=scheme)
        await tab.evaluate(SETTLED)
        result: dict[str, Any] = await tab.evaluate("axe.run({resultTypes: ['violations']})")
        found += [
            f"{scheme}: {violation['id']}: {[node['target'] for node in violation['nodes']]}"
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    await tab.emulate_media(color_scheme="light")
    return found


async def too_wide(tab: Tab) -> list[str]:
    """What does not fit a window of 320 pixels."""
    size = tab.viewport_size
    await tab.set_viewport_size(NARROW)
    found: list[str] = await tab.evaluate(TOO_WIDE)
    if size is not None:
        await tab.set_viewport_size(size)
    return found


TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility())
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.id || element.outerHTML.slice(0, 80))"""


TOO_SMALL = """() => {
  const controls = document.querySelectorAll("button, select, input:not([role]), label.switch");
  return [...controls]
    .filter((control) => control.checkVisibility())
    .filter((control) => {
      const { width, height } = control.getBoundingClientRect();
      return width < 44 || height < 44;
    })
    .map((control) => control.id || control.outerHTML);
}"""
"""Controls that a finger can miss. A switch is pressed by its label."""
