extension RunComparison {
  /// `compare.html`: what differs beyond noise, both runs on one axis, and all rows.
  public func page(confidence: Double) -> String {
    var body = """
      <section id="verdict"><div class="verdict"><h2>\(count(realCount)) of \(count(rows.count)) quantities \
      differ by more than noise</h2><p class="story">A is \(escaped(a)), B is \(escaped(b)).</p></div></section>

      """
    for text in notes { body += "<p class=\"note\">\(escaped(text))</p>" }
    let charts = courses.filter { !$0.a.isEmpty && !$0.b.isEmpty }
    if !charts.isEmpty {
      body += "<section id=\"course\"><h2>Both on one axis</h2><div class=\"cards\">"
      for course in charts {
        func line(_ name: String, _ style: String, _ points: [(Double, Double)]) -> PlainChart.Line
        {
          // At most 600 points: more than there are pixels.
          let every = max(points.count / 600, 1)
          return PlainChart.Line(
            name: name, style: style, isDashed: name == "B",
            points: points.enumerated().filter { $0.offset % every == 0 }
              .map { ($0.element.0, $0.element.1, $0.element.1, $0.element.1) })
        }
        let end = max(course.a.last!.0, course.b.last!.0)
        body +=
          PlainChart(
            title: course.title, unit: course.unit, xTitle: "time",
            lines: [line("A", "used", course.a), line("B", "demand", course.b)],
            ticks: timeTicks(to: end * 3_600).map { ($0.time / 3_600, $0.label) }
          ).html
      }
      body += "</div></section>\n"
    }
    for (title, kinds) in [
      ("The run", ["run", "point"]), ("Hosts", ["host"]), ("VMs", ["vm"]),
    ] {
      let chosen = rows.filter { kinds.contains($0.kind) }
      if chosen.isEmpty { continue }
      body += "<section><h2>\(title)</h2>\(table(chosen, confidence))</section>\n"
    }
    return plainPage(title: "\(a) and \(b)", kicker: "Comparison", body: body)
  }

  private func table(_ rows: [ComparedRow], _ confidence: Double) -> String {
    let shown = rows.prefix(1_000)
    var out =
      shown.count < rows.count
      ? "<p class=\"note\">The first 1,000 of \(count(rows.count)), the surest differences first.</p>"
      : ""
    out +=
      "<div class=\"scroll tall\"><table><thead><tr><th>verdict</th><th>whose</th><th>metric</th>"
    out += "<th class=\"num\">A</th><th class=\"num\">B</th><th class=\"num\">B − A</th>"
    out +=
      "<th class=\"num\">\(trimmed(fixed(confidence * 100, 1))) % interval</th><th>A and B</th></tr></thead><tbody>"
    for row in shown {
      let isEqual = row.difference == 0
      let verdict =
        row.isReal ? "differs" : isEqual ? "equal" : row.interval == nil ? "–" : "noise"
      let interval = row.interval.map { "\(fixed($0.low, 3)) … \(fixed($0.high, 3))" } ?? ""
      out += "<tr><td>\(verdict)</td><td>\(escaped(row.entity))</td><td>\(escaped(row.metric))</td>"
      out += "<td class=\"num\">\(fixed(row.a, 3))</td><td class=\"num\">\(fixed(row.b, 3))</td>"
      out += "<td class=\"num\">\(fixed(row.difference, 3))</td><td class=\"num\">\(interval)</td>"
      out += "<td>\(bars(row))</td></tr>"
    }
    return out + "</tbody></table></div>"
  }

  /// Both values on one scale.
  private func bars(_ row: ComparedRow) -> String {
    let top = max(abs(row.a), abs(row.b))
    guard top > 0 else { return "" }
    func bar(_ value: Double, _ y: Int, _ style: String) -> String {
      "<rect class=\"\(style)\" x=\"0\" y=\"\(y)\" width=\"\(coordinate(abs(value) / top * 100))\" "
        + "height=\"5\" style=\"fill:var(--k)\"/>"
    }
    return "<svg role=\"img\" aria-label=\"A and B\" width=\"100\" height=\"13\">"
      + bar(row.a, 0, "used") + bar(row.b, 7, "demand") + "</svg>"
  }
}
