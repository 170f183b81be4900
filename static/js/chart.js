/* Draws plotly figures: <figure class="chart" data-chart="ID"> takes its figure from the json_script element #ID. */
"use strict";
(() => {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  /* Plotly knows no custom properties: replace each colour of the light theme by its property's value in the theme of
     now. The figure says in layout.meta which property each colour stands for. */
  function themed(value, properties) {
    if (Array.isArray(value)) return value.map((child) => themed(child, properties));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, themed(child, properties)]));
    }
    if (typeof value !== "string" || !Object.hasOwn(properties, value)) return value;
    probe.style.color = `var(${properties[value]})`;
    return getComputedStyle(probe).color;
  }

  function draw(figure) {
    const source = document.getElementById(figure.dataset.chart);
    const place = figure.querySelector(".plot");
    if (!source || !place) return;
    const { data, layout } = JSON.parse(source.textContent);
    const properties = layout.meta?.properties ?? {};
    const config = { displayModeBar: false, responsive: true, showTips: false };
    window.Plotly.react(place, themed(data, properties), themed(layout, properties), config);
  }

  const drawAll = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
  drawAll();
  document.addEventListener("portal:theme", drawAll);
  document.addEventListener("htmx:after:settle", drawAll);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
