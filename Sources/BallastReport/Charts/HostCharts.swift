/// Hosts that get charts of their own; with more, only the busiest of them, and a band over all.
private let hostChartsMax = 6

/// Hosts with the longest time out of CPU first, then the highest use; in name order where all are shown.
func shownHosts(_ data: RunData) -> [Int] {
  guard data.hosts.count > hostChartsMax else { return Array(data.hosts.indices) }
  let ranked = data.hosts.indices.map { index in
    let used = data.hosts[index].usedPercent.filter(\.isFinite)
    let mean = used.reduce(0, +) / Double(max(1, used.count))
    return (index: index, full: saturatedPercent(data, host: index), mean: mean)
  }.sorted { a, b in
    if a.full != b.full { return a.full > b.full }
    if a.mean != b.mean { return a.mean > b.mean }
    return a.index < b.index
  }
  return ranked.prefix(hostChartsMax).map(\.index)
}

/// Demand, use and capacity, waiting, and memory of each host, on the same scale for all.
func hostCharts(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.times.count > 0 else { return "" }
  let shown = shownHosts(data)
  func most(_ values: (HostSeries) -> [Double]) -> Double {
    shown.flatMap { values(data.hosts[$0]) }.filter(\.isFinite).max() ?? 0
  }
  let cpuTop = max(most(\.demand), most(\.capacity)) / 1_000
  let readyTop = max(most(\.readyPercent), 2)
  let memoryTop = max(most(\.memoryConsumed), most(\.memoryCapacity)) / 1_024
  var out = ""
  if shown.count < data.hosts.count {
    out += "<p class=\"note\">The \(shown.count) busiest of \(count(data.hosts.count)) hosts:</p>"
  }
  out += "<div class=\"cards\">"
  for index in shown {
    let host = data.hosts[index]
    let used = host.usedPercent.filter(\.isFinite)
    let mean = used.reduce(0, +) / Double(max(1, used.count))
    let full = saturatedPercent(data, host: index)
    out += """
      <section class="card" id="host-\(index)"><h3>\(escaped(host.name))</h3>\
      <p class="facts">CPU mean <b>\(percent(mean))</b>, peak <b>\(percent(used.max() ?? .nan))</b> · \
      out of CPU <b>\(percent(full))</b> of the time · up to \
      <b>\(count(Int(host.vms.filter(\.isFinite).max() ?? 0)))</b> VMs</p>

      """
    out += writer.html(
      TimeChart(
        id: "host-\(index)-cpu", title: "CPU", unit: "GHz", height: 150,
        series: [
          .init(name: "used", style: "used", kind: .area, values: host.used.map { $0 / 1_000 }),
          .init(
            name: "demand", style: "demand", kind: .line, values: host.demand.map { $0 / 1_000 }),
          .init(
            name: "capacity", style: "capacity", kind: .dashed,
            values: host.capacity.map { $0 / 1_000 }),
        ], topAtLeast: cpuTop, hasTimeAxis: false))
    out += writer.html(
      TimeChart(
        id: "host-\(index)-ready", title: "CPU ready", unit: "% per vCPU", height: 64,
        series: [.init(name: "ready", style: "ready", kind: .area, values: host.readyPercent)],
        marks: [.init(value: Thresholds.ready[1], label: "5 %")], topAtLeast: readyTop,
        hasTimeAxis: false))
    out += writer.html(
      TimeChart(
        id: "host-\(index)-memory", title: "Memory", unit: "GiB", height: 90,
        series: [
          .init(
            name: "consumed", style: "memory", kind: .area,
            values: host.memoryConsumed.map { $0 / 1_024 }),
          .init(
            name: "capacity", style: "capacity", kind: .dashed,
            values: host.memoryCapacity.map { $0 / 1_024 }),
        ], topAtLeast: memoryTop))
    out += "</section>\n"
  }
  return out + "</div>"
}

/// CPU use and memory of many hosts: p5 to p95, median, and the highest host at each instant.
func hostBandCharts(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.times.count > 0, data.hosts.count > 1 else { return "" }
  let isMany = data.hosts.count > hostChartsMax
  // Few hosts are better seen one by one; the cluster's sum still tells whether moving VMs can help at all.
  guard isMany else { return clusterChart(data, &writer) }
  var band = ReadyBand()
  var values: [Double] = []
  for time in 0..<data.times.count {
    values += data.hosts.map { $0.usedPercent.at(time) }.filter(\.isFinite)
    band.append(&values, at: time)
  }
  return clusterChart(data, &writer)
    + writer.html(
      TimeChart(
        id: "hosts-band", title: "CPU used over \(data.hosts.count) hosts", unit: "% of capacity",
        height: 170,
        series: [
          .init(name: "median host", style: "median", kind: .line, values: band.median),
          .init(name: "highest host", style: "worst", kind: .line, values: band.worst),
        ],
        band: .init(name: "p5 – p95", style: "used", low: band.p5, high: band.p95),
        topAtLeast: 100))
}

private func clusterChart(_ data: RunData, _ writer: inout ChartWriter) -> String {
  func sum(_ values: (HostSeries) -> [Double]) -> [Double] {
    (0..<data.times.count).map { time in
      let present = data.hosts.map { values($0).at(time) }.filter(\.isFinite)
      return present.isEmpty ? .nan : present.reduce(0, +) / 1_000
    }
  }
  return writer.html(
    TimeChart(
      id: "cluster-cpu", title: "CPU of all hosts together", unit: "GHz", height: 170,
      series: [
        .init(name: "used", style: "used", kind: .area, values: sum(\.used)),
        .init(name: "demand", style: "demand", kind: .line, values: sum(\.demand)),
        .init(name: "capacity", style: "capacity", kind: .dashed, values: sum(\.capacity)),
      ], hasRangeSelector: true))
}

/// Where and when hosts were full, for more hosts than can be read as lines.
func hostHeatMap(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.times.count > 0, data.hosts.count > hostChartsMax else { return "" }
  let columns = min(data.times.count, RunData.heatColumnsMax)
  let shown = Set(shownHosts(data))
  let rows = data.hosts.enumerated().prefix(200).map { index, host in
    var cells = Array(repeating: HeatCells.none, count: columns)
    for (time, used) in host.usedPercent.enumerated() where used.isFinite && host.isOn[time] {
      let cell = time * columns / data.times.count
      let level = Thresholds.useClass(used)
      if cells[cell] == HeatCells.none || cells[cell] < level { cells[cell] = level }
    }
    return HeatMap.Row(
      link: shown.contains(index) ? "host-\(index)" : "", name: host.name, cells: cells[...])
  }
  return HeatMap(
    id: "hosts-heat", title: "CPU used, host by host", palette: "uses",
    classNames: ["below 50 %", "50 – 75 %", "75 – 90 %", "90 – 98 %", "98 % and more"],
    groups: [.init(name: "", rows: rows)], columns: columns, duration: data.duration
  ).html
}
