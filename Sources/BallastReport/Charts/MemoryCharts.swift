/// Hosts that get memory charts of their own; with more, those shortest of memory.
private let memoryHostsMax = 6

/// Memory states of the hosts over time, where their policy knows states and one of them left high.
func memoryStateMap(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.hasReclaim, data.hosts.contains(where: { $0.memoryStates.worst() ?? 0 > 0 }) else {
    return ""
  }
  let columns = min(data.times.count, RunData.heatColumnsMax)
  let rows = data.hostsByMemory().prefix(200).map { index in
    let cells = stateCells(data, host: index, columns: columns)
    return HeatMap.Row(link: "memory-\(index)", name: data.hosts[index].name, cells: cells[...])
  }
  let linked = Set(shownByMemory(data))
  return HeatMap(
    id: "memory-states", title: "Memory state, host by host", palette: "waits",
    classNames: MemoryStateSeries.names,
    groups: [
      .init(
        name: "",
        rows: rows.map { row in
          var row = row
          if !linked.contains(where: { row.link == "memory-\($0)" }) { row.link = "" }
          return row
        })
    ], columns: columns, duration: data.duration
  ).html
}

/// The worst state in each column's time; none where the host was off in all its samples.
private func stateCells(_ data: RunData, host: Int, columns: Int) -> [UInt8] {
  var spans: [(start: Double, end: Double)?] = Array(repeating: nil, count: columns)
  for (time, isOn) in data.hosts[host].isOn.enumerated() where isOn {
    let cell = time * columns / data.times.count
    spans[cell] = (spans[cell]?.start ?? data.times.starts[time], data.times.ends[time])
  }
  return spans.map { span in
    span.flatMap { data.hosts[host].memoryStates.worst(from: $0.start, to: $0.end) }
      .map { UInt8($0) } ?? HeatCells.none
  }
}

private func shownByMemory(_ data: RunData) -> [Int] {
  Array(data.hostsByMemory().prefix(memoryHostsMax)).sorted()
}

/// Where each host's memory went, and what of its guests' memory it does not hold.
func memoryCharts(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.hasReclaim else { return "" }
  let shown = shownByMemory(data)
  let top = shown.flatMap { data.hosts[$0].memoryCapacity }.filter(\.isFinite).max() ?? 0
  let taken = shown.flatMap { host in
    data.times.ends.indices.map {
      let saved = data.hosts[host][.saved].at($0)
      return data.takenBack(ofHost: host, at: $0) + (saved.isFinite ? saved : 0)
    }
  }
  let takenTop = (taken.max() ?? 0) / 1_024
  // An empty device, or none, needs no axis; hosts beside each other keep the same charts.
  let hasSwapped = shown.contains { host in
    [HostMemoryColumn.swapIn, .swapOut].contains { column in
      data.hosts[host][column].contains { $0 > 0 }
    }
  }
  var out = ""
  if shown.count < data.hosts.count {
    out +=
      "<p class=\"note\">The \(shown.count) hosts shortest of memory, of \(count(data.hosts.count)):</p>"
  }
  out += "<div class=\"cards\">"
  for index in shown {
    let host = data.hosts[index]
    func series(_ name: String, _ style: String, _ values: [Double]) -> TimeChart.Series {
      .init(name: name, style: style, kind: .area, values: values.map { $0 / 1_024 })
    }
    let held = zip(host.memoryConsumed, host[.compressedSize]).map { $0 - $1 }
    out += "<section class=\"card\" id=\"memory-\(index)\"><h3>\(escaped(host.name))</h3>"
    out += "<p class=\"facts\">\(memoryFacts(data, index))</p>\n"
    out += writer.html(
      TimeChart(
        id: "memory-\(index)-owners", title: "Where its memory went", unit: "GiB", height: 160,
        series: [
          series("free", "fine", host.memoryFree),
          series("compressed pages", "active", host[.compressedSize]),
          series("guests", "memory", held),
          series("overhead", "limited", host[.overhead]),
          series("reserved", "capacity", host[.reserved]),
        ], topAtLeast: top / 1_024, hasTimeAxis: false, isStacked: true))
    out += writer.html(
      TimeChart(
        id: "memory-\(index)-taken", title: "Guest memory it does not hold", unit: "GiB",
        height: 110,
        series: [
          series("swapped", "worst", host[.swapped]),
          series("compressed", "active", host[.compressed]),
          series("balloon", "used", host[.balloon]),
          series("saved by sharing", "entitled", host[.saved]),
        ], topAtLeast: takenTop, hasTimeAxis: !hasSwapped, isStacked: true))
    if hasSwapped {
      out += writer.html(
        TimeChart(
          id: "memory-\(index)-swap", title: "Swap device", unit: "MiB/s", height: 64,
          series: [
            .init(name: "read", style: "worst", kind: .line, values: host[.swapIn]),
            .init(name: "written", style: "demand", kind: .line, values: host[.swapOut]),
          ], topAtLeast: 1))
    }
    out += "</section>\n"
  }
  return out + "</div>"
}

private func memoryFacts(_ data: RunData, _ index: Int) -> String {
  let host = data.hosts[index]
  func most(_ values: [Double]) -> Double { values.filter(\.isFinite).max() ?? 0 }
  let ratio = most(data.times.ends.indices.map { data.overcommit(ofHost: index, at: $0) })
  let below = host.memoryStates.seconds(atLeast: 1, until: data.duration)
  var text =
    "<b>\(memory(most(host.memoryCapacity)))</b>, VMs of up to <b>\(fixed(ratio, 2)) ×</b> that · "
  text += "at most <b>\(memory(most(host[.balloon])))</b> in balloons, "
  text += "<b>\(memory(most(host[.compressed])))</b> compressed, "
  text += "<b>\(memory(most(host[.swapped])))</b> swapped"
  if let worst = host.memoryStates.worst() {
    text +=
      worst > 0
      ? " · below high for <b>\(span(below))</b>, down to <b>\(MemoryStateSeries.names[worst])</b>"
      : " · always high"
  }
  return text
}

/// What page sharing saved on all hosts together, by where the equal pages were found.
func sharingChart(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.hasReclaim else { return "" }
  func sum(_ column: HostMemoryColumn) -> [Double] {
    data.times.ends.indices.map { time in
      data.hosts.reduce(0) { sum, host in
        let value = host[column].at(time)
        return sum + (value.isFinite ? value : 0)
      } / 1_024
    }
  }
  let parts = [
    ("between VMs", "used", sum(.savedCommon)),
    ("twice in one VM", "limited", sum(.savedDuplicate)),
    ("pages of zeros", "entitled", sum(.savedZero)),
  ]
  guard parts.contains(where: { $0.2.contains { $0 > 0 } }) else {
    return "<p class=\"note\">Page sharing saved nothing in this run.</p>"
  }
  return "<section class=\"card alone\"><h3>What sharing came from</h3>"
    + writer.html(
      TimeChart(
        id: "memory-sharing", title: "Saved by page sharing, all hosts", unit: "GiB", height: 130,
        series: parts.map { .init(name: $0.0, style: $0.1, kind: .area, values: $0.2) },
        isStacked: true)) + "</section>\n"
}
