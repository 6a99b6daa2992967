"use strict";
/*
 * The page's own drawing. `data` is what the trace adds up to (report_page.c); a fault is an array whose places are named in
 * AT. Text goes into the document as text nodes only. Charts share one view of time; each draws the buckets that lie in it.
 */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const AT = { number: 0, begin: 1, cost: 2, branch: 3, task: 4, access: 5, linear: 6, error: 7, ip: 8, text: 9, bytes: 10, symbol: 11,
    place: 12, source: 13, frame: 14, outcome: 15, program: 16, major: 17, nested: 18, waits: 19, waitTime: 20, region: 21,
    segment: 22, mode: 23, levels: 24, steps: 25, accent: 26, path: 27 };
  const byId = (id) => document.getElementById(id);
  const words = (number) => data.strings[number];
  const branches = new Map(data.branches.map((branch) => [branch.branch, branch]));
  const whole = { from: 0, to: Math.max(data.end, 1000) };
  const ofProgram = data.rows.filter((row) => row[AT.program]).map((row) => row[AT.begin]);
  /* The program's part of the run, a little more at its beginning. */
  const part = { from: ofProgram.length ? ofProgram.reduce((a, b) => Math.min(a, b)) : 0, to: whole.to };
  part.from = Math.max(0, part.from - (part.to - part.from) * .02);
  const view = { ...part };
  const charts = [];
  let selected = null;

  /* ---- small helpers ---- */

  const add = (parent, tag, attributes, text) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const draw = (parent, tag, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const count = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  const time = (ns) => {
    if (ns < 1000) return `${ns} ns`;
    const [value, unit] = ns < 1e6 ? [ns / 1e3, "\u00b5s"] : ns < 1e9 ? [ns / 1e6, "ms"] : [ns / 1e9, "s"];
    return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
  };
  const moment = (ns) => `${(ns / 1e6).toFixed(6).replace(/(\d{3})$/, "\u202f$1")} ms`;
  const bytes = (value) => value < 1024 ? `${value} B` : value < 1048576 ? `${(value / 1024).toFixed(0)} KiB` : `${(value / 1048576).toFixed(1)} MiB`;
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const colour = (name) => `var(--${name})`;

  /* ---- head ---- */

  const tile = (name, value, note) => {
    const box = add(byId("tiles"), "div", { class: "tile" });
    add(box, "span", {}, name);
    add(box, "b", {}, value);
    if (note) add(box, "small", {}, note);
  };
  byId("facts").textContent = `${data.program ? data.program + " \u00b7 " : ""}${time(data.end)} of virtual time \u00b7 ` +
    `${count(data.lines)} lines, ${bytes(data.bytes)}`;
  tile("faults", count(data.faults), `program: ${count(data.of_program)}`);
  tile("major faults", count(data.major), data.faults ? `${(100 * data.major / data.faults).toFixed(1)} % had to read` : "");
  tile("time in faults", time(sum(data.branches.map((branch) => branch.total))), "waiting included");
  tile("kswapd", data.kswapd_wakes ? `${count(data.kswapd_wakes)} wakes` : "asleep", `${count(data.kswapd_freed)} pages freed`);
  tile("direct reclaim", count(data.direct_reclaims), `${count(data.direct_freed)} pages freed`);
  tile("swap", `${count(sum(data.counts.swap_out))} out`, `${count(sum(data.counts.swap_read))} read back`);
  tile("disk reads", bytes(sum(data.counts.bytes_read)), `written: ${bytes(sum(data.counts.bytes_written))}`);
  tile("OOM kills", count(data.kill_count), data.throttled ? `${count(data.throttled)} dirty throttles` : "");

  /* ---- charts ---- */

  const LEFT = 124, RIGHT = 14, AXIS = 20;

  /* Round steps of time: 1, 2 or 5 times a power of ten, about one a hundred pixels. */
  const timeStep = (pixels) => {
    const rough = (view.to - view.from) / Math.max(2, pixels / 110);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  };

  const axisLabel = (ns, step) => {
    const digits = Math.max(0, 6 - Math.floor(Math.log10(step)));
    return `${(ns / 1e6).toFixed(Math.min(6, digits))} ms`;
  };

  class Chart {
    constructor(id, title, height, paint, tell) {
      Object.assign(this, { host: byId(id), title, height, paint, tell });
      this.svg = draw(this.host, "svg", { role: "img", tabindex: 0, height, "aria-label": title });
      charts.push(this);
      this.listen();
    }
    x(ns) { return LEFT + (ns - view.from) / (view.to - view.from) * (this.width - LEFT - RIGHT); }
    at(x) { return view.from + (Math.min(Math.max(x, LEFT), this.width - RIGHT) - LEFT) / (this.width - LEFT - RIGHT) * (view.to - view.from); }
    redraw() {
      this.width = Math.max(320, this.host.clientWidth);
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      this.svg.replaceChildren();
      draw(this.svg, "title", {}, this.title);
      const clip = draw(draw(this.svg, "clipPath", { id: `clip-${this.host.id}` }), "rect",
        { x: LEFT, y: 0, width: this.width - LEFT - RIGHT, height: this.height });
      clip.setAttribute("data-clip", "");
      this.drawAxis();
      this.inside = draw(this.svg, "g", { "clip-path": `url(#clip-${this.host.id})` });
      this.paint(this);
      this.over = draw(this.svg, "g", {});
      this.mark();
    }
    drawAxis() {
      const bottom = this.height - AXIS, step = timeStep(this.width - LEFT - RIGHT);
      draw(this.svg, "path", { class: "axis", d: `M${LEFT} ${bottom + .5}H${this.width - RIGHT}` });
      for (let ns = Math.ceil(view.from / step) * step; ns <= view.to; ns += step) {
        const x = this.x(ns);
        draw(this.svg, "path", { class: "axis", d: `M${x.toFixed(1)} 4V${bottom + 4}`, "stroke-dasharray": "1 3" });
        const anchor = x > this.width - 60 ? "end" : x < LEFT + 24 ? "start" : "middle";
        draw(this.svg, "text", { x: anchor === "end" ? this.width - RIGHT : x.toFixed(1), y: this.height - 4, "text-anchor": anchor }, axisLabel(ns, step));
      }
    }
    mark() {
      if (!this.over) return;
      this.over.replaceChildren();
      const line = (ns, name) => {
        if (ns >= view.from && ns <= view.to)
          draw(this.over, "path", { class: name, d: `M${this.x(ns).toFixed(1)} 2V${this.height - AXIS}` });
      };
      if (selected) line(selected[AT.begin], "picked");
      if (Chart.cursor !== null) line(Chart.cursor, "cursor");
      if (Chart.brush) {
        const from = this.x(Math.max(view.from, Math.min(...Chart.brush))), to = this.x(Math.min(view.to, Math.max(...Chart.brush)));
        draw(this.over, "rect", { class: "brush", x: from, y: 2, width: Math.max(0, to - from), height: this.height - AXIS });
      }
    }
    listen() {
      const place = (event) => (event.clientX - this.svg.getBoundingClientRect().left) / this.svg.getBoundingClientRect().width * this.width;
      this.svg.addEventListener("pointermove", (event) => {
        Chart.cursor = this.at(place(event));
        if (Chart.brush) Chart.brush[1] = Chart.cursor;
        charts.forEach((chart) => chart.mark());
        showTip(event, `${moment(Chart.cursor)}\n${this.tell(this.bucket(Chart.cursor), this, event)}`);
      });
      this.svg.addEventListener("pointerleave", () => {
        Chart.cursor = null;
        byId("tip").hidden = true;
        charts.forEach((chart) => chart.mark());
      });
      this.svg.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        const here = this.at(place(event));
        Chart.brush = [here, here];
        this.svg.setPointerCapture(event.pointerId);
      });
      this.svg.addEventListener("pointerup", (event) => {
        const [from, to] = (Chart.brush || [0, 0]).sort((a, b) => a - b);
        Chart.brush = null;
        if (this.x(to) - this.x(from) > 5) setView(from, to);
        else if (this.click) this.click(place(event), event);
        charts.forEach((chart) => chart.mark());
      });
      this.svg.addEventListener("dblclick", () => setView(whole.from, whole.to));
      this.svg.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.shiftKey) return;
        event.preventDefault();
        zoom((event.deltaY || event.deltaX) < 0 ? .7 : 1 / .7, this.at(place(event)));
      }, { passive: false });
      this.svg.addEventListener("keydown", (event) => {
        const act = { "+": () => zoom(.5), "=": () => zoom(.5), "-": () => zoom(2), "0": () => setView(whole.from, whole.to),
          ArrowLeft: () => shift(-.25), ArrowRight: () => shift(.25) }[event.key];
        if (!act) return;
        event.preventDefault();
        act();
      });
    }
    bucket(ns) { return Math.min(data.buckets - 1, Math.max(0, Math.floor(ns / data.width))); }
    /* Buckets that are at least partly in view. */
    *visible() {
      const last = this.bucket(view.to);
      for (let i = this.bucket(view.from); i <= last; i++) yield i;
    }
  }
  Chart.cursor = null;
  Chart.brush = null;

  const showTip = (event, text) => {
    const tip = byId("tip");
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - box.width - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - box.height - 8)}px`;
  };
  const setView = (from, to) => {
    const least = 200, length = Math.min(Math.max(to - from, least), whole.to - whole.from);
    view.from = Math.max(whole.from, Math.min(from, whole.to - length));
    view.to = view.from + length;
    charts.forEach((chart) => chart.redraw());
  };
  const zoom = (factor, around = (view.from + view.to) / 2) =>
    setView(around - (around - view.from) * factor, around + (view.to - around) * factor);
  const shift = (part) => { const by = (view.to - view.from) * part; setView(view.from + by, view.to + by); };

  /* A path of one bar a bucket: values(i) from 0 to 1, up from `base` (or down with a negative height). */
  const bars = (chart, base, height, value) => {
    let path = "";
    for (const i of chart.visible()) {
      const part = value(i);
      if (!part) continue;
      const x = chart.x(i * data.width), width = Math.max(1, chart.x((i + 1) * data.width) - x - .2);
      path += `M${x.toFixed(1)} ${base}v${(-height * part).toFixed(1)}h${width.toFixed(1)}V${base}z`;
    }
    return path;
  };
  /* A step line through a gauge; null before it is first told. With a base, the area down to it. */
  const steps = (chart, series, y, base) => {
    let path = "", start = null;
    for (const i of chart.visible()) {
      if (series[i] === null) continue;
      const x = chart.x(i * data.width).toFixed(1);
      start ??= x;
      path += `${path ? "H" : "M"}${x}${path ? "V" : " "}${y(series[i]).toFixed(1)}`;
    }
    if (!path) return "";
    path += `H${chart.x(Math.min((chart.bucket(view.to) + 1) * data.width, whole.to)).toFixed(1)}`;
    return base === undefined ? path : `${path}V${base}H${start}z`;
  };
  const most = (chart, ...series) => {
    let top = 0;
    for (const list of series) for (const i of chart.visible()) top = Math.max(top, list[i] || 0);
    return top;
  };
  const legend = (id, entries) => {
    const box = add(byId(id), "div", { class: "legend" });
    for (const [name, paint, thin] of entries) {
      const item = add(box, "span");
      add(item, "i", { style: `background:${paint}`, class: thin ? "thin" : "" });
      item.append(name);
    }
  };

  /* ---- timeline ---- */

  const LANE = 21, TICKS = 1500;
  const spanLanes = [["kswapd awake", "kswapd", "table"], ["direct reclaim", "direct", "bad"], ["waits for pages", "wait", "kernel"],
    ["disk reads", "read", "file"], ["disk writes", "write", "dirty"]].filter(([, key]) => data.spans[key].total > 0);
  const rowsInTime = data.rows.slice().sort((a, b) => a[AT.begin] - b[AT.begin]);
  const firstRow = (ns) => {
    let low = 0, high = rowsInTime.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rowsInTime[middle][AT.begin] < ns) low = middle + 1; else high = middle;
    }
    return low;
  };
  const complete = data.shown === data.faults;

  const laneName = (chart, lane, name, note) => {
    const y = lane * LANE + 16;
    draw(chart.svg, "text", { class: "name", x: 0, y }, name);
    draw(chart.svg, "title", {}, note);
    draw(chart.svg, "path", { class: "axis", d: `M${LEFT} ${(lane + 1) * LANE + .5}H${chart.width - RIGHT}`, opacity: .6 });
  };
  const paintFaults = (chart, branch, lane) => {
    const series = data.counts[`branch${branch.branch}`], top = Math.log1p(most(chart, series)), base = (lane + 1) * LANE;
    const from = firstRow(view.from), to = firstRow(view.to);
    if (complete && to - from <= TICKS) {
      let path = "";
      for (let i = from; i < to; i++)
        if (rowsInTime[i][AT.branch] === branch.branch) {
          const x = chart.x(rowsInTime[i][AT.begin]), end = chart.x(rowsInTime[i][AT.begin] + rowsInTime[i][AT.cost]);
          path += `M${x.toFixed(1)} ${base - 4}v-12h${Math.max(1.6, end - x).toFixed(1)}v12z`;
        }
      draw(chart.inside, "path", { d: path, fill: branch.colour, class: "ticks" });
      return;
    }
    draw(chart.inside, "path", { d: bars(chart, base, LANE - 4, (i) => series[i] && (.18 + .82 * Math.log1p(series[i]) / top)), fill: branch.colour, class: "bars" });
  };
  const paintSpans = (chart, [, key, paint], lane) => {
    let path = "";
    for (const [from, to] of data.spans[key].list) {
      if (to < view.from || from > view.to) continue;
      const x = Math.max(chart.x(from), LEFT - 2), end = Math.min(chart.x(to), chart.width);
      path += `M${x.toFixed(1)} ${lane * LANE + 6}h${Math.max(1, end - x).toFixed(1)}v10H${x.toFixed(1)}z`;
    }
    draw(chart.inside, "path", { d: path, fill: colour(paint), class: "spans" });
  };
  const laneAt = (chart, event) => Math.floor((event.clientY - chart.svg.getBoundingClientRect().top) / LANE);
  const timeline = new Chart("timeline", "Faults by branch, reclaim, waits and disk requests along the run",
    (data.branches.length + spanLanes.length) * LANE + AXIS + 6,
    (chart) => {
      data.branches.forEach((branch, lane) => {
        laneName(chart, lane, branch.name, `${count(branch.count)} faults`);
        paintFaults(chart, branch, lane);
      });
      spanLanes.forEach((spans, i) => {
        laneName(chart, data.branches.length + i, spans[0], `${count(data.spans[spans[1]].total)} times`);
        paintSpans(chart, spans, data.branches.length + i);
      });
    },
    (bucket, chart, event) => {
      const lane = laneAt(chart, event), branch = data.branches[lane], spans = spanLanes[lane - data.branches.length];
      if (branch) return `${branch.name}: ${count(data.counts[`branch${branch.branch}`][bucket])} faults in ${time(data.width)} here, ${count(branch.count)} in all`;
      if (!spans) return "";
      const { total, time: length } = data.spans[spans[1]];
      return `${spans[0]}: ${count(total)} times, ${time(length)} in all`;
    });
  timeline.click = (x, event) => {
    const branch = data.branches[laneAt(timeline, event)], here = timeline.at(x), reach = 6 * (view.to - view.from) / timeline.width;
    if (!branch) return;
    let best = null;
    for (let i = firstRow(here - reach); i < rowsInTime.length && rowsInTime[i][AT.begin] <= here + reach; i++)
      if (rowsInTime[i][AT.branch] === branch.branch && (!best || Math.abs(rowsInTime[i][AT.begin] - here) < Math.abs(best[AT.begin] - here)))
        best = rowsInTime[i];
    if (best) select(best, true);
  };
  const joined = Object.values(data.spans).some((spans) => spans.joined > 0);
  if (joined) add(timeline.host, "p", { class: "note" }, "Spans that lie close together are drawn as one, since there are too many to draw each.");

  /* ---- zones ---- */

  const ZONE = Math.max(104, Math.floor(208 / Math.max(1, data.zones.length))), nodes = data.zones.some((zone) => zone.node > 0);
  const zoneName = (zone) => nodes ? `node ${zone.node} ${zone.name}` : zone.name;
  if (!data.zones.length) add(byId("zones"), "p", { class: "empty" }, "The trace tells of no zone: the kernel sent no events of its allocator.");
  else {
    new Chart("zones", "Free pages of each zone against min, low and high", data.zones.length * ZONE + AXIS + 4,
      (chart) => data.zones.forEach((zone, index) => {
        const base = (index + 1) * ZONE - 8, height = ZONE - 22, top = Math.ceil(Math.max(most(chart, zone.free), zone.high * 1.3, 1));
        const y = (pages) => base - height * Math.sqrt(pages / top), line = steps(chart, zone.free, y);
        draw(chart.svg, "text", { class: "name", x: 0, y: base - height + 6 }, zoneName(zone));
        draw(chart.svg, "text", { x: 0, y: base - height + 22 }, `top ${count(top)}`);
        draw(chart.inside, "path", { d: steps(chart, zone.free, y, base), fill: colour("file"), opacity: .13 });
        draw(chart.inside, "path", { d: steps(chart, zone.lowest, y), fill: "none", stroke: colour("file"), opacity: .45 });
        draw(chart.inside, "path", { d: line, fill: "none", stroke: colour("file"), "stroke-width": 1.6, class: "line" });
        /* Names of marks step aside where the marks lie close. */
        let above = Infinity;
        for (const [mark, paint] of [["min", "bad"], ["low", "low"], ["high", "high"]]) {
          if (!zone.high) continue;
          const at = y(zone[mark]), label = Math.min(at + 4, above - 12);
          above = label;
          draw(chart.inside, "path", { d: `M${LEFT} ${at.toFixed(1)}H${chart.width}`, stroke: colour(paint), "stroke-dasharray": "5 3" });
          draw(chart.svg, "text", { class: "mono", x: LEFT - 6, y: label.toFixed(1), "text-anchor": "end", style: `fill:${colour(paint === "bad" ? "bad-ink" : paint)}` }, `${mark} ${count(zone[mark])}`);
        }
        draw(chart.svg, "path", { class: "axis", d: `M${LEFT} ${base + .5}H${chart.width - RIGHT}` });
      }),
      (bucket) => data.zones.map((zone) => `${zoneName(zone)}: ${zone.free[bucket] === null ? "not told yet" : `${count(zone.free[bucket])} free, at least ${count(zone.lowest[bucket])} here`}`).join("\n"));
    legend("zones", [["free pages", colour("file"), true], ["min: only for the desperate", colour("bad"), true], ["low: kswapd wakes", colour("low"), true], ["high: kswapd sleeps", colour("high"), true]]);
  }

  /* ---- LRU, page cache and swap: lines above, bars below ---- */

  const twoPart = (id, title, lines, ups, downs, nothing) => {
    const all = [...ups, ...downs];
    const told = lines.some(([, key]) => data.gauges[key].some((value) => value)) || all.some(([, key]) => sum(data.counts[key]) > 0);
    if (!told) { add(byId(id), "p", { class: "empty" }, nothing[0]); return; }
    const TOP = 112, BOTTOM = 96;
    const total = (list, i) => list.reduce((a, [, key]) => a + data.counts[key][i], 0);
    new Chart(id, title, TOP + BOTTOM + AXIS + 8,
      (chart) => {
        const top = Math.max(1, most(chart, ...lines.map(([, key]) => data.gauges[key]))), y = (value) => TOP - (TOP - 10) * value / top;
        draw(chart.svg, "text", { class: "name", x: 0, y: 14 }, "pages held");
        draw(chart.svg, "text", { x: 0, y: 30 }, `top ${count(top)}`);
        for (const [, key, paint] of lines)
          draw(chart.inside, "path", { d: steps(chart, data.gauges[key], y), fill: "none", stroke: colour(paint), "stroke-width": 1.7, class: "line" });
        draw(chart.svg, "path", { class: "axis", d: `M${LEFT} ${TOP + .5}H${chart.width - RIGHT}` });
        let high = 1, low = downs.length ? 1 : 0;
        for (const i of chart.visible()) { high = Math.max(high, total(ups, i)); if (downs.length) low = Math.max(low, total(downs, i)); }
        const room = BOTTOM - 10, up = room * high / (high + low), base = TOP + 8 + up, scale = room / (high + low);
        draw(chart.svg, "text", { class: "name", x: 0, y: TOP + 22 }, all.some(([, key]) => sum(data.counts[key])) ? `pages in ${time(data.width)}` : nothing[1]);
        if (all.some(([, key]) => sum(data.counts[key]))) draw(chart.svg, "text", { x: 0, y: TOP + 38 }, downs.length ? `top ${count(high)} in, ${count(low)} out` : `top ${count(high)}`);
        for (const [list, sign] of [[ups, 1], [downs, -1]])
          list.forEach(([, key, paint], index) => {
            const under = (i) => list.slice(0, index).reduce((a, [, other]) => a + data.counts[other][i], 0);
            let path = "";
            for (const i of chart.visible()) {
              const value = data.counts[key][i];
              if (!value) continue;
              const x = chart.x(i * data.width), width = Math.max(1, chart.x((i + 1) * data.width) - x - .2);
              path += `M${x.toFixed(1)} ${(base - sign * scale * under(i)).toFixed(1)}v${(-sign * scale * value).toFixed(1)}h${width.toFixed(1)}v${(sign * scale * value).toFixed(1)}z`;
            }
            draw(chart.inside, "path", { d: path, fill: colour(paint), class: "bars" });
          });
        draw(chart.svg, "path", { class: "axis", d: `M${LEFT} ${base.toFixed(1)}H${chart.width - RIGHT}` });
      },
      (bucket) => [...lines.map(([name, key]) => `${name}: ${count(data.gauges[key][bucket] ?? 0)} pages`),
        ...all.filter(([, key]) => data.counts[key][bucket]).map(([name, key]) => `${name}: ${count(data.counts[key][bucket])} in ${time(data.width)} here`)].join("\n"));
    legend(id, [...lines.filter(([, key]) => data.gauges[key].some((value) => value)).map(([name, , paint]) => [name, colour(paint), true]), ...all.filter(([, key]) => sum(data.counts[key])).map(([name, key, paint]) => [`${name} ${count(sum(data.counts[key]))}`, colour(paint)])]);
  };
  twoPart("lru", "Sizes of the active and inactive lists, and what reclaim decided about pages",
    [["active list", "active list", "anon"], ["inactive list", "inactive list", "inactive"]],
    [["freed", "freed", "file"], ["written out", "written_out", "swap"], ["activated", "activated", "accent"], ["kept", "kept", "kernel"]], [],
    ["No page entered an LRU list.", "no reclaim"]);
  twoPart("traffic", "Pages of the page cache and of the swap area, and how they came and went",
    [["page cache", "page cache", "file"], ["swap slots used", "swap slots used", "swap"], ["dirty, as writeback tells", "dirty pages", "dirty"]],
    [["into the page cache", "cache_in", "file"], ["read from swap", "swap_read", "swap"]],
    [["out of the page cache", "cache_out", "inactive"], ["given a swap slot", "swap_out", "table"]],
    ["No page entered the page cache, and none was swapped.", "no traffic"]);

  /* ---- cost by branch ---- */

  const costs = byId("costs");
  if (!data.branches.length) add(costs, "p", { class: "empty" }, "The trace holds no fault.");
  else {
    const least = Math.max(4, Math.min(...data.branches.map((b) => Math.max(b.least, 4)))), top = Math.max(...data.branches.map((b) => b.most), least * 10);
    const svg = draw(costs, "svg", { role: "img", "aria-label": "Costs of faults by branch on a logarithmic scale", height: data.branches.length * 30 + 26 });
    const paint = () => {
      const width = Math.max(320, costs.clientWidth), right = width - 236;
      const x = (ns) => LEFT + Math.log(Math.max(ns, least) / least) / Math.log(top / least) * (right - LEFT - 12);
      svg.setAttribute("viewBox", `0 0 ${width} ${data.branches.length * 30 + 26}`);
      svg.replaceChildren();
      let free = LEFT;
      for (let power = 10 ** Math.ceil(Math.log10(least)); power <= top; power *= 10) {
        draw(svg, "path", { class: "axis", d: `M${x(power).toFixed(1)} 18V${data.branches.length * 30 + 20}`, "stroke-dasharray": "1 3" });
        if (x(power) - 24 < free || x(power) + 24 > right) continue;
        draw(svg, "text", { x: x(power).toFixed(1), y: 11, "text-anchor": "middle" }, time(power).replace(/\.0+ /, " "));
        free = x(power) + 32;
      }
      ["median", "9 of 10", "99 of 100"].forEach((name, i) => draw(svg, "text", { x: width - 158 + i * 78, y: 11, "text-anchor": "end" }, name));
      data.branches.forEach((branch, index) => {
        const y = index * 30 + 36, group = draw(svg, "g", {});
        draw(group, "title", {}, `${branch.name}: ${count(branch.count)} faults, ${time(branch.least)} to ${time(branch.most)}, ${time(branch.total)} in all`);
        draw(group, "text", { class: "name", x: 0, y: y + 1 }, branch.name);
        draw(group, "text", { x: 0, y: y + 13, style: "font-size:11px" }, `${count(branch.count)}\u00d7`);
        draw(group, "path", { d: `M${x(branch.least).toFixed(1)} ${y}H${x(branch.most).toFixed(1)}`, stroke: branch.colour, "stroke-width": 2, opacity: .55 });
        const from = x(branch.p50), to = Math.max(x(branch.p90), from + 2);
        draw(group, "rect", { x: from.toFixed(1), y: y - 6, width: (to - from).toFixed(1), height: 12, rx: 2, fill: branch.colour });
        draw(group, "path", { d: `M${x(branch.p99).toFixed(1)} ${y - 8}v16`, stroke: branch.colour, "stroke-width": 2 });
        [branch.p50, branch.p90, branch.p99].forEach((value, i) => draw(group, "text", { class: "mono name", x: width - 158 + i * 78, y: y + 4, "text-anchor": "end" }, time(value)));
      });
    };
    charts.push({ redraw: paint, mark: () => {} });
    add(costs, "p", { class: "note" }, "Line: least to most. Box: the middle fault to the ninth of ten. Bar: 99 of 100.");
  }

  /* ---- the table of faults ---- */

  const ROW = 26;
  const columns = [["#", AT.number, "n"], ["time, ms", AT.begin, "n"], ["task", AT.task], ["access", AT.access], ["address", AT.linear], ["branch", AT.branch],
    ["where", AT.place], ["frame", AT.frame], ["cost", AT.cost, "n"], ["outcome", AT.outcome]];
  const shared = new Set([AT.task, AT.access, AT.outcome]);
  const where = (row) => words(row[AT.place]) || words(row[AT.symbol]) || words(row[AT.ip]);
  const value = (row, column) => column === AT.place ? where(row) : column === AT.branch ? branches.get(row[AT.branch]).name : shared.has(column) ? words(row[column]) : row[column];
  const order = { column: AT.number, down: false };
  let listed = [];

  const headings = columns.map(([name, column, kind]) => {
    const cell = add(byId("headings"), "span", { role: "columnheader", class: kind || "" });
    const button = add(cell, "button", { type: "button", title: `Sort by ${name}` }, name);
    button.addEventListener("click", () => {
      order.down = order.column === column ? !order.down : column === AT.cost;
      order.column = column;
      list();
    });
    return cell;
  });
  for (const branch of data.branches) add(byId("branch"), "option", { value: branch.branch }, `${branch.name} (${count(branch.count)})`);

  const haystack = (row) => [row[AT.number], words(row[AT.task]), words(row[AT.access]), row[AT.linear], row[AT.linear].replaceAll(" ", ""), words(row[AT.ip]), words(row[AT.text]), words(row[AT.symbol]),
    words(row[AT.place]), words(row[AT.source]), row[AT.frame], words(row[AT.outcome]), words(row[AT.region]), branches.get(row[AT.branch]).name].join(" ").toLowerCase();
  const list = () => {
    const text = byId("search").value.trim().toLowerCase().replace(/^0x/, ""), branch = byId("branch").value, program = byId("program").checked;
    listed = data.rows.filter((row) => (!program || row[AT.program]) && (branch === "" || row[AT.branch] === Number(branch)) && (!text || haystack(row).includes(text)));
    const { column, down } = order;
    listed.sort((a, b) => {
      const left = value(a, column), right = value(b, column);
      const way = left < right ? -1 : left > right ? 1 : a[AT.number] - b[AT.number];
      return down ? -way : way;
    });
    headings.forEach((cell, i) => {
      const on = columns[i][1] === column;
      if (on) cell.setAttribute("aria-sort", down ? "descending" : "ascending"); else cell.removeAttribute("aria-sort");
      cell.firstChild.textContent = columns[i][0] + (on ? (down ? " \u25be" : " \u25b4") : "");
    });
    byId("matches").textContent = `${count(listed.length)} of ${count(data.shown)} listed`;
    byId("rows").style.height = `${listed.length * ROW}px`;
    showRows();
  };
  const fillRow = (node, row) => {
    for (const [, column, kind] of columns) {
      const cell = add(node, "span", { role: "cell", class: kind || "" });
      if (column === AT.branch) {
        add(cell, "i", { class: "dot", style: `background:${branches.get(row[AT.branch]).colour}` });
        cell.append(branches.get(row[AT.branch]).name);
      } else if (column === AT.begin) cell.textContent = (row[AT.begin] / 1e6).toFixed(6);
      else if (column === AT.cost) cell.textContent = time(row[AT.cost]);
      else cell.textContent = value(row, column);
      if (column === AT.access) cell.classList.add(words(row[AT.access]));
      if (column === AT.outcome && cell.textContent !== "ok") cell.classList.add("bad");
      cell.title = cell.textContent;
    }
  };
  const showRows = () => {
    const body = byId("body"), first = Math.max(0, Math.floor(body.scrollTop / ROW) - 8), last = Math.min(listed.length, first + Math.ceil(body.clientHeight / ROW) + 16);
    byId("rows").replaceChildren();
    for (let i = first; i < last; i++) {
      const node = add(byId("rows"), "div", { class: listed[i] === selected ? "row selected" : "row", role: "row", style: `top:${i * ROW}px` });
      fillRow(node, listed[i]);
      node.addEventListener("click", () => select(listed[i], false));
    }
  };
  const step = (by) => {
    const at = listed.indexOf(selected), next = listed[Math.min(listed.length - 1, Math.max(0, at + by))];
    if (next) select(next, true);
  };
  byId("body").addEventListener("scroll", showRows);
  byId("body").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  for (const id of ["search", "branch", "program"]) byId(id).addEventListener("input", () => { byId("body").scrollTop = 0; list(); });

  /* ---- one record ---- */

  const bits = (cell, letters, leaf, refused) => {
    const broken = { "not present": "P", "read-only": "W", "supervisor only": "U" }[refused];
    for (const letter of leaf || letters.includes("D") ? "PWUAD" : "PWUA")
      add(cell, "span", { class: `bit${letter === broken ? " refused" : letters.includes(letter) ? " on" : ""}` }, letter);
  };
  const showWalk = (box, row) => {
    const table = add(box, "table");
    const head = add(table, "tr");
    for (const name of ["level", "entry at", "value", "rights"]) add(head, "th", { scope: "col" }, name);
    for (const [name, index, at, entry, letters, leaf, refused] of row[AT.levels]) {
      const line = add(table, "tr");
      add(line, "td", { class: "mono" }, `${words(name)} ${index.toString(16).padStart(3, "0")}`);
      add(add(line, "td"), "span", { class: "cell mono" }, at);
      add(add(line, "td"), "span", { class: words(refused) ? "cell mono refused" : "cell mono" }, entry);
      bits(add(line, "td", { class: "mono" }), letters, leaf, words(refused));
      if (words(refused)) {
        const below = add(table, "tr");
        add(below, "td");
        add(below, "td", { class: "bad mono", colspan: 3 }, `refused: ${words(refused)}`);
      }
    }
  };
  const showRecord = (row) => {
    const box = byId("record"), branch = branches.get(row[AT.branch]);
    box.replaceChildren();
    byId("record-title").textContent = `Fault ${row[AT.number]}`;
    byId("record-hint").textContent = `${branch.name} \u00b7 ${row[AT.major] ? "major" : "minor"} \u00b7 ${time(row[AT.cost])}`;
    const line = add(box, "p", { class: "mono" });
    add(line, "span", { class: "dim" }, words(row[AT.ip]) + "  ");
    add(line, "span", { class: "cell" }, words(row[AT.text]) || "(the instruction could not be fetched)");
    const place = add(box, "p");
    add(place, "span", { class: "dim" }, [words(row[AT.place]), words(row[AT.symbol]) && `in ${words(row[AT.symbol])}`, `by ${words(row[AT.task])} at ${moment(row[AT.begin])}`].filter(Boolean).join(" \u00b7 "));
    if (words(row[AT.source])) add(box, "p", { class: "source mono" }, words(row[AT.source]));
    const access = add(box, "p");
    add(access, "span", { class: `badge ${words(row[AT.access])}` }, words(row[AT.access]).toUpperCase());
    add(access, "span", { class: "mono big" }, row[AT.linear]);
    add(access, "span", { class: "dim" }, `  error code ${words(row[AT.error])}`);
    if (row[AT.levels].length) showWalk(box, row);
    const more = [words(row[AT.region]) && `region ${words(row[AT.region])}`, words(row[AT.segment]) && `segment ${words(row[AT.segment])}`, words(row[AT.mode]),
      words(row[AT.bytes]) && `bytes ${words(row[AT.bytes])}`, row[AT.nested] && `inside fault ${row[AT.nested]}`,
      row[AT.waits] && `off the CPU ${row[AT.waits]} times, ${time(row[AT.waitTime])}`, row[AT.frame] && `frame ${row[AT.frame]}`, `outcome ${words(row[AT.outcome])}`];
    add(box, "p", { class: "dim" }, more.filter(Boolean).join(" \u00b7 "));
    const list = add(box, "ol");
    if (row[AT.path].length) {
      const path = add(box, "details", { class: "path" });
      add(path, "summary", {}, `the kernel's way there: ${words(row[AT.path][0]).replace(/, .*/, "")}`);
      for (const call of row[AT.path]) add(path, "div", { class: "mono" }, words(call));
      box.append(list);
      box.insertBefore(path, list);
    }
    row[AT.steps].forEach((text, i) => add(list, "li", { class: i + 1 === row[AT.accent] ? "accent" : "" }, text));
  };
  const select = (row, scroll) => {
    selected = row;
    const at = listed.indexOf(row), body = byId("body");
    if (scroll && at >= 0 && (at * ROW < body.scrollTop || (at + 1) * ROW > body.scrollTop + body.clientHeight)) body.scrollTop = at * ROW - body.clientHeight / 2;
    showRecord(row);
    showRows();
    charts.forEach((chart) => chart.mark());
  };

  /* ---- tables ---- */

  const table = (id, heads, rows, nothing) => {
    if (!rows.length) { add(byId(id), "p", { class: "empty" }, nothing); return; }
    const node = add(byId(id), "table", { class: "list" }), head = add(node, "tr");
    for (const [name, kind] of heads) add(head, "th", { scope: "col", class: kind || "" }, name);
    for (const row of rows) {
      const line = add(node, "tr");
      row.forEach((text, i) => add(line, "td", { class: heads[i][1] || "" }, text));
    }
  };
  table("tasks", [["task"], ["faults", "n"], ["major", "n"], ["time in faults", "n"], ["of it waiting", "n"], ["on the CPU", "n"]],
    data.tasks.slice().sort((a, b) => b.cost - a.cost || b.ran - a.ran).map((task) => [task.name, count(task.faults), count(task.major), time(task.cost), time(task.waits), time(task.ran)]),
    "The trace names no task.");
  table("kills", [["time"], ["ended"], ["points", "n"], ["pages", "n"], ["wanted", "n"], ["when memory was short for"]],
    data.kills.map((kill) => [moment(kill.at), `${kill.comm}[${kill.pid}]`, count(kill.points), count(kill.pages), `order ${kill.order}`, kill.by]),
    "No process was ended: memory was always found.");
  if (data.kill_count > data.kills.length) add(byId("kills"), "p", { class: "note" }, `The first ${data.kills.length} of ${count(data.kill_count)}.`);

  /* ---- start ---- */

  for (const [id, act] of [["closer", () => zoom(.5)], ["wider", () => zoom(2)], ["earlier", () => shift(-.5)], ["later", () => shift(.5)], ["whole", () => setView(whole.from, whole.to)], ["part", () => setView(part.from, part.to)]])
    byId(id).addEventListener("click", act);
  addEventListener("resize", () => { charts.forEach((chart) => chart.redraw()); showRows(); });
  byId("faults-hint").textContent = "click a row to open its record, a heading to sort";
  if (data.shown < data.faults)
    byId("limit").textContent = `The table holds ${count(data.shown)} of the ${count(data.faults)} faults, spread over the run with every branch in it. ` +
      "Numbers and charts are of all of them; faultline report --rows all puts each into the table.";
  byId("program").checked = data.of_program > 0;
  charts.forEach((chart) => chart.redraw());
  list();
  /* Open at first: a major fault, else a copy, of a line of the program's own; the kernel is above c0000000. */
  const own = listed.filter((row) => words(row[AT.source]) && words(row[AT.ip]) < "c");
  const first = own.find((row) => row[AT.major]) || own.find((row) => /^copy/.test(branches.get(row[AT.branch]).name)) || own[0] || listed[0];
  if (first) select(first, true);
  else add(byId("record"), "p", { class: "empty" }, "No fault is chosen. A row of the table or a mark of the timeline opens its record here.");
  document.body.setAttribute("data-ready", "yes");
})();
