"use strict";
(() => {
  const table = document.getElementById("table"), form = document.querySelector("form.filter"), status = document.querySelector(".status");
  if (!table || !form) return;
  const rows = [...table.tBodies[0].rows];
  const numbers = JSON.parse(document.getElementById("numbers").textContent);
  const value = (row, name) => numbers.rows[row.dataset.place][numbers.columns.indexOf(name)];
  const words = rows.map((row, i) => { row.dataset.place = i; return row.textContent.toLowerCase(); });
  const outcome = (row) => row.cells[0].querySelector(".v").lastChild.textContent.trim();
  const model = (row) => row.cells[1].querySelector("b").textContent;
  const study = (row) => row.cells[1].querySelector("i").textContent;

  const choice = (label, of) => {
    const box = document.createElement("label"), select = document.createElement("select");
    box.append(label + " ", select);
    for (const one of ["all", ...new Set(rows.map(of))]) select.add(new Option(one, one));
    form.append(box);
    return (row) => select.value === "all" || of(row) === select.value;
  };
  const tests = [choice("Outcome", outcome), choice("Model", model), choice("Study", study)];
  const box = document.createElement("label"), text = document.createElement("input");
  text.type = "search";
  box.append("Text ", text);
  form.append(box);

  const filter = () => {
    const wanted = text.value.toLowerCase();
    let shown = 0;
    rows.forEach((row, i) => {
      const keep = words[i].includes(wanted) && tests.every((test) => test(row));
      row.hidden = !keep;
      shown += keep;
      const full = document.querySelector(`article[data-row="${i + 1}"]`);
      if (full) full.hidden = !keep;
    });
    status.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} claims shown`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  const keys = { Outcome: outcome, Claim: (row) => row.cells[1].textContent, Effect: (row) => value(row, "effect"), n: (row) => value(row, "n"),
                 p: (row) => value(row, "p_value"), Size: (row) => value(row, "effect_size") };
  for (const head of table.tHead.rows[0].cells) {
    const key = keys[head.textContent];
    if (!key || "unsorted" in head.dataset) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const missing = (v) => v === null || v === undefined;
      table.tBodies[0].append(...[...rows].sort((a, b) => {
        const x = key(a), y = key(b);
        if (missing(x) || missing(y)) return missing(x) - missing(y);
        return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
      }));
    });
  }

  const save = document.createElement("button");
  save.type = "button";
  save.textContent = "Save as CSV";
  save.addEventListener("click", () => {
    const quote = (v) => (v === null ? "" : /[",\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : v);
    const lines = [["outcome", "model", "claim", ...numbers.columns].join(",")];
    for (const row of rows) if (!row.hidden) lines.push([outcome(row), model(row), row.cells[1].querySelector("a").textContent, ...numbers.rows[row.dataset.place]].map(quote).join(","));
    const link = document.createElement("a");
    link.href = "data:text/csv;charset=utf-8," + encodeURIComponent(lines.join("\n"));
    link.download = "claims.csv";
    link.click();
  });
  form.append(save);
})();
