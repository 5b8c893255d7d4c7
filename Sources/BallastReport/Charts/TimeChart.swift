import BallastUnits

/// A chart over time: steps, because a sample is a mean over its interval and not a point.
struct TimeChart {
  enum Kind: String { case area, line, dashed }

  struct Series {
    var name: String
    /// CSS class that gives the colour: used, demand, entitled, capacity, ready, limited, median.
    var style: String
    var kind: Kind
    var values: [Double]
  }

  /// A range between two series.
  struct Band {
    var name: String
    var style: String
    var low: [Double]
    var high: [Double]
  }

  /// A horizontal line at a threshold.
  struct Mark {
    var value: Double
    var label: String
  }

  var id: String
  var title: String
  var unit: String
  var height: Int
  var series: [Series]
  var band: Band?
  var marks: [Mark] = []
  /// The axis reaches at least here, so that charts beside each other compare and noise stays small.
  var topAtLeast = 0.0
  /// The axis ends here at the latest; above it lines are cut.
  var topAtMost = Double.infinity
  var hasTimeAxis = true
  /// Shows the whole run below the chart, to choose a part of it.
  var hasRangeSelector = false
  /// The series stand on each other, the last one at the bottom.
  var isStacked = false
}

/// Adds charts to a page: each as an SVG, and its numbers once more as JSON for the interactive form.
///
/// The SVG has no viewBox of its own. Its plot area is stretched by an inner one, labels are placed in percent: so text
/// keeps its size on a phone and on a wide screen, and nothing has to be measured by a script.
struct ChartWriter {
  let sampling: Sampling
  /// Distinguishes charts of different sampling on one page.
  let timesKey: String
  private(set) var json: [String] = []

  init(_ times: TimeGrid, pointsMax: Int, timesKey: String) {
    sampling = Sampling(times, pointsMax: pointsMax)
    self.timesKey = timesKey
  }

  /// The JSON of the time axis: starts of the points, and the end.
  var timesJSON: String {
    "\(jsonString(timesKey)):["
      + (sampling.starts + [sampling.end]).map { coordinate($0) }
      .joined(separator: ",") + "]"
  }

  mutating func html(_ chart: TimeChart) -> String {
    var drawn = chart
    drawn.series = chart.series.map { series in
      var reduced = series
      // A stack shows one sample of a bucket whole: extremes of its layers do not add up.
      reduced.values =
        chart.isStacked
        ? sampling.reduce(series.values) { $0.last } : sampling.reduce(series.values)
      return reduced
    }
    if let band = chart.band {
      drawn.band?.low = sampling.reduce(band.low) { $0.min() }
      drawn.band?.high = sampling.reduce(band.high) { $0.max() }
    }
    drawn.series.removeAll { series in !series.values.contains { $0.isFinite } }
    if chart.isStacked { drawn.series = stacked(drawn.series) }
    let largest =
      (drawn.series.map(\.values) + [drawn.band?.high ?? []]).joined().filter(\.isFinite).max() ?? 0
    let axis = Axis(
      upTo: min(max(largest, chart.topAtLeast), chart.topAtMost), steps: chart.height < 100 ? 2 : 4)
    let own = chart.isStacked ? unstacked(drawn) : drawn
    json.append(numbers(own, axis))
    return figure(drawn, axis)
  }

  /// Each series with all below it.
  private func stacked(_ series: [TimeChart.Series]) -> [TimeChart.Series] {
    var sums = [Double](repeating: 0, count: sampling.starts.count)
    return series.reversed().map { layer in
      var sum = layer
      for index in layer.values.indices {
        if layer.values[index].isFinite { sums[index] += max(0, layer.values[index]) }
        sum.values[index] = layer.values[index].isFinite ? sums[index] : .nan
      }
      return sum
    }.reversed()
  }

  private func unstacked(_ chart: TimeChart) -> TimeChart {
    var own = chart
    for index in chart.series.indices.dropLast() {
      own.series[index].values = zip(
        chart.series[index].values, chart.series[index + 1].values
      ).map { $1.isFinite ? $0 - $1 : $0 }
    }
    return own
  }

  private func figure(_ chart: TimeChart, _ axis: Axis) -> String {
    var keys = chart.series.map { ($0.name, $0.style, $0.kind.rawValue) }
    if let band = chart.band { keys.append((band.name, band.style, "band")) }
    let legend = keys.map { name, style, kind in
      "<span class=\"key\"><i class=\"\(style) \(kind)\"></i>\(escaped(name))</span>"
    }.joined()
    let bottom = chart.hasTimeAxis ? "" : " bare"
    return """
      <figure class="chart\(bottom)" id="\(chart.id)" data-h="\(chart.height)">
      <figcaption><b>\(escaped(chart.title))</b> <span class="unit">\(escaped(chart.unit))</span>\
      <span class="legend">\(legend)</span></figcaption>
      <div class="plot">\(svg(chart, axis))</div></figure>

      """
  }

  private func svg(_ chart: TimeChart, _ axis: Axis) -> String {
    let words = "\(chart.title) in \(chart.unit) over time"
    var out =
      "<svg role=\"img\" aria-label=\"\(escaped(words))\" width=\"100%\" height=\"\(chart.height)\">"
    for tick in axis.ticks {
      let y = percentText(1 - tick / axis.top)
      out += "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"\(y)\" y2=\"\(y)\"/>"
      out += "<text class=\"y\" x=\"-8\" y=\"\(y)\" dy=\".32em\">\(axis.label(tick))</text>"
    }
    for (index, tick) in timeTicks(to: sampling.end).enumerated() {
      let x = percentText(tick.time / sampling.end)
      out += "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"100%\"/>"
      guard chart.hasTimeAxis else { continue }
      let other = index % 2 == 1 ? " odd" : ""
      out += "<text class=\"x\(other)\" x=\"\(x)\" y=\"100%\" dy=\"1.5em\">\(tick.label)</text>"
    }
    out += "<svg viewBox=\"0 0 1000 \(chart.height)\" preserveAspectRatio=\"none\" width=\"100%\" "
    out += "height=\"\(chart.height)\">"
    if let band = chart.band {
      out += "<path class=\"\(band.style) fill\" d=\"\(area(band.low, band.high, chart, axis))\"/>"
    }
    for (index, series) in chart.series.enumerated() where series.kind == .area {
      let below = chart.isStacked && index + 1 < chart.series.count
      let floor =
        below
        ? chart.series[index + 1].values : series.values.map { $0.isFinite ? 0 : Double.nan }
      let stack = chart.isStacked ? " stack" : ""
      out +=
        "<path class=\"\(series.style) fill\(stack)\" d=\"\(area(floor, series.values, chart, axis))\"/>"
    }
    for series in chart.series {
      let dashed = series.kind == .dashed ? " dashed" : ""
      out +=
        "<path class=\"\(series.style) line\(dashed)\" d=\"\(line(series.values, chart, axis))\"/>"
    }
    out += "</svg>"
    // From above; a label closer than its height to the one before is left out.
    var labelled = -100.0
    for mark in chart.marks.sorted(by: { $0.value > $1.value }) where mark.value < axis.top {
      let position = (1 - mark.value / axis.top) * Double(chart.height)
      let y = percentText(1 - mark.value / axis.top)
      out += "<line class=\"mark\" x1=\"0\" x2=\"100%\" y1=\"\(y)\" y2=\"\(y)\"/>"
      if !mark.label.isEmpty, position - labelled >= 14 {
        labelled = position
        out +=
          "<text class=\"mark\" x=\"100%\" dx=\"-3\" y=\"\(y)\" dy=\"-3\">\(escaped(mark.label))</text>"
      }
    }
    return out + "</svg>"
  }

  /// Steps from left to right; gaps where there is no value.
  private func line(_ values: [Double], _ chart: TimeChart, _ axis: Axis) -> String {
    var path = ""
    var previous = ""
    for (index, value) in values.enumerated() {
      guard value.isFinite else {
        previous = ""
        continue
      }
      let level = y(value, chart, axis)
      if previous.isEmpty {
        path += "M\(x(index)) \(level)"
      } else if previous != level {
        path += "V\(level)"
      }
      // Equal neighbours make one step.
      let isLast = index + 1 == values.count || !values[index + 1].isFinite
      if isLast || y(values[index + 1], chart, axis) != level { path += "H\(x(index + 1))" }
      previous = level
    }
    return path
  }

  /// One closed shape per run of values: along the upper edge and back along the lower.
  private func area(
    _ low: [Double], _ high: [Double], _ chart: TimeChart, _ axis: Axis
  ) -> String {
    var path = ""
    var index = 0
    while index < high.count {
      guard high[index].isFinite, low[index].isFinite else {
        index += 1
        continue
      }
      var end = index
      while end < high.count, high[end].isFinite, low[end].isFinite { end += 1 }
      path += "M\(x(index)) \(y(low[index], chart, axis))"
      var previous = ""
      for at in index..<end {
        let level = y(high[at], chart, axis)
        if level != previous { path += (at == index ? "" : "H\(x(at))") + "V\(level)" }
        previous = level
      }
      path += "H\(x(end))"
      previous = ""
      for at in (index..<end).reversed() {
        let level = y(low[at], chart, axis)
        if level != previous { path += (at == end - 1 ? "" : "H\(x(at + 1))") + "V\(level)" }
        previous = level
      }
      path += "Z"
      index = end
    }
    return path
  }

  private func x(_ index: Int) -> String {
    let time = index < sampling.starts.count ? sampling.starts[index] : sampling.end
    return coordinate(sampling.end > 0 ? time / sampling.end * 1_000 : 0)
  }

  private func y(_ value: Double, _ chart: TimeChart, _ axis: Axis) -> String {
    let part = min(1, max(0, value / axis.top))
    return coordinate((1 - part) * Double(chart.height))
  }

  private func numbers(_ chart: TimeChart, _ axis: Axis) -> String {
    func numbers(_ values: [Double]) -> String {
      // Three significant digits are what a cursor readout can use; the CSV file has the rest.
      let places = axis.top >= 1_000 ? 0 : axis.top >= 100 ? 1 : axis.top >= 1 ? 2 : 4
      return "["
        + values.map { $0.isFinite ? trimmed(fixed($0, places)) : "null" }
        .joined(separator: ",") + "]"
    }
    var fields = [
      "\"id\":\(jsonString(chart.id))", "\"t\":\(jsonString(timesKey))",
      "\"u\":\(jsonString(chart.unit))",
      "\"top\":\(trimmed(fixed(axis.top, 4)))",
      "\"y\":[" + axis.ticks.map { jsonString(axis.label($0)) }.joined(separator: ",") + "]",
      "\"s\":["
        + chart.series.map {
          "{\"n\":\(jsonString($0.name)),\"c\":\(jsonString($0.style)),"
            + "\"k\":\(jsonString($0.kind.rawValue)),\"v\":\(numbers($0.values))}"
        }.joined(separator: ",") + "]",
    ]
    if let band = chart.band {
      fields.append(
        "\"b\":{\"n\":\(jsonString(band.name)),\"c\":\(jsonString(band.style)),"
          + "\"lo\":\(numbers(band.low)),\"hi\":\(numbers(band.high))}")
    }
    if !chart.marks.isEmpty {
      let marks = chart.marks.map { trimmed(fixed($0.value, 2)) }.joined(separator: ",")
      fields.append("\"m\":[\(marks)]")
    }
    if chart.isStacked { fields.append("\"st\":1") }
    if chart.hasRangeSelector { fields.append("\"r\":1") }
    return "{" + fields.joined(separator: ",") + "}"
  }
}

/// At most one decimal, without a needless ".0": a tenth of a pixel is enough.
func coordinate(_ value: Double) -> String { trimmed(fixed(value, 1)) }

/// Without trailing zeros behind the point.
func trimmed(_ text: String) -> String {
  guard text.utf8.contains(UInt8(ascii: ".")) else { return text }
  var end = text.endIndex
  while text[text.index(before: end)] == "0" { end = text.index(before: end) }
  if text[text.index(before: end)] == "." { end = text.index(before: end) }
  return String(text[..<end])
}

private func percentText(_ part: Double) -> String { trimmed(fixed(part * 100, 2)) + "%" }
