/* Who moves only along with others can be ticked once one of those moves. The page works without it: the server asks. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-upgrade]");
  if (!form) return;
  const followers = [...form.querySelectorAll("input[data-follows]:not([disabled])")];
  const kept = new Map();

  const moving = () => {
    const found = new Set([...form.querySelectorAll("input[name=take]:checked")].map((box) => box.value));
    for (const row of form.querySelectorAll("[data-gives]")) {
      const fields = row.querySelectorAll(":scope > div > .field input");
      if ([...fields].some((field) => field.value.trim())) found.add(row.dataset.gives);
    }
    return found;
  };

  const follow = (box) => {
    const moves = moving();
    const may = box.dataset.follows.split(" ").some((ref) => moves.has(ref));
    if (may === !box.disabled) return false;
    if (!may) kept.set(box, box.checked);
    box.checked = may && kept.get(box);
    box.disabled = !may;
    return true;
  };

  // What follows may be followed itself.
  const settle = () => {
    for (let pass = 0; pass <= followers.length && followers.filter(follow).length; pass += 1);
  };

  form.addEventListener("input", settle);
  window.addEventListener("pageshow", settle);
  settle();
  // Nobody could untick what waits from the start: it comes along as it usually does.
  for (const box of followers) if (box.disabled && "usual" in box.dataset) kept.set(box, true);
})();
