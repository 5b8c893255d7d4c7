extension HostComparison {
  /// Points of a chart.
  private static let pointsMax = 288

  /// Columns that differ from 0 somewhere; CPU always.
  private var shownColumns: [ComparedColumn] {
    ComparedColumn.allCases.filter { column in
      column == .cpu
        || vms.contains { vm in
          let series = vm.series[column]
          return ((series?.measured ?? []) + (series?.simulated ?? [])).contains { $0 > 0 }
        }
    }
  }

  /// `compare.html`: the error table, and for each VM what was measured and what was simulated on one axis.
  public func html(dygraphs: (js: String, css: String)?) -> String {
    var writer = ChartWriter(times, pointsMax: Self.pointsMax, timesKey: "a")
    let charts = vms.enumerated().map { section($0, $1, &writer) }.joined()
    let data =
      "{\"times\":{\(writer.timesJSON)},\"charts\":[" + writer.json.joined(separator: ",\n") + "]}"
    let library = dygraphs.map { ChartLibrary(js: $0.js, css: $0.css) }
    return render(
      Self.template,
      [
        "title": escaped(scenario), "version": escaped(version), "style": pageStyle,
        "script": pageScript, "verdict": verdict, "table": table, "charts": charts, "data": data,
        "notes": notes, "hasLibrary": library != nil,
        "library": library.map { inline(script: $0.js) } ?? "",
        "libraryStyle": library.map { inline(style: $0.css) } ?? "",
        "libraryNotice": dygraphsNotice,
      ])
  }

  private var verdict: String {
    guard let cpu else { return "<p>No VM was both measured and simulated.</p>" }
    let worst = vms.compactMap { vm in vm.cpu.map { (vm.name, abs($0.simulated - $0.measured)) } }
      .max { $0.1 < $1.1 }
    var text =
      "<p class=\"story\">Simulated and measured CPU differ by \(points(cpu.mean)) of a pCPU on average over "
      + "\(count(vms.count, "VM", "VMs")) and \(count(times.count)) samples, by at most \(points(cpu.max)) in one."
    if let worst {
      text +=
        " Over the whole time no VM is off by more than \(points(worst.1)) (\(escaped(worst.0)))."
    }
    return text + "</p>"
  }

  private func points(_ value: Double) -> String { "\(fixed(value, 1)) points" }

  private var table: String {
    var out = """
      <div class="scroll" tabindex="0" role="region" aria-label="Errors"><table><thead><tr>\
      <th scope="col">VM</th><th scope="col">Quantity</th>
      """
    for head in ["Measured", "Simulated", "Mean error", "p95", "Largest"] {
      out += "<th scope=\"col\" class=\"num\">\(head)</th>"
    }
    out += "</tr></thead><tbody>\n"
    for vm in vms { for column in shownColumns { out += row(vm.name, column, errors(vm, column)) } }
    if vms.count > 1 {
      for column in shownColumns {
        let all = [ComparedColumn.cpu: cpu, .ready: ready, .balloon: balloon][column] ?? nil
        out += row("all VMs", column, all)
      }
    }
    return out + "</tbody></table></div>"
  }

  private func errors(_ vm: VM, _ column: ComparedColumn) -> Errors? {
    switch column {
    case .cpu: vm.cpu
    case .ready: vm.ready
    case .balloon: vm.balloon
    }
  }

  private func row(_ name: String, _ column: ComparedColumn, _ errors: Errors?) -> String {
    let cells = errors.map { [$0.measured, $0.simulated, $0.mean, $0.p95, $0.max] } ?? []
    var out = "<tr><th scope=\"row\">\(escaped(name))</th><td>\(column.title), \(column.unit)</td>"
    for index in 0..<5 {
      out += "<td class=\"num\">\(index < cells.count ? fixed(cells[index], 2) : "–")</td>"
    }
    return out + "</tr>\n"
  }

  private var notes: String {
    var out = ""
    if !onlyMeasured.isEmpty {
      out +=
        "<p class=\"note\">Measured only: \(escaped(onlyMeasured.joined(separator: ", "))).</p>"
    }
    if !onlySimulated.isEmpty {
      out +=
        "<p class=\"note\">Simulated only: \(escaped(onlySimulated.joined(separator: ", "))).</p>"
    }
    return out
  }

  private func section(_ index: Int, _ vm: VM, _ writer: inout ChartWriter) -> String {
    let charts = shownColumns.compactMap { column -> String? in
      guard let series = vm.series[column] else { return nil }
      return writer.html(
        TimeChart(
          id: "vm-\(index)-\(column.rawValue)", title: column.title, unit: column.unit, height: 150,
          series: [
            .init(name: "simulated", style: "used", kind: .area, values: series.simulated),
            .init(name: "measured", style: "demand", kind: .line, values: series.measured),
          ],
          // One axis for all VMs, so that they compare.
          topAtLeast: top(column)))
    }.joined()
    return "<div class=\"card\"><h3>\(escaped(vm.name))</h3>\(charts)</div>"
  }

  private func top(_ column: ComparedColumn) -> Double {
    vms.flatMap { ($0.series[column]?.measured ?? []) + ($0.series[column]?.simulated ?? []) }
      .filter(\.isFinite).max() ?? 0
  }

  private static let template =
    pageHead("comparison") + """
      <header><p class="kicker">Ballast · measured and simulated</p><h1>{{{title}}}</h1></header>
      <nav aria-label="Sections"><a href="#verdict">Verdict</a><a href="#errors">Errors</a>\
      <a href="#charts">VM by VM</a>\
      <button type="button" id="unzoom" hidden="hidden">Show the whole run</button></nav>
      <main>
      <section id="verdict"><div class="verdict">{{{verdict}}}</div></section>
      <section id="errors"><h2>Errors, VM by VM</h2>{{{table}}}{{{notes}}}\
      <p class="note" style="margin-top:8px">Error is simulated − measured in a sample of the run, without its sign; 100 % of a pCPU is one \
      core. CPU and ready are sums over vCPUs.</p></section>
      <section id="charts"><h2>VM by VM</h2><div class="cards" \
      style="grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr))">{{{charts}}}</div></section>
      </main>
      <footer>Made by Ballast {{{version}}}. This file needs no network.</footer>
      <script type="application/json" id="chart-data">{{{data}}}</script>

      """ + pageFoot
}
