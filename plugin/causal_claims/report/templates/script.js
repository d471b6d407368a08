"use strict";
(() => {
  const $ = (what, within = document) => within.querySelector(what);
  const make = (name, text, more) => Object.assign(document.createElement(name), { textContent: text }, more);
  const stored = JSON.parse($("#numbers").textContent);

  // Saving: figures as SVG, their numbers as CSV.
  const download = (name, type, content) => {
    const link = make("a", "", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 9000);
  };
  const quote = (v) => (v === null || v === undefined ? "" : /[",\n\r]|^[=@]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : v);
  const csv = (columns, rows) => [columns, ...rows].map((row) => row.map(quote).join(",")).join("\n") + "\n";
  const column = (place) => {
    const [text, low, step] = stored.columns[place];
    return [...new Uint16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)].map((code) => low + code * step);
  };
  const examplesOf = (figure) => {
    const [units, base, total] = figure.dataset.v.split(" ").map(Number);
    return { units: stored.units[units], base: base < 0 ? null : column(base), total: column(total) };
  };
  const short = (v) => +v.toPrecision(5);
  const numbersOf = (figure) => {
    if (figure.dataset.v) {
      const { units, base, total } = examplesOf(figure);
      if (!base) return [["example", "value"], units.map((unit, i) => [unit, short(total[i])])];
      return [["example", "baseline", "intervention", "difference"], units.map((unit, i) => [unit, short(base[i]), short(base[i] + total[i]), short(total[i])])];
    }
    const own = JSON.parse($("script", figure).textContent);
    if (own.claims) return [["outcome", "claim", ...stored.names], own.claims.map((i) => [claims[i].outcome, claims[i].id, ...stored.rows[i]])];
    return [own.columns, own.rows];
  };

  // The picture of single examples, as the page has it for its first claims.
  const draw = (figure, named) => {
    const { units, base, total } = examplesOf(figure), n = units.length, start = base || total.map(() => 0);
    const order = [...total.keys()].sort((a, b) => total[a] - total[b]), step = Math.max(1.5, Math.min(7, 360 / n)), left = 46, height = 96;
    const ends = [...start, ...start.map((v, i) => v + total[i]), ...(base ? [] : [0])], low = Math.min(...ends), high = Math.max(...ends);
    const at = (v) => Math.round(height - 6 - ((v - low) / (high - low || 1)) * (height - 12)), width = left + step * n + 8;
    const node = (name, more, text = "") => { const one = document.createElementNS("http://www.w3.org/2000/svg", name); for (const key in more) one.setAttribute(key, more[key]); one.textContent = text; return one; };
    const svg = node("svg", { class: "p", width, height, "font-size": 11, "stroke-width": step > 4 ? 3 : step > 2 ? 2 : 1.5, "text-anchor": "end" });
    if (low <= 0 && high >= 0) svg.append(node("path", { d: `M${left} ${at(0)}H${width}`, stroke: "#b8bcc4", "stroke-width": 1 }));
    for (const [letter, stroke, up] of [["u", "#b2560d", true], ["w", "#2a66ad", false]]) {
      const d = order.map((i, place) => (total[i] > 0 === up ? `M${left + step * (place + 0.5)} ${at(start[i])}V${at(start[i] + total[i])}` : "")).join("");
      if (d) svg.append(node("path", { class: letter, d, stroke }));
    }
    for (const v of [low, high]) svg.append(node("text", { x: left - 6, y: at(v) + (v === high ? 4 : 0) }, String(+v.toPrecision(3)).replace("-", "\u2212")));
    const told = [];
    order.forEach((i, place) => {
      if (!named.includes(units[i])) return;
      const x = left + step * (place + 0.5), y = at(start[i] + total[i]), last = place > n / 2;
      let label = Math.min(height - 3, Math.max(9, y + 4));
      while (told.some(([other, taken]) => Math.abs(x - other) < 80 && Math.abs(label - taken) < 12)) label += y > height / 2 ? -12 : 12;
      told.push([x, label]);
      svg.append(node("circle", { cx: x, cy: y, r: 5, fill: "none", stroke: "#767b84", "stroke-width": 1.5 }),
                 node("text", { x: x + (last ? -7 : 7), y: label, "text-anchor": last ? "end" : "start" }, units[i]));
    });
    figure.prepend(svg);
  };
  const picture = (figure) => {
    const svg = $("svg", figure).cloneNode(true);
    const given = { xmlns: "http://www.w3.org/2000/svg", color: "#1c1f24", "font-family": "system-ui, sans-serif" };
    for (const [name, value] of Object.entries(given)) svg.setAttribute(name, value);
    svg.removeAttribute("aria-hidden");
    for (const one of [svg, ...svg.querySelectorAll("[class]")]) one.removeAttribute("class");
    return new XMLSerializer().serializeToString(svg);
  };
  const saves = (figure) => {
    if ($(".saves", figure)) return;
    const name = figure.dataset.name.replace(/[^\w.@+-]+/g, "-"), box = make("div", "", { className: "saves" });
    const add = (word, action) => box.append(make("button", word, { type: "button", ariaLabel: `Save ${figure.dataset.name} as ${word}`, onclick: action }));
    add("SVG", () => download(`${name}.svg`, "image/svg+xml", picture(figure)));
    add("CSV", () => download(`${name}.csv`, "text/csv", csv(...numbersOf(figure))));
    figure.append(box);
  };
  document.querySelectorAll(".gallery figure").forEach(saves);

  const table = $("#table"), form = $("form.filter");
  const claims = [];
  if (!table || !form) return;
  const body = table.tBodies[0], many = table.classList.contains("many");
  for (const line of body.rows) {
    if (line.className === "d") { claims.at(-1).more = line; continue; }
    const id = $("[id]", line.nextElementSibling).id, link = $("a", line.cells[1]);
    link.href = "#" + encodeURIComponent(id);
    claims.push({
      line, link, place: claims.length, id, outcome: $(".v", line).textContent,
      model: $("span>b", line.cells[1]).textContent, study: $("i", line.cells[1]).textContent, words: `${line.textContent} ${id}`.toLowerCase(), keep: true,
    });
  }

  // Opening: what is behind a line comes below it, and the address names it.
  const open = (claim, wanted = !claim.more.classList.contains("on")) => {
    const details = $("details", claim.more);
    details.open = wanted;
    claim.more.classList.toggle("on", wanted);
    claim.line.classList.toggle("open", wanted);
    claim.link.setAttribute("aria-expanded", wanted);
    if (!wanted) return;
    $("figure[data-name]", claim.more) && saves($("figure[data-name]", claim.more));
    const own = $("figure[data-v]", claim.more);
    if (own) {
      own.dataset.name = `examples of ${claim.id}`;
      if (!$("svg", own)) draw(own, [...claim.more.querySelectorAll("li>b")].map((one) => one.textContent));
      saves(own);
    }
    const see = $(".see", claim.more);
    for (const link of see ? [...see.querySelectorAll("a")] : []) {
      const figure = document.getElementById(decodeURIComponent(link.hash.slice(1)))?.cloneNode(true);
      if (!figure) continue;
      figure.removeAttribute("id");
      $(".saves", figure)?.remove();
      saves(figure);
      see.before(figure);
      link.remove();
    }
    if (see && !$("a", see)) see.remove();
  };
  for (const claim of claims) {
    claim.link.setAttribute("aria-expanded", "false");
    claim.link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(claim);
      history.replaceState(null, "", claim.more.classList.contains("on") ? claim.link.hash : location.pathname + location.search);
    });
  }

  // Filtering: of a long table only the first lines are laid out.
  const FIRST = 300;
  let shown = FIRST, order = claims;
  const choice = (label, of) => {
    const box = make("label", label + " "), select = document.createElement("select");
    box.append(select);
    for (const one of ["all", ...[...new Set(claims.map((claim) => claim[of]))].sort()]) select.add(new Option(one, one));
    form.append(box);
    return { select, test: (claim) => select.value === "all" || claim[of] === select.value };
  };
  const chosen = ["Outcome", "Model", "Study"].map((label) => choice(label, label.toLowerCase()));
  const label = make("label", "Text "), text = make("input", "", { type: "search" });
  label.append(text);
  form.append(label);
  const status = $(".status"), more = $(".more");
  const layOut = () => {
    let seen = 0;
    for (const claim of order) {
      const see = claim.keep && (!many || seen < shown || claim.more.classList.contains("on"));
      claim.line.hidden = claim.more.hidden = !claim.keep;
      if (many) claim.line.classList.toggle("see", see);
      seen += claim.keep;
    }
    status.textContent = seen === claims.length ? "" : `${seen} of ${claims.length} claims`;
    more.hidden = !many || seen <= shown;
    more.replaceChildren(make("button", `Show all ${seen}`, { type: "button", onclick: () => { shown = Infinity; layOut(); } }));
  };
  const filter = () => {
    const wanted = text.value.toLowerCase();
    for (const claim of claims) claim.keep = claim.words.includes(wanted) && chosen.every((one) => one.test(claim));
    shown = FIRST;
    layOut();
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  for (const tile of document.querySelectorAll(".tiles a")) {
    tile.addEventListener("click", () => {
      const select = chosen[0].select;
      select.value = [...select.options].some((one) => one.value === tile.dataset.outcome) ? tile.dataset.outcome : "all";
      filter();
    });
  }

  // Sorting.
  const number = (name) => { const at = stored.names.indexOf(name); return (claim) => (at < 0 ? null : stored.rows[claim.place][at]); };
  const keys = { Outcome: (c) => c.outcome, Claim: (c) => c.words, Effect: number("effect"), n: number("n"), p: number("p_value"), Size: number("effect_size") };
  const heads = [...table.tHead.rows[0].cells];
  for (const head of heads) {
    const key = keys[head.textContent];
    if (!key || "unsorted" in head.dataset) continue;
    head.replaceChildren(make("button", head.textContent, { type: "button" }));
    head.firstChild.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
      const none = (v) => v === null || v === undefined;
      order = [...claims].sort((a, b) => {
        const x = key(a), y = key(b);
        if (none(x) || none(y)) return none(x) - none(y);
        return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
      });
      body.append(...order.flatMap((claim) => [claim.line, claim.more]));
      layOut();
    });
  }

  const save = make("button", "Save as CSV", { type: "button" });
  save.addEventListener("click", () => {
    const rows = order.filter((claim) => claim.keep).map((c) => [c.outcome, c.model, c.study, c.id, c.link.textContent, ...stored.rows[c.place]]);
    download("claims.csv", "text/csv", csv(["outcome", "model", "study", "id", "claim", ...stored.names], rows));
  });
  form.append(save);

  // Deep links, and the printed page.
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1)), claim = claims.find((one) => one.id === id);
    if (!claim) return;
    if (!claim.keep) { form.reset(); filter(); }
    open(claim, true);
    layOut();
    if (many) claim.line.classList.add("see");
    claim.line.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  layOut();
  follow();
})();
