/* Draws plotly figures: <figure class="chart" data-chart="ID"> takes its figure from the json_script element #ID. */
"use strict";
(() => {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  /* Plotly knows no custom properties: replace each var(--name) by the colour it has in the theme of now. */
  function resolved(value) {
    if (Array.isArray(value)) return value.map(resolved);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolved(child)]));
    }
    if (typeof value !== "string" || !/^var\(--[a-z0-9-]+\)$/.test(value)) return value;
    probe.style.color = value;
    return getComputedStyle(probe).color;
  }

  function draw(figure) {
    const source = document.getElementById(figure.dataset.chart);
    const place = figure.querySelector(".plot");
    if (!source || !place) return;
    const drawn = resolved(JSON.parse(source.textContent));
    const config = { displayModeBar: false, responsive: true, showTips: false };
    window.Plotly.react(place, drawn.data, drawn.layout, config);
  }

  const drawAll = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
  drawAll();
  document.addEventListener("portal:theme", drawAll);
  document.addEventListener("htmx:after:settle", drawAll);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
