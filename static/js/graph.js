/* Drawings that are larger than the window: zoom, and the way from change to change. They scroll without it. */
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const STEPS = [0.2, 0.3, 0.4, 0.55, 0.75, 1, 1.35, 1.8];
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /* Zoom: the size of the drawing is changed, so that what scrolls is the region itself. */
  const scaleOf = (svg) => Number(svg.getAttribute("width")) / svg.viewBox.baseVal.width;
  function scaleTo(region, scale) {
    const svg = region.querySelector("svg");
    const before = scaleOf(svg);
    const x = region.scrollLeft + region.clientWidth / 2;
    const y = region.scrollTop + region.clientHeight / 2;
    svg.setAttribute("width", svg.viewBox.baseVal.width * scale);
    svg.setAttribute("height", svg.viewBox.baseVal.height * scale);
    region.scrollLeft = (x * scale) / before - region.clientWidth / 2;
    region.scrollTop = (y * scale) / before - region.clientHeight / 2;
  }
  function fitting(region) {
    const style = getComputedStyle(region);
    const room = region.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return Math.min(1, room / region.querySelector("svg").viewBox.baseVal.width);
  }
  function zoom(region, way) {
    const now = scaleOf(region.querySelector("svg"));
    if (way === "fit") {
      const fit = fitting(region);
      scaleTo(region, Math.abs(now - fit) < 0.001 ? 1 : fit);
    } else if (way === "in") {
      scaleTo(region, STEPS.find((step) => step > now + 0.001) ?? now);
    } else {
      scaleTo(region, STEPS.findLast((step) => step < now - 0.001) ?? now);
    }
    const fits = Math.abs(scaleOf(region.querySelector("svg")) - fitting(region)) < 0.001;
    region.querySelector("[data-zoom=fit]").setAttribute("aria-pressed", String(fits));
  }

  /* From change to change: nodes of a drawing, fields of a table, pieces of a text; in the order they are seen. */
  function changes(within = document) {
    const found = all("[data-change]", within).filter((item) => item.getClientRects().length);
    const place = (item) => item.getBoundingClientRect();
    const graph = found[0]?.closest(".graph");
    if (!graph) return found;
    return found.sort((a, b) => place(a).left - place(b).left || place(a).top - place(b).top);
  }
  function walk(step, within = document) {
    const found = changes(within);
    if (!found.length) return;
    const at = found.indexOf(document.querySelector("[data-change].here"));
    const next = at < 0 ? (step > 0 ? 0 : found.length - 1) : (at + step + found.length) % found.length;
    for (const item of all("[data-change].here")) item.classList.remove("here");
    const target = found[next];
    target.classList.add("here");
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "center", inline: "center", behavior: calm() ? "auto" : "smooth" });
  }

  /* What nearly fits is made to fit; what is larger begins where the first change is, not in an empty corner. */
  const READABLE = 0.7;
  function begin() {
    for (const region of all(".graph:has(svg)")) {
      const fit = fitting(region);
      if (fit < 1 && fit >= READABLE && region.querySelector("[data-zoom]")) zoom(region, "fit");
      const [first] = changes(region);
      if (!first) continue;
      const frame = region.getBoundingClientRect();
      const box = first.getBoundingClientRect();
      if (box.bottom > frame.bottom || box.right > frame.right) {
        region.scrollLeft += box.left - frame.left - region.clientWidth / 2;
        region.scrollTop += box.top - frame.top - region.clientHeight / 2;
      }
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom], [data-walk]");
    const region = button?.closest(".graph");
    if (!region) return;
    if (button.dataset.zoom) zoom(region, button.dataset.zoom);
    else walk(button.dataset.walk === "next" ? 1 : -1, region);
  });

  let before = "";
  document.addEventListener("keydown", (event) => {
    const last = before;
    before = event.key;
    const field = event.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (document.body.dataset.shortcuts === "off" || field || last === "g") return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "n") walk(1);
    else if (event.key === "p") walk(-1);
    else if ("+-0".includes(event.key) && event.target.closest(".graph")) {
      zoom(event.target.closest(".graph"), { "+": "in", "-": "out", 0: "fit" }[event.key]);
    } else return;
    event.preventDefault();
  });
  begin();
})();
