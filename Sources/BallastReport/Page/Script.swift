/// The page's script: opens the drill-down a link points to, sorts and filters the table, reads the heat maps, and,
/// where the chart library is in the page, turns each time chart interactive. Without it the page is whole, only still.
let pageScript = #"""
  'use strict';
  (function () {
    const $ = (s, from) => Array.from((from || document).querySelectorAll(s));
    const byId = id => document.getElementById(id);

    // A link into a folded part unfolds it.
    function unfold() {
      const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
      const fold = target && target.closest('details');
      if (fold && !fold.open) { fold.open = true; target.parentElement.scrollIntoView(); }
    }
    addEventListener('hashchange', unfold);

    // The table of VMs.
    const table = byId('vm-table');
    if (table) {
      const body = table.tBodies[0], rows = Array.from(body.rows);
      const collator = new Intl.Collator('en', {numeric: true});
      const value = (row, column) => row.cells[column].textContent;
      $('thead th', table).forEach((head, column) => {
        const button = document.createElement('button');
        button.type = 'button';
        while (head.firstChild) button.appendChild(head.firstChild);
        head.appendChild(button);
        button.addEventListener('click', () => {
          const isNumber = head.classList.contains('num');
          const down = head.getAttribute('aria-sort') !== 'descending' &&
            (isNumber || head.getAttribute('aria-sort') === 'ascending');
          $('thead th', table).forEach(other => other.removeAttribute('aria-sort'));
          head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
          const number = text => text === '–' ? -1 : parseFloat(text);
          const keyed = rows.map(row => [value(row, column), row]);
          keyed.sort((a, b) => (down ? -1 : 1) * (isNumber
            ? number(a[0]) - number(b[0]) : collator.compare(a[0], b[0])));
          keyed.forEach(pair => body.appendChild(pair[1]));
        });
      });
      const filter = byId('filter'), level = byId('level'), shown = byId('shown');
      const apply = () => {
        const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        let count = 0;
        rows.forEach(row => {
          const text = (value(row, 0) + ' ' + value(row, 1) + ' ' + value(row, 2)).toLowerCase();
          const keep = +row.dataset.l >= +level.value && words.every(word => text.includes(word));
          row.hidden = !keep;
          if (keep) count += 1;
        });
        shown.textContent = count + ' of ' + rows.length + ' VMs';
      };
      filter.addEventListener('input', apply);
      level.addEventListener('change', apply);
      apply();
    }

    const two = n => String(n).padStart(2, '0');
    function clock(seconds) {
      const s = Math.round(seconds), day = Math.floor(s / 86400), rest = s % 86400;
      const text = two(Math.floor(rest / 3600)) + ':' + two(Math.floor(rest % 3600 / 60)) +
        (rest % 60 ? ':' + two(rest % 60) : '');
      return day ? 'day ' + (day + 1) + ', ' + text : text;
    }

    // Heat maps: name and time under the pointer, a click goes to the VM.
    $('.heat svg').forEach(svg => {
      const names = svg.dataset.names.split('\n'), links = svg.dataset.links.split(' ');
      const figure = svg.closest('figure'), read = figure.querySelector('.read');
      const at = event => {
        const box = svg.getBoundingClientRect();
        const row = Math.floor((event.clientY - box.top) / box.height * names.length);
        const part = (event.clientX - box.left) / box.width;
        return [Math.max(0, Math.min(names.length - 1, row)), part];
      };
      svg.addEventListener('pointermove', event => {
        const [row, part] = at(event), columns = +figure.dataset.columns;
        const column = Math.min(columns - 1, Math.floor(part * columns));
        const start = column / columns * figure.dataset.seconds;
        const end = (column + 1) / columns * figure.dataset.seconds;
        read.textContent = names[row] + ', ' + clock(start) + ' – ' + clock(end);
      });
      svg.addEventListener('pointerleave', () => { read.textContent = ''; });
      svg.addEventListener('click', event => {
        const link = links[at(event)[0]];
        if (link) location.hash = link;
      });
    });

    // Interactive charts.
    const source = byId('chart-data');
    if (!source || typeof Dygraph === 'undefined') { unfold(); return; }
    const data = JSON.parse(source.textContent);
    const live = new Map();
    const unzoom = byId('unzoom');
    let range = null, busy = false;
    const color = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
    const ticks = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600,
      43200, 86400, 172800, 604800, 1209600, 2592000];

    function share(from, window) {
      if (busy) return;
      busy = true;
      range = window;
      live.forEach((graph, id) => { if (id !== from) graph.updateOptions({dateWindow: window}); });
      unzoom.hidden = !window;
      busy = false;
    }
    function build(chart) {
      const figure = byId(chart.id), plot = figure.querySelector('.plot'), svg = plot.querySelector('svg');
      const times = data.times[chart.t], last = times.length - 1, band = chart.b;
      const names = chart.s.map(s => s.n), styles = chart.s.map(s => s.c);
      if (band) { names.unshift(band.n); styles.unshift(band.c); }
      // Steps hold until the next point; the last value stands until the end of the run.
      const rows = times.map((time, i) => {
        const at = Math.min(i, last - 1), row = [time];
        if (band) row.push(band.hi[at] === null ? [null, null, null]
          : [band.lo[at], band.hi[at], band.hi[at]]);
        chart.s.forEach(s => row.push(band ? [s.v[at], s.v[at], s.v[at]] : s.v[at]));
        return row;
      });
      const box = document.createElement('div');
      box.className = 'live';
      const bare = figure.classList.contains('bare');
      const selector = chart.r ? 34 : 0;
      const height = +figure.dataset.h + (bare ? 10 : 32) + selector;
      box.style.cssText = 'width:100%;height:' + height + 'px';
      svg.style.display = 'none';
      plot.style.padding = '0';
      plot.appendChild(box);
      const series = {};
      names.forEach((name, i) => {
        const own = chart.s[band ? i - 1 : i];
        series[name] = {
          color: color(styles[i]), strokeWidth: band && i === 0 ? 0 : 1.5,
          fillGraph: !!own && own.k === 'area',
          // The library draws steps without a pattern: only a dashed line that never changes keeps its pattern.
          stepPlot: !(own && own.k === 'dashed' && own.v.every(v => v === own.v[0])),
          strokePattern: own && own.k === 'dashed' ? [5, 4] : null
        };
      });
      const number = v => v === null || v === undefined || isNaN(v) ? '–'
        : Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : v.toFixed(2);
      const graph = new Dygraph(box, rows, {
        labels: ['time'].concat(names), series: series, customBars: !!band,
        valueRange: [0, chart.top * (1 + 4 / figure.dataset.h)], dateWindow: range, fillAlpha: chart.st ? 0.5 : 0.22, stackedGraph: !!chart.st, gridLineColor: color('grid'),
        gridLineWidth: 1, xAxisHeight: 26,
        axisLineColor: color('rule'), axisLabelFontSize: 11.5, rightGap: 8, drawPoints: false,
        highlightCircleSize: 3, legend: 'onmouseover', showRangeSelector: !!selector,
        rangeSelectorHeight: 26, rangeSelectorPlotStrokeColor: color('used'),
        rangeSelectorPlotFillColor: color('used'), rangeSelectorForegroundStrokeColor: color('ink2'),
        rangeSelectorBackgroundStrokeColor: color('rule'), rangeSelectorAlpha: 0.7,
        axes: {
          y: {
            axisLabelWidth: 42, ticker: () => chart.y.map(text => ({v: +text.replace(/,/g, ''), label: text}))
          },
          x: {
            drawAxis: !bare || !!selector, axisLabelWidth: 62,
            ticker: (a, b, pixels) => {
              const wanted = Math.max(2, pixels / 74);
              const step = ticks.find(t => (b - a) / t <= wanted) || (b - a) / 4, out = [];
              for (let v = Math.ceil(a / step) * step; v <= b; v += step) {
                const rest = v % 86400;
                const label = last > 0 && times[last] > 86400 && rest === 0
                  ? 'day ' + (v / 86400 + 1)
                  : v === 86400 ? '24:00' : clock(rest);
                out.push({v: v, label: label});
              }
              return out;
            }
          }
        },
        legendFormatter: d => d.x === undefined ? '' : '<b>' + clock(d.x) + '</b> ' + d.series.filter(s =>
          s.isVisible).map(s => {
            const i = names.indexOf(s.label), own = chart.s[band ? i - 1 : i];
            let at = times.indexOf(d.x);
            at = Math.min(at, last - 1);
            const text = own ? number(own.v[at]) : number(band.lo[at]) + ' – ' + number(band.hi[at]);
            return '<span style="color:' + s.color + '">' + s.labelHTML + '</span> <b>' + text + '</b>';
          }).join(' · ') + ' ' + chart.u,
        zoomCallback: (a, b) => {
          const whole = a <= times[0] && b >= times[last];
          share(chart.id, whole ? null : [a, b]);
        },
        underlayCallback: (canvas, area, g) => {
          if (!chart.m) return;
          canvas.save();
          canvas.strokeStyle = color('ink2');
          canvas.setLineDash([2, 3]);
          chart.m.forEach(mark => {
            if (mark >= chart.top) return;
            const y = Math.round(g.toDomYCoord(mark)) + 0.5;
            canvas.beginPath();
            canvas.moveTo(area.x, y);
            canvas.lineTo(area.x + area.w, y);
            canvas.stroke();
          });
          canvas.restore();
        }
      });
      // The range selector moves the window without a zoom of its own.
      if (selector) graph.updateOptions({drawCallback: (g, first) => {
        if (first || busy) return;
        const [a, b] = g.xAxisRange(), whole = a <= times[0] + 1 && b >= times[last] - 1;
        if (whole ? range : !range || range[0] !== a || range[1] !== b) share(chart.id, whole ? null : [a, b]);
      }}, true);
      live.set(chart.id, graph);
    }
    const charts = new Map(data.charts.map(chart => [chart.id, chart]));
    const watcher = new IntersectionObserver(entries => entries.forEach(entry => {
      if (!entry.isIntersecting) return;
      watcher.unobserve(entry.target);
      build(charts.get(entry.target.id));
    }), {rootMargin: '600px'});
    charts.forEach((chart, id) => { const figure = byId(id); if (figure) watcher.observe(figure); });
    unzoom.addEventListener('click', () => {
      live.forEach(graph => { busy = true; graph.resetZoom(); busy = false; });
      share('', null);
    });
    // Colours are read when a chart is made: made again when the scheme changes.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      const ids = Array.from(live.keys());
      ids.forEach(id => {
        live.get(id).destroy();
        const plot = byId(id).querySelector('.plot');
        plot.querySelector('.live').remove();
        live.delete(id);
        build(charts.get(id));
      });
    });
    unfold();
  })();
  """#
