/// Rows that the VM heat map shows at most; the VMs left out are the best off.
private let heatRowsMax = 200

/// Ready time over all VMs: where most of them are, and the worst one.
func readyBandChart(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.hasVMRows else { return "" }
  let band = data.readyBand
  return writer.html(
    TimeChart(
      id: "vms-ready", title: "CPU ready over all VMs", unit: "% per vCPU", height: 190,
      series: [
        .init(name: "median VM", style: "median", kind: .line, values: band.median),
        .init(name: "worst VM", style: "worst", kind: .line, values: band.worst),
      ],
      band: .init(name: "p5 – p95 of VMs", style: "ready", low: band.p5, high: band.p95),
      marks: [
        .init(value: Thresholds.ready[1], label: "5 % significant"),
        .init(value: Thresholds.ready[2], label: "10 % bad"),
      ], topAtLeast: 12, hasRangeSelector: data.hosts.count < 2))
}

/// VM × time, grouped by pool, the worst first.
func vmHeatMap(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.hasVMRows else { return "" }
  let ranked = data.vmsByHarm().filter { data.vms[$0].samples != nil }
  let shown = ranked.prefix(heatRowsMax)
  let drilled = Set(data.drillDowns.map(\.vm))
  let width = data.readyHeat.columns
  var groups: [HeatMap.Group] = []
  for vm in shown {
    let facts = data.vms[vm]
    let name = facts.pool.isEmpty ? "no pool" : facts.pool
    let row = HeatMap.Row(
      link: drilled.contains(vm) ? "vm-\(vm)" : data.rowAnchor(vm), name: facts.name,
      cells: data.readyHeat.cells[vm * width..<(vm + 1) * width])
    if let index = groups.firstIndex(where: { $0.name == name }) {
      groups[index].rows.append(row)
    } else {
      groups.append(.init(name: name, rows: [row]))
    }
  }
  if groups.count == 1, groups[0].name == "no pool" { groups[0].name = "" }
  var out = HeatMap(
    id: "vms-heat", title: "CPU ready, VM by VM", palette: "waits",
    classNames: [
      "below 2.5 % fine", "2.5 – 5 % watch", "5 – 10 % significant", "10 – 25 % bad",
      "25 % and more",
    ], groups: groups, columns: width, duration: data.duration
  ).html
  if shown.count < ranked.count {
    let rest =
      ranked.dropFirst(heatRowsMax).map { data.vms[$0].ready.p95 }.filter(\.isFinite).max() ?? .nan
    out +=
      "<p class=\"note\">The \(count(shown.count)) worst of \(count(ranked.count)) VMs; ready p95 of "
      + "the others is at most \(percent(rest)).</p>"
  }
  let limited = shown.contains { data.vms[$0].isMainlyLimited && data.vms[$0].limited.p95 >= 2.5 }
  if limited {
    out +=
      "<p class=\"note\">Ready includes time kept back by a limit; the table below tells the two "
      + "apart.</p>"
  }
  return out
}

/// The charts of one VM.
func drillDown(_ series: VMSeries, _ data: RunData, _ writer: inout ChartWriter) -> String {
  let id = "vm-\(series.vm)"
  return writer.html(
    TimeChart(
      id: "\(id)-cpu", title: "CPU", unit: "GHz", height: 120,
      series: [
        .init(name: "used", style: "used", kind: .area, values: series.used.map { $0 / 1_000 }),
        .init(
          name: "demand", style: "demand", kind: .line, values: series.demand.map { $0 / 1_000 }),
        .init(
          name: "entitled", style: "entitled", kind: .line,
          values: series.entitled.map { $0 / 1_000 }),
      ]))
    + writer.html(
      TimeChart(
        id: "\(id)-ready", title: "CPU ready", unit: "% per vCPU", height: 120,
        series: [
          .init(name: "ready", style: "ready", kind: .area, values: series.ready),
          .init(name: "of it by a limit", style: "limited", kind: .line, values: series.limited),
        ], marks: [.init(value: Thresholds.ready[1], label: "5 %")], topAtLeast: 5))
    + writer.html(
      TimeChart(
        id: "\(id)-memory", title: "Memory", unit: "GiB", height: 120,
        series: [
          .init(
            name: "consumed", style: "memory", kind: .area,
            values: series.memoryConsumed.map { $0 / 1_024 }),
          .init(
            name: "active", style: "active", kind: .line,
            values: series.memoryActive.map { $0 / 1_024 }),
          .init(
            name: "entitled", style: "entitled", kind: .line,
            values: series.memoryEntitled.map { $0 / 1_024 }),
          .init(
            name: "configured", style: "capacity", kind: .dashed,
            values: series.memoryConfigured.map { $0 / 1_024 }),
        ]))
    + reclaimCharts(series, id, &writer)
}

/// What was taken from one VM and what it cost; empty where nothing was.
private func reclaimCharts(
  _ series: VMSeries, _ id: String, _ writer: inout ChartWriter
) -> String {
  guard series.reclaim.contains(where: { $0.contains { $0 > 0 } }) else { return "" }
  let styles = [("balloon", "used"), ("compressed", "active"), ("swapped", "worst")]
  return writer.html(
    TimeChart(
      id: "\(id)-taken", title: "Memory taken back", unit: "GiB", height: 120,
      series: zip(styles, series.reclaim).map { style, values in
        .init(
          name: style.0, style: style.1, kind: .area, values: values.map { $0 / 1_024 })
      }, isStacked: true))
    + (series.ownSwap.contains { $0 > 0 }
      ? writer.html(
        TimeChart(
          id: "\(id)-own", title: "In the guest's own swap", unit: "GiB", height: 120,
          series: [
            .init(
              name: "own swap", style: "limited", kind: .area,
              values: series.ownSwap.map { $0 / 1_024 })
          ])) : "")
    + writer.html(
      TimeChart(
        id: "\(id)-slowdown", title: "Slowdown", unit: "% of work", height: 120,
        series: [.init(name: "lost", style: "ready", kind: .area, values: series.reclaim[3])],
        marks: [.init(value: Thresholds.slowdown[1], label: "5 %")], topAtLeast: 5))
}
