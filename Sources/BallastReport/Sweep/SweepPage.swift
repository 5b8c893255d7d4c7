import BallastMath

/// `sweep.html`: curves with bands over the first axis, a heat map for two axes, and cost against risk.
public func sweepPage(
  directory: String, name: String, axes: [SweepAxis]
) throws(RunReadError) -> String {
  let table = try SweepTable(directory: directory, axes: axes)
  let repetitions = table.points.map(\.count).max() ?? 0
  let held = table.points.count { $0.heldShare == 1 }
  var body = """
    <section id="verdict"><div class="verdict \(held > 0 ? "met" : "missed")"><h2>\(count(held)) of \
    \(count(table.points.count)) combinations hold in every repetition</h2><p class="story">\
    \(escaped(table.axes.isEmpty ? "Only chance is varied" : "Varied: " + table.axes.joined(separator: ", "))); \
    \(count(repetitions)) repetitions of each.</p></div></section>

    """
  body += failureTable(table)
  body +=
    "<section id=\"curves\"><h2>Curves</h2><p class=\"note\">Means over repetitions, with the band "
  body += "of Student's 95 % interval where there are two or more.</p><div class=\"cards\">"
  let shown = shownMetrics(table)
  for metric in shown { body += curve(table, metric) }
  if shown.isEmpty { body += "<p class=\"note\">No figure differs between combinations.</p>" }
  body += "</div></section>\n"
  if table.axes.count >= 2 { body += heat(table) }
  body += frontier(table)
  body += pointTable(table)
  return plainPage(title: name, kicker: "Sweep", body: body)
}

/// Expectations first, then figures that change; at most twelve.
private func shownMetrics(_ table: SweepTable) -> [Int] {
  let changing = table.metrics.indices.filter { metric in
    let means = table.points.compactMap { table.mean($0, metric) }
    return means.count > 0 && Set(means).count > 1
  }
  let expected = changing.filter { table.metrics[$0].contains(" of ") }
  let others = changing.filter { !table.metrics[$0].contains(" of ") }
  return Array((expected + others).prefix(12))
}

private func curve(_ table: SweepTable, _ metric: Int) -> String {
  // The first axis is x; every combination of the others is a line, at most eight.
  var lines: [(name: String, points: [SweepTable.Point])] = []
  for point in table.points {
    let name = point.values.dropFirst().joined(separator: ", ")
    if let index = lines.firstIndex(where: { $0.name == name }) {
      lines[index].points.append(point)
    } else {
      lines.append((name, [point]))
    }
  }
  let shown = lines.prefix(PlainChart.styles.count)
  func place(_ point: SweepTable.Point) -> Double {
    table.axes.isEmpty ? 0 : table.position(0, point.values[0])
  }
  let places = table.axes.isEmpty ? [] : table.axisValues[0].map { table.position(0, $0) }
  let chart = PlainChart(
    title: table.metrics[metric],
    unit: lines.count > shown.count ? "first \(shown.count) of \(lines.count) lines" : "",
    xTitle: table.axes.first ?? "all repetitions",
    lines: shown.enumerated().map { index, line in
      PlainChart.Line(
        name: line.name.isEmpty ? "mean" : line.name, style: PlainChart.styles[index],
        points: line.points.compactMap { point in
          guard let mean = table.mean(point, metric) else { return nil }
          let interval = BallastMath.Statistics.studentInterval(point.samples[metric])
          return (place(point), mean, max(interval?.low ?? mean, 0), interval?.high ?? mean)
        }.sorted { $0.x < $1.x },
        gaps: line.points.filter { table.mean($0, metric) == nil }.map(place))
    },
    ticks: table.axes.isEmpty
      ? []
      : thinned(table.axisValues[0].map { (table.position(0, $0), $0) }),
    places: places)
  return chart.html
}

/// At most eight labels.
private func thinned(_ ticks: [(x: Double, label: String)]) -> [(x: Double, label: String)] {
  let every = max((ticks.count + 7) / 8, 1)
  return ticks.enumerated().filter { $0.offset % every == 0 }.map(\.element)
}

/// The first two axes: how many of all repetitions at a place hold.
private func heat(_ table: SweepTable) -> String {
  var out =
    "<section id=\"map\"><h2>Where it holds</h2><p class=\"note\">Share of repetitions that meet "
  out += "everything, in percent: \(escaped(table.axes[0])) across, \(escaped(table.axes[1])) down"
  out += table.axes.count > 2 ? "; the other axes together" : ""
  out += table.failures.isEmpty ? "" : "; – where no unit has a result"
  out += ".</p><div class=\"scroll\"><table><thead><tr><th></th>"
  for value in table.axisValues[0] { out += "<th class=\"num\">\(escaped(value))</th>" }
  out += "</tr></thead><tbody>"
  for row in table.axisValues[1] {
    out += "<tr><th>\(escaped(row))</th>"
    for column in table.axisValues[0] {
      let here = table.points.filter { $0.values[0] == column && $0.values[1] == row }
      let (held, all) = (
        here.reduce(0) { $0 + $1.held }, here.reduce(0) { $0 + $1.count }
      )
      let hasResult = here.contains(where: \.hasResult)
      let percent = all > 0 ? Double(held) / Double(all) * 100 : 0
      out +=
        !hasResult
        ? "<td class=\"num\">–</td>"
        : """
        <td class="num" style="background:color-mix(in srgb,var(--fine) \(fixed(percent * 0.4, 0))%,\
        var(--badbg))">\(fixed(percent, 0))</td>
        """
    }
    out += "</tr>"
  }
  return out + "</tbody></table></div></section>\n"
}

/// Cost is hosts; risk is the share of repetitions in which something is not met. A point is on the frontier when none is
/// at most as dear and less risky.
private func frontier(_ table: SweepTable) -> String {
  guard let hosts = table.metrics.firstIndex(of: "hosts") else { return "" }
  let placed = table.points.compactMap { point in
    table.mean(point, hosts).map { (cost: $0, risk: (1 - point.heldShare) * 100, point: point) }
  }
  guard Set(placed.map(\.cost)).count > 1 else { return "" }
  let best = placed.filter { one in
    !placed.contains { $0.cost <= one.cost && $0.risk < one.risk }
      && !placed.contains { $0.cost < one.cost && $0.risk <= one.risk }
  }.sorted { ($0.cost, $0.risk) < ($1.cost, $1.risk) }
  func line(
    _ name: String, _ style: String, _ of: [(cost: Double, risk: Double, point: SweepTable.Point)],
    _ joined: Bool
  ) -> PlainChart.Line {
    PlainChart.Line(
      name: name, style: style, points: of.map { ($0.cost, $0.risk, $0.risk, $0.risk) },
      isJoined: joined)
  }
  let costs = Array(Set(placed.map(\.cost))).sorted()
  let chart = PlainChart(
    title: "Cost against risk", unit: "% of repetitions in which something is not met",
    xTitle: "hosts",
    lines: [line("combinations", "capacity", placed, false), line("frontier", "used", best, true)],
    ticks: thinned(costs.map { ($0, fixed($0, 0)) }))
  return
    "<section id=\"frontier\"><h2>Frontier</h2><div class=\"cards\">\(chart.html)</div></section>\n"
}

/// Units that ended in an error: why, how many, and which is the first.
private func failureTable(_ table: SweepTable) -> String {
  guard !table.failures.isEmpty else { return "" }
  let shown = table.failures.prefix(50)
  var out =
    "<section id=\"failures\"><h2>Without a result</h2><p class=\"note\">Units that make no "
  out += "scenario. They count as not held, and curves have a gap there."
  if shown.count < table.failures.count {
    out += " The first 50 of \(count(table.failures.count)) reasons; all are in results.csv."
  }
  out += "</p><div class=\"scroll\"><table><thead><tr><th>reason</th><th class=\"num\">units</th>"
  out += "<th>the first</th></tr></thead><tbody>"
  for failure in shown {
    out += "<tr><td>\(escaped(failure.reason))</td><td class=\"num\">\(count(failure.count))</td>"
    out += "<td>\(escaped(failure.example))</td></tr>"
  }
  return out + "</tbody></table></div></section>\n"
}

private func pointTable(_ table: SweepTable) -> String {
  let shown = shownMetrics(table).prefix(6)
  let rows = table.points.prefix(500)
  var out = "<section id=\"points\"><h2>Combinations</h2>"
  if rows.count < table.points.count {
    out +=
      "<p class=\"note\">The first 500 of \(count(table.points.count)); all are in results.csv.</p>"
  }
  out += "<div class=\"scroll\"><table><thead><tr>"
  for axis in table.axes { out += "<th>\(escaped(axis))</th>" }
  out += "<th class=\"num\">hold %</th>"
  for metric in shown { out += "<th class=\"num\">\(escaped(table.metrics[metric]))</th>" }
  out += "</tr></thead><tbody>"
  for point in rows {
    out += "<tr>" + point.values.map { "<td>\(escaped($0))</td>" }.joined()
    out += "<td class=\"num\">\(point.hasResult ? fixed(point.heldShare * 100, 0) : "–")</td>"
    for metric in shown {
      out += "<td class=\"num\">\(table.mean(point, metric).map { fixed($0, 3) } ?? "")</td>"
    }
    out += "</tr>"
  }
  return out + "</tbody></table></div></section>"
}
