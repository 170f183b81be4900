/* What every page may use: theme, copy buttons, fresh times, toasts, shortcuts. Pages work without it. */
"use strict";
(() => {
  const YEAR = 31536000;
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const setCookie = (name, value) => {
    document.cookie = `${name}=${value}; path=/; SameSite=Lax; max-age=${value ? YEAR : 0}`;
  };

  /* Controls that need script are hidden until it runs. */
  function show(within = document) {
    const names = ["copy", "dismiss", "theme-choice", "keys-help", "keys-switch", "print", "zoom", "walk"];
    const scripted = names.map((name) => `[data-${name}]`).join();
    for (const control of all(scripted, within)) control.hidden = false;
  }

  /* Say something in the live region. */
  function toast(text, tone = "info") {
    const region = document.getElementById("toasts");
    if (!region) return;
    const box = document.createElement("div");
    box.className = `toast ${tone}`;
    const words = document.createElement("span");
    words.textContent = text;
    box.append(words);
    region.append(box);
    setTimeout(() => box.remove(), 4000);
  }

  /* Theme: kept in a cookie, so that the server draws the page in it at once. */
  function chooseTheme(theme) {
    setCookie("theme", theme);
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of all("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
    document.dispatchEvent(new CustomEvent("portal:theme"));
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const area = document.createElement("textarea");
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast("Copied", "good");
  }

  /* Times: words kept fresh, the exact one in UTC and in the reader's zone as the title. */
  const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [86400 * 60, 86400, "d"]];
  function words(seconds) {
    const distance = Math.abs(seconds);
    if (distance < 10) return "now";
    for (const [limit, unit, word] of UNITS) {
      if (distance < limit) {
        const amount = `${Math.floor(distance / unit)} ${word}`;
        return seconds > 0 ? `${amount} ago` : `in ${amount}`;
      }
    }
    return null;
  }
  function refreshTimes(within = document) {
    for (const time of all("time[datetime]", within)) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const utc = `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
      const local = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
      time.title = `${utc}\n${local}`;
      if (time.dataset.ago === undefined) continue;
      const fresh = words((Date.now() - moment.getTime()) / 1000);
      if (fresh && fresh !== time.textContent) time.textContent = fresh;
    }
  }

  /* Shortcuts: never in fields, never with a modifier but Ctrl+Enter, and they can be switched off. */
  const GO = { h: "My work", p: "Pipelines", r: "Runs", s: "Schedules", c: "Changes" };
  let waitingForGo = 0;
  const shortcutsOn = () => document.body.dataset.shortcuts !== "off";
  const isField = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

  function goTo(word) {
    const link = all(".top nav a").find((a) => a.textContent.trim() === word);
    if (link) window.location.assign(link.href);
  }
  function moveRow(step) {
    const rows = all("main tbody tr, main .rows > li").filter((row) => row.offsetParent && row.querySelector("a[href]"));
    if (!rows.length) return;
    const now = rows.findIndex((row) => row.classList.contains("at"));
    const next = Math.min(rows.length - 1, Math.max(0, now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step));
    if (now >= 0) rows[now].classList.remove("at");
    rows[next].classList.add("at");
    rows[next].scrollIntoView({ block: "nearest" });
    rows[next].querySelector("a[href]").focus({ preventScroll: true });
  }
  function focusSearch() {
    const field = all("[data-search]").find((input) => input.offsetParent);
    if (field) field.focus();
    else window.location.assign("/search/");
  }
  function switchShortcuts() {
    const on = !shortcutsOn();
    document.body.dataset.shortcuts = on ? "on" : "off";
    setCookie("shortcuts", on ? "" : "off");
    for (const button of all("[data-keys-switch]")) button.setAttribute("aria-pressed", String(on));
    toast(on ? "Keyboard shortcuts are on" : "Keyboard shortcuts are off");
  }
  function helpDialog() {
    const dialog = document.getElementById("keys");
    if (dialog && !dialog.open) dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || !shortcutsOn()) return;
    const field = isField(event.target);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (waitingForGo && GO[event.key]) {
      clearTimeout(waitingForGo);
      waitingForGo = 0;
      goTo(GO[event.key]);
      return;
    }
    const acts = { "/": focusSearch, "?": helpDialog, j: () => moveRow(1), k: () => moveRow(-1) };
    if (event.key === "g") {
      waitingForGo = setTimeout(() => { waitingForGo = 0; }, 1500);
    } else if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.copy !== undefined) copy(button);
    else if (button?.dataset.dismiss !== undefined) button.closest(".toast").remove();
    else if (button?.dataset.themeChoice !== undefined) chooseTheme(button.dataset.themeChoice);
    else if (button?.dataset.keysHelp !== undefined) helpDialog();
    else if (button?.dataset.keysSwitch !== undefined) switchShortcuts();
    else if (button?.dataset.print !== undefined) window.print();
    for (const menu of all("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* A second click on a button that is being sent does nothing; coming back to the page makes it usable again. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent !== undefined) event.preventDefault();
    else setTimeout(() => { if (!event.defaultPrevented) form.dataset.sent = ""; });
  });
  window.addEventListener("pageshow", () => {
    for (const form of all("form[data-sent]")) delete form.dataset.sent;
  });

  /* A list whose rows are compared two by two: a third cannot be ticked before one is let go. */
  function chooseTwo(form) {
    const boxes = all("input[type=checkbox]", form);
    const full = boxes.filter((box) => box.checked).length >= 2;
    for (const box of boxes) box.disabled = full && !box.checked;
    for (const told of all("[data-two-are]", form)) told.hidden = !full;
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-choose-two]");
    if (form) chooseTwo(form);
  });
  window.addEventListener("pageshow", () => all("form[data-choose-two]").forEach(chooseTwo));

  /* Polling rests while nobody looks. */
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && event.detail.ctx.sourceEvent?.type === "every") event.preventDefault();
  });

  /* What is not answered, or answered by a fault, leaves the page as it is and says so once. */
  let toldOfSilence = 0;
  function tellOfSilence() {
    if (Date.now() - toldOfSilence < 30000) return;
    toldOfSilence = Date.now();
    toast("The portal does not answer; this page may be old.", "warn");
  }
  document.addEventListener("htmx:error", tellOfSilence);
  document.addEventListener("htmx:response:error", (event) => {
    if (event.detail.ctx.response.status >= 500) tellOfSilence();
  });

  /* A piece may wish for its whole page anew; while something is typed there, its link has to do. */
  function reloadIfAsked() {
    const piece = document.querySelector("[data-reload]");
    const typed = all("main textarea, main input:not([type=hidden])").some((field) => field.value !== field.defaultValue);
    if (piece && !typed) window.location.replace(piece.dataset.reload);
  }

  /* Pieces that htmx puts in are made alive too. */
  document.addEventListener("htmx:after:settle", () => {
    show();
    refreshTimes();
    reloadIfAsked();
  });

  if (document.body.dataset.workspace) setCookie("workspace", document.body.dataset.workspace);
  show();
  refreshTimes();
  setInterval(() => { if (!document.hidden) refreshTimes(); }, 15000);
})();
