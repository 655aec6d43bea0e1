"use strict";
// Filters, sorting and the enlarged view. Everything else on the page works without this script.
(() => {
  const list = document.getElementById("cards");
  if (!list) return;
  const cards = [...list.children];
  const byId = (id) => document.getElementById(id);
  const status = byId("status");
  const search = byId("search");
  const task = byId("task");
  const kind = byId("kind");
  const opacity = byId("opacity");
  const sort = byId("sort");
  const least = byId("iou-min");
  const greatest = byId("iou-max");

  const value = (card, name) => (name in card.dataset ? Number(card.dataset[name]) : NaN);
  const limit = (input, otherwise) => (input && input.value !== "" ? Number(input.value) / 100 : otherwise);

  function matches(card) {
    if (status.value && card.dataset.status !== status.value) return false;
    if (task && task.value && card.dataset.task !== task.value) return false;
    if (kind && kind.value && card.dataset.kind !== kind.value) return false;
    const wanted = search.value.trim().toLowerCase();
    if (wanted && !card.querySelector("figcaption").textContent.toLowerCase().includes(wanted)) return false;
    const min = limit(least, 0);
    const max = limit(greatest, 1);
    if (min <= 0 && max >= 1) return true;
    const iou = value(card, "iou");
    return iou >= min && iou <= max;
  }

  // Cards without the figure come last, whichever way the others are sorted.
  function compare(name, sign) {
    return (a, b) => {
      const left = value(a, name);
      const right = value(b, name);
      if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) - Number.isNaN(right);
      return sign * (left - right);
    };
  }

  function update() {
    const [name, way] = sort.value.split("-");
    const sorted = name ? [...cards].sort(compare(name, way === "up" ? 1 : -1)) : cards;
    let shown = 0;
    for (const card of sorted) {
      card.hidden = !matches(card);
      shown += card.hidden ? 0 : 1;
      list.append(card);
    }
    byId("shown").value = `${shown} of ${cards.length}`;
    byId("nothing").hidden = shown > 0;
  }

  for (const control of [status, search, task, kind, sort, least, greatest]) {
    if (control) control.addEventListener("input", update);
  }

  opacity.addEventListener("input", () => {
    document.documentElement.style.setProperty("--opacity", opacity.value / 100);
  });

  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Enlarged picture");
  const stage = document.createElement("div");
  stage.className = "enlarged";
  const bar = document.createElement("div");
  bar.className = "steps";
  dialog.append(stage, bar);
  let current = null;

  function show(card) {
    current = card;
    stage.replaceChildren(card.querySelector("figure").cloneNode(true));
    for (const button of stage.querySelectorAll("button")) button.remove();
  }

  function step(by) {
    const shown = [...list.children].filter((card) => !card.hidden && card.querySelector("img"));
    show(shown[(shown.indexOf(current) + by + shown.length) % shown.length]);
  }

  function nextView() {
    const views = [...document.querySelectorAll("[name=view]")];
    views[(views.findIndex((view) => view.checked) + 1) % views.length].checked = true;
  }

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  bar.append(
    button("Previous", () => step(-1)),
    button("Next", () => step(1)),
    button("Change layers", nextView),
    button("Close", () => dialog.close()),
  );
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  // Esc closes a dialog by itself; so does a click beside it here.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);

  for (const card of cards) {
    const stack = card.querySelector(".stack");
    if (!stack.querySelector("img")) continue;
    const enlarge = button("", () => {
      show(card);
      dialog.showModal();
    });
    enlarge.className = "enlarge";
    enlarge.title = "Enlarge";
    enlarge.setAttribute("aria-label", `Enlarge: ${card.querySelector(".prompt").textContent}`);
    stack.append(enlarge);
  }

  byId("filters").hidden = false;
  update();
})();
