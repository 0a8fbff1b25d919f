// Draws the charts of the chart page from its tables: each row with a date becomes a mark. The tables stay the truth; without
// this script the page says the same. uPlot (vendor/) gives axes and cursor; marks are drawn here.

const course = document.querySelector(".course");
const root = document.documentElement;
const DAY = 86400000;
const APART = 120; // days: values further apart are not joined, since nobody knows what lay between
const charts = [];

const days = (iso) => Date.parse(iso + "T00:00:00Z") / DAY;
const style = getComputedStyle(root);
let known = {};
const css = (name) => (known[name] ??= style.getPropertyValue(name).trim()); // asked for every mark, so kept while one chart is drawn
const number = (text) => (text === undefined || text === "" ? null : Number(text));
const raised = (n) => "10" + String(n).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
const colorOf = { marrow: "--c-marrow", marrow_blasts: "--c-marrow", blood: "--c-blood", blood_blasts: "--c-blood",
  blood_blast_count: "--c-blood", unnamed: "--c-unnamed", wbc: "--c-wbc", anc: "--c-anc", platelets: "--c-platelets", hemoglobin: "--c-hb" };
const shapeOf = { blood: "hollow", blood_blasts: "hollow", blood_blast_count: "hollow", unnamed: "square", anc: "diamond", platelets: "triangle" };
const joined = new Set(["marrow", "blood", "unnamed", "marrow_blasts", "blood_blasts", "wbc", "anc", "platelets", "hemoglobin"]);
const methods = { flow: "F", pcr: "P", ngs: "N" };

/** The rows of a table that have a place on the axis, oldest first. */
function rowsOf(table) {
  return [...table.tBodies[0].rows].filter((row) => row.dataset.first && row.dataset.shape !== "unread").map((row) => {
    const d = row.dataset, first = days(d.first), last = days(d.last);
    return { row, first, last, at: (first + last) / 2, series: d.series, shape: d.shape, y: number(d.y), low: number(d.low), high: number(d.high),
      limit: number(d.limit), loq: number(d.loq), method: d.method };
  }).sort((a, b) => a.at - b.at);
}

/** The vertical scale of a table: logarithmic ones are drawn as exponents, with zones beyond for what has no place on it. */
function scaleOf(table, rows, mrd) {
  const d = table.dataset, log = mrd || "log" in d;
  let low = Number(d.min), high = Number(d.max);
  const place = (v) => (log ? (v > 0 ? Math.log10(v) : -Infinity) : v);
  for (const one of rows) {
    for (const v of [one.y, one.limit]) {
      if (v === null || place(v) === -Infinity) continue;
      high = Math.max(high, log ? Math.ceil(place(v) - 1e-9) : place(v) * 1.05);
      if (mrd) low = Math.min(low, Math.floor(place(v) + 1e-9));
    }
  }
  const zoneLow = mrd ? rows.some((r) => r.y === null && r.shape === "negative") : log;
  const zoneHigh = mrd && rows.some((r) => r.shape === "positive");
  return { log, place, low, high, bottom: low - (zoneLow ? 0.9 : log ? 0.2 : 0), top: high + (zoneHigh ? 0.9 : log ? 0.2 : 0), zoneLow, zoneHigh };
}

function axesOf(table, scale, ticks, narrow) {
  const d = table.dataset, shown = narrow ? ticks.filter((_, at) => at % 2 === 0) : ticks;
  const exponents = [];
  for (let e = Math.ceil(scale.low); e <= scale.high; e += 1) exponents.push(e);
  const now = (name) => style.getPropertyValue(name).trim();
  const color = () => now("--soft"), grid = { stroke: () => now("--line"), width: 1 };
  const font = "12px system-ui, sans-serif";
  return [
    { splits: () => shown.map((t) => t.at), values: () => shown.map((t) => t.label), stroke: color, grid, ticks: { show: false }, size: 22, gap: 4, font },
    { ...(scale.log ? { splits: () => exponents, values: (u, all) => all.map((e) => (table.dataset.chart === "mrd" ? raised(e) : String(10 ** e))) } : {}),
      stroke: color, grid, ticks: { show: false }, size: narrow ? 48 : 56, gap: 4, font, side: 3 },
  ];
}

function path(ctx, shape, x, y, r) {
  ctx.beginPath();
  if (shape === "square") ctx.rect(x - r, y - r, 2 * r, 2 * r);
  else if (shape === "diamond") { ctx.moveTo(x, y - r * 1.3); ctx.lineTo(x + r * 1.3, y); ctx.lineTo(x, y + r * 1.3); ctx.lineTo(x - r * 1.3, y); ctx.closePath(); }
  else if (shape === "triangle") { ctx.moveTo(x, y - r * 1.2); ctx.lineTo(x + r * 1.2, y + r); ctx.lineTo(x - r * 1.2, y + r); ctx.closePath(); }
  else if (shape === "down") { ctx.moveTo(x - r * 1.2, y - r * 1.2); ctx.lineTo(x + r * 1.2, y - r * 1.2); ctx.lineTo(x, y + r * 0.8); ctx.closePath(); }
  else ctx.arc(x, y, r, 0, 2 * Math.PI);
}

function stroke(ctx, points) {
  ctx.beginPath();
  points.forEach(([x, y], at) => (at ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}

/** One mark. Values are filled for marrow and hollow for blood; whatever lies below a limit hangs from it with a whisker. */
function drawMark(ctx, p, one, chart) {
  const { u, scale, mrd } = chart, color = css(colorOf[one.series] ?? "--text"), ground = css("--panel");
  const y = (v) => u.valToPos(Math.max(scale.place(v), scale.bottom + (scale.log ? 0.25 : 0)), "y", true);
  const x = u.valToPos(one.at, "x", true), r = 4.5 * p, bottom = u.bbox.top + u.bbox.height;
  Object.assign(ctx, { strokeStyle: color, fillStyle: color, lineWidth: 1.6 * p });
  ctx.setLineDash([]);
  if (one.last > one.first) { // a date known by month or year
    const level = one.y === null ? one.mid : y(one.y);
    ctx.globalAlpha = 0.35; ctx.lineWidth = 5 * p;
    stroke(ctx, [[u.valToPos(one.first, "x", true), level], [u.valToPos(one.last, "x", true), level]]);
    ctx.globalAlpha = 1; ctx.lineWidth = 1.6 * p;
  }
  const hollow = shapeOf[one.series] === "hollow";
  if (one.y === null) { // no number and no limit: in the zone beyond the scale
    ctx.font = `${600} ${12 * p}px system-ui, sans-serif`; ctx.textAlign = "center"; ctx.textBaseline = "middle";
    path(ctx, "circle", x, one.mid, 6.5 * p); ctx.fillStyle = ground; ctx.fill(); ctx.stroke();
    ctx.fillStyle = color; ctx.fillText(one.shape === "positive" ? "+" : "?", x, one.mid);
  } else if (one.shape === "negative" || one.shape === "below" || one.shape === "unquantified") {
    const at = y(one.y), end = Math.min(bottom, at + 26 * p);
    stroke(ctx, [[x, at], [x, end]]); stroke(ctx, [[x - 3 * p, end - 4 * p], [x, end], [x + 3 * p, end - 4 * p]]);
    if (one.shape === "negative") stroke(ctx, [[x - 6 * p, at], [x + 6 * p, at]]);
    path(ctx, one.shape === "negative" ? "circle" : "down", x, at + (one.shape === "negative" ? 8 * p : 4 * p), r);
    ctx.fillStyle = one.shape === "unquantified" && !hollow ? color : ground; ctx.fill(); ctx.stroke();
  } else if (one.shape === "range") {
    const a = y(one.low), b = y(one.high);
    stroke(ctx, [[x, a], [x, b]]); stroke(ctx, [[x - 5 * p, a], [x + 5 * p, a]]); stroke(ctx, [[x - 5 * p, b], [x + 5 * p, b]]);
  } else {
    const at = y(one.y);
    if (one.shape === "above") { stroke(ctx, [[x, at], [x, at - 20 * p]]); stroke(ctx, [[x - 3 * p, at - 16 * p], [x, at - 20 * p], [x + 3 * p, at - 16 * p]]); }
    path(ctx, shapeOf[one.series] ?? "circle", x, at, r);
    ctx.fillStyle = hollow ? ground : color; ctx.fill(); ctx.stroke();
  }
  if (mrd) {
    if (one.limit !== null) { // the sensitivity of the assay, whatever it found
      ctx.strokeStyle = css("--c-limit"); const at = y(one.limit); stroke(ctx, [[x - 9 * p, at], [x + 9 * p, at]]);
    }
    ctx.font = `${10 * p}px system-ui, sans-serif`; ctx.textAlign = "left"; ctx.textBaseline = "middle"; ctx.fillStyle = css("--soft");
    ctx.fillText(methods[one.method] ?? "?", x + 9 * p, (one.y === null ? one.mid : y(one.y)) - 5 * p);
  }
}

/** Values that follow each other are joined; a limit or an unread result between them breaks the line. */
function drawJoins(ctx, p, chart) {
  const { u, rows, scale, mrd } = chart, before = {};
  ctx.setLineDash(mrd ? [2 * p, 3 * p] : []); ctx.lineWidth = p; ctx.globalAlpha = 0.55;
  for (const one of rows) {
    const key = one.series + (one.method ?? ""), last = before[key];
    if (last && last.shape === "value" && one.shape === "value" && joined.has(one.series) && last.at < one.at && one.at - last.at <= APART && scale.place(last.y) >= scale.low && scale.place(one.y) >= scale.low) {
      ctx.strokeStyle = css(colorOf[one.series] ?? "--text");
      stroke(ctx, [last, one].map((m) => [u.valToPos(m.at, "x", true), u.valToPos(scale.place(m.y), "y", true)]));
    }
    if (mrd) for (const name of Object.keys(before)) if (before[name].series === one.series && one.shape !== "value") delete before[name];
    before[key] = one;
  }
  ctx.globalAlpha = 1; ctx.setLineDash([]);
}

function drawLines(ctx, p, chart) {
  const { u, table, scale } = chart, { left, top, width, height } = u.bbox;
  for (const line of chart.lines) {
    const x = u.valToPos(line.at, "x", true);
    if (x < left || x > left + width) continue;
    ctx.strokeStyle = css(line.kind === "now" ? "--text" : line.kind === "relapsed" ? "--c-bad" : line.kind === "diagnosis" ? "--soft" : "--c-hct");
    ctx.lineWidth = p; ctx.setLineDash(line.kind === "now" ? [] : [4 * p, 3 * p]);
    stroke(ctx, [[x, top], [x, top + height]]);
  }
  ctx.font = `${11 * p}px system-ui, sans-serif`; ctx.textAlign = "left"; ctx.fillStyle = css("--soft"); ctx.textBaseline = "bottom";
  const label = (text, y) => {
    ctx.save(); ctx.setLineDash([]); ctx.strokeStyle = css("--panel"); ctx.lineWidth = 4 * p; ctx.lineJoin = "round";
    ctx.strokeText(text, left + 4 * p, y); ctx.fillText(text, left + 4 * p, y); ctx.restore();
  };
  if (table.dataset.mark !== undefined) {
    const y = u.valToPos(Number(table.dataset.mark), "y", true);
    ctx.strokeStyle = css("--warn"); ctx.setLineDash([6 * p, 3 * p]); ctx.lineWidth = 1.4 * p; stroke(ctx, [[left, y], [left + width, y]]);
    ctx.fillStyle = css("--warn"); label(table.dataset.markLabel, y - 2 * p); ctx.fillStyle = css("--soft");
  }
  ctx.setLineDash([]); ctx.strokeStyle = css("--soft"); ctx.lineWidth = p;
  if (scale.zoneLow) { const y = u.valToPos(scale.low - 0.15, "y", true); stroke(ctx, [[left, y], [left + width, y]]); label(table.dataset.zoneLow, top + height - 2 * p); }
  if (scale.zoneHigh) { const y = u.valToPos(scale.high + 0.15, "y", true); stroke(ctx, [[left, y], [left + width, y]]); label(table.dataset.zoneHigh, top + 13 * p); }
}

function draw(chart) {
  const { u, scale, rows } = chart, ctx = u.ctx, p = uPlot.pxRatio;
  known = {};
  ctx.save();
  ctx.beginPath(); ctx.rect(u.bbox.left - 8 * p, u.bbox.top - 8 * p, u.bbox.width + 16 * p, u.bbox.height + 16 * p); ctx.clip();
  drawLines(ctx, p, chart);
  drawJoins(ctx, p, chart);
  for (const one of rows) {
    one.mid = one.shape === "positive" ? u.valToPos(scale.top - 0.4, "y", true) : u.valToPos(scale.bottom + 0.4, "y", true);
    drawMark(ctx, p, one, chart);
  }
  ctx.restore();
}

/** What lies next to the cursor, in the words of its row. */
function tell(chart) {
  const { u, rows, scale, readout } = chart, { left, top } = u.cursor, p = uPlot.pxRatio;
  let best = null, nearest = 22;
  if (left !== null && left >= 0 && top >= 0) {
    for (const one of rows) {
      const y = one.y === null ? one.mid / p - u.bbox.top / p : u.valToPos(Math.max(scale.place(one.y), scale.bottom), "y");
      const away = Math.hypot(u.valToPos(one.at, "x") - left, y - top);
      if (away < nearest) { nearest = away; best = one; }
    }
  }
  if (chart.near === best) return;
  chart.near?.row.classList.remove("near");
  best?.row.classList.add("near");
  chart.near = best;
  readout.textContent = best ? [...best.row.querySelectorAll("[data-say]")].map((cell) => cell.textContent.replace(/\s+/g, " ").trim()).join(" · ") : "";
}

const hair = document.querySelector(".hair");
function follow(u) {
  const { left } = u.cursor;
  if (!hair || left === null) return;
  hair.hidden = left < 0;
  hair.style.transform = `translateX(${Math.round(left)}px)`;
}

function chartOf(figure, ticks, lines) {
  const table = document.getElementById(figure.dataset.plot), rows = rowsOf(table);
  if (!rows.length) return null;
  const mrd = table.dataset.chart === "mrd", scale = scaleOf(table, rows, mrd);
  figure.hidden = false;
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", table.caption.textContent);
  const chart = { figure, table, rows, mrd, scale, lines, near: null, readout: document.createElement("p") };
  chart.readout.className = "readout";
  chart.readout.setAttribute("aria-hidden", "true");
  chart.height = mrd ? 300 : 200;
  const narrow = matchMedia("(max-width: 40rem)").matches;
  const range = [days(course.dataset.first), days(course.dataset.last)];
  chart.u = new uPlot({
    width: figure.clientWidth, height: chart.height, legend: { show: false }, padding: [8, narrow ? 10 : 16, 0, 0],
    scales: { x: { time: false, range: () => range }, y: { range: () => [scale.bottom, scale.top] } },
    axes: axesOf(table, scale, ticks, narrow),
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    cursor: { drag: { setScale: false, x: false, y: false }, points: { show: false }, sync: { key: "course", scales: ["x", null] } },
    hooks: { draw: [(u) => { chart.u = u; draw(chart); }], setCursor: [(u) => { if (chart.u) { follow(u); tell(chart); } }] },
  }, [range, [null, null]], figure);
  figure.after(chart.readout);
  table.closest("details")?.removeAttribute("open");
  return chart;
}

function start() {
  const ticks = [...document.querySelectorAll("#timeline [data-tick]")].map((t) => ({ at: days(t.dataset.tick), label: t.textContent }));
  const lines = [...document.querySelectorAll("#timeline [data-line]")].map((l) => ({ at: days(l.dataset.line), kind: l.dataset.kind }));
  lines.push({ at: days(course.dataset.now), kind: "now" });
  for (const figure of course.querySelectorAll("figure.plot")) {
    const chart = chartOf(figure, ticks, lines);
    if (chart) charts.push(chart);
  }
  const fit = (width) => charts.forEach((chart) => chart.u.setSize({ width: width ?? chart.figure.clientWidth, height: chart.height }));
  new ResizeObserver(() => fit()).observe(course);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", () => fit());
  addEventListener("beforeprint", () => fit(Math.min(640, course.clientWidth)));
  addEventListener("afterprint", () => fit());
}

if (course && "uPlot" in window) requestAnimationFrame(() => setTimeout(start)); // the page first, then its charts
