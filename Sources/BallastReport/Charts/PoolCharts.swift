/// Pools that get charts; with more, those that use most.
private let poolChartsMax = 12

/// Entitled and used between reservation and limit, for CPU and memory of each pool.
func poolCharts(_ data: RunData, _ writer: inout ChartWriter) -> String {
  guard data.times.count > 0 else { return "" }
  // The root repeats the cluster chart.
  let pools = data.pools.enumerated().filter { !$0.element.path.isEmpty }
  guard !pools.isEmpty else { return "" }
  let ranked = pools.sorted { a, b in
    let (x, y) = (total(a.element.cpuUsed), total(b.element.cpuUsed))
    return x != y ? x > y : a.offset < b.offset
  }
  let kept = Set(ranked.prefix(poolChartsMax).map(\.offset))
  var out = ""
  if kept.count < pools.count {
    out +=
      "<p class=\"note\">The \(kept.count) of \(count(pools.count)) pools that use most CPU:</p>"
  }
  out += "<div class=\"cards\">"
  for (index, pool) in pools where kept.contains(index) {
    out += "<section class=\"card\" id=\"pool-\(index)\"><h3>\(escaped(pool.name))</h3>"
    out += "<p class=\"facts\">\(escaped(pool.cluster)) · CPU reservation "
    out +=
      "<b>\(last(pool.cpuReservation, cpu))</b>, limit <b>\(last(pool.cpuLimit, cpu))</b> · memory "
    out += "reservation <b>\(last(pool.memoryReservation, memory))</b>, "
    out += "limit <b>\(last(pool.memoryLimit, memory))</b></p>"
    out += writer.html(
      TimeChart(
        id: "pool-\(index)-cpu", title: "CPU", unit: "GHz", height: 120,
        series: [
          .init(name: "used", style: "used", kind: .area, values: pool.cpuUsed.map { $0 / 1_000 }),
          .init(
            name: "entitled", style: "entitled", kind: .line,
            values: pool.cpuEntitled.map { $0 / 1_000 }),
          .init(
            name: "reservation", style: "reservation", kind: .dashed,
            values: nonZero(pool.cpuReservation).map { $0 / 1_000 }),
          .init(
            name: "limit", style: "capacity", kind: .dashed,
            values: pool.cpuLimit.map { $0 / 1_000 }),
        ], hasTimeAxis: false))
    out += writer.html(
      TimeChart(
        id: "pool-\(index)-memory", title: "Memory", unit: "GiB", height: 90,
        series: [
          .init(
            name: "consumed", style: "memory", kind: .area,
            values: pool.memoryUsed.map { $0 / 1_024 }),
          .init(
            name: "entitled", style: "entitled", kind: .line,
            values: pool.memoryEntitled.map { $0 / 1_024 }),
          .init(
            name: "reservation", style: "reservation", kind: .dashed,
            values: nonZero(pool.memoryReservation).map { $0 / 1_024 }),
          .init(
            name: "limit", style: "capacity", kind: .dashed,
            values: pool.memoryLimit.map { $0 / 1_024 }),
        ]))
    out += "</section>\n"
  }
  return pools.isEmpty ? "" : out + "</div>"
}

private func total(_ values: [Double]) -> Double {
  values.reduce(0) { $0 + ($1.isFinite ? $1 : 0) }
}

/// No reservation is no line, rather than one on the axis.
private func nonZero(_ values: [Double]) -> [Double] {
  values.contains { $0 > 0 } ? values : []
}

private func last(_ values: [Double], _ words: (Double) -> String) -> String {
  guard let value = values.last, value.isFinite else { return "none" }
  return value == 0 ? "none" : words(value)
}
