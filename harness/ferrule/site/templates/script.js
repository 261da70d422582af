"use strict";
for (const table of document.querySelectorAll("table.data")) {
  for (const [at, th] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "\u2195";
    button.setAttribute("aria-label", "Sort by " + th.textContent.trim());
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => {
        const cell = row.cells[at];
        return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
      };
      for (const body of table.tBodies) {
        const rows = [...body.rows].filter(row => row.cells.length > at);
        const numeric = rows.some(row => key(row) !== null);
        rows.sort((a, b) => {
          if (!numeric) return a.cells[at].textContent.localeCompare(b.cells[at].textContent) * (down ? -1 : 1);
          const [x, y] = [key(a), key(b)];
          if (x === null || y === null) return (x === null) - (y === null);
          return (x - y) * (down ? -1 : 1);
        });
        body.append(...rows);
      }
    });
    th.append(button);
  }
}
for (const input of document.querySelectorAll("input.filter")) {
  const rows = document.getElementById(input.dataset.table).querySelectorAll("tr[data-text]");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every(word => row.dataset.text.toLowerCase().includes(word));
  });
}
for (const field of document.querySelectorAll("fieldset.mode")) {
  const table = document.getElementById(field.dataset.table);
  field.addEventListener("change", event => {
    table.classList.remove("by-linux", "by-floor", "plain");
    table.classList.add(event.target.value === "plain" ? "plain" : "by-" + event.target.value);
  });
}
for (const box of document.querySelectorAll(".weigh")) {
  const effects = JSON.parse(box.dataset.effects);
  const list = box.querySelector("ol");
  const inputs = [...box.querySelectorAll("input")];
  const show = () => {
    const weights = inputs.map(one => [one.dataset.family, Math.max(0, Number(one.value) || 0)]).filter(one => one[1] > 0);
    const total = weights.reduce((sum, one) => sum + one[1], 0);
    const names = [...new Set(Object.values(effects).flatMap(Object.keys))];
    const whole = names.filter(name => total > 0 && weights.every(([family]) => name in effects[family]));
    const score = name => weights.reduce((sum, [family, weight]) => sum + weight * Math.log(effects[family][name]), 0) / total;
    const ranked = whole.map(name => [name, score(name)]).sort((a, b) => a[1] - b[1]);
    const lines = ranked.map(([name, value], at) => name + (at ? " " + Math.exp(value - ranked[0][1]).toFixed(2) : " leads"));
    const apart = names.filter(name => !whole.includes(name));
    if (apart.length) lines.push("not ranked, no number in a weighted family: " + apart.join(", "));
    list.replaceChildren(...lines.map(text => Object.assign(document.createElement("li"), { textContent: text })));
  };
  inputs.forEach(one => one.addEventListener("input", show));
  box.hidden = false;
  show();
}
