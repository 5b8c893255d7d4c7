/// Lines, bands and points over a numeric axis: curves of a sweep, two runs on one axis. A picture, without script.
struct PlainChart {
  struct Line {
    var name: String
    /// CSS class of its colour.
    var style: String
    var isDashed = false
    /// x, y, and where the band about it ends.
    var points: [(x: Double, y: Double, low: Double, high: Double)]
    /// Places of the x axis without a value: points on either side of one are not joined.
    var gaps: [Double] = []
    var isJoined = true

    /// Points that are joined with each other, from left to right.
    fileprivate var stretches: [[(x: Double, y: Double, low: Double, high: Double)]] {
      var stretches: [[(x: Double, y: Double, low: Double, high: Double)]] = []
      for point in points {
        if let last = stretches.last?.last, !gaps.contains(where: { last.x < $0 && $0 < point.x }) {
          stretches[stretches.count - 1].append(point)
        } else {
          stretches.append([point])
        }
      }
      return stretches
    }
  }
  var title: String
  var unit: String
  var xTitle: String
  var lines: [Line]
  /// Words for places of the x axis.
  var ticks: [(x: Double, label: String)]
  /// Places that the x axis covers at least, with points or without.
  var places: [Double] = []

  private static let (width, height) = (560.0, 220.0)

  var html: String {
    let points = lines.flatMap(\.points)
    let covered = points.map(\.x) + ticks.map(\.x) + places
    let (left, right) = (covered.min() ?? 0, covered.max() ?? 1)
    let axis = Axis(upTo: points.map(\.high).max() ?? 1)
    func x(_ value: Double) -> Double {
      right > left ? 46 + (value - left) / (right - left) * (Self.width - 66) : Self.width / 2
    }
    func y(_ value: Double) -> Double {
      8 + (1 - min(max(value, 0), axis.top) / axis.top) * (Self.height - 44)
    }
    func place(_ point: (Double, Double)) -> String {
      "\(coordinate(x(point.0))) \(coordinate(y(point.1)))"
    }
    var svg = ""
    for tick in axis.ticks {
      svg +=
        "<path class=\"grid\" d=\"M46 \(coordinate(y(tick)))H\(coordinate(Self.width - 20))\"/>"
      svg +=
        "<text class=\"y\" x=\"42\" y=\"\(coordinate(y(tick) + 4))\">\(axis.label(tick))</text>"
    }
    for tick in ticks {
      svg +=
        "<text class=\"x\" x=\"\(coordinate(x(tick.x)))\" y=\"\(coordinate(Self.height - 20))\">"
        + "\(escaped(tick.label))</text>"
    }
    svg +=
      "<text class=\"x\" x=\"\(coordinate(Self.width / 2))\" y=\"\(coordinate(Self.height - 3))\">"
      + "\(escaped(xTitle))</text>"
    for line in lines where !line.points.isEmpty {
      svg += "<g class=\"\(line.style)\">"
      let stretches = line.isJoined ? line.stretches : []
      for stretch in stretches where stretch.contains(where: { $0.high > $0.low }) {
        let edge = stretch.map { ($0.x, $0.high) } + stretch.reversed().map { ($0.x, $0.low) }
        svg += "<path class=\"fill\" d=\"M\(edge.map(place).joined(separator: "L"))Z\"/>"
      }
      for stretch in stretches where stretch.count > 1 {
        let way = stretch.map { place(($0.x, $0.y)) }.joined(separator: "L")
        svg += "<path class=\"line\(line.isDashed ? " dashed" : "")\" d=\"M\(way)\"/>"
      }
      // Where lines have many points the way shows them; one between gaps has no way.
      let shown =
        line.isJoined && line.points.count > 24
        ? stretches.filter { $0.count == 1 }.flatMap { $0 } : line.points
      for point in shown {
        svg +=
          "<circle cx=\"\(coordinate(x(point.x)))\" cy=\"\(coordinate(y(point.y)))\" r=\"3\" "
          + "style=\"fill:var(--k)\"><title>\(escaped(line.name)): \(fixed(point.y, 3))</title></circle>"
      }
      svg += "</g>"
    }
    let keys = lines.map {
      "<span class=\"key \($0.style)\"><i class=\"\($0.isDashed ? "dashed" : "")\"></i>\(escaped($0.name))</span>"
    }.joined()
    return """
      <figure class="card chart"><figcaption><b>\(escaped(title))</b><span class="unit">\(escaped(unit))</span>\
      <span class="legend">\(keys)</span></figcaption><div class="plot" style="padding:0">\
      <svg role="img" aria-label="\(escaped(title))" viewBox="0 0 \(coordinate(Self.width)) \
      \(coordinate(Self.height))" width="100%">\(svg)</svg></div></figure>

      """
  }

  /// Colours in order; after the last they start again.
  static let styles = [
    "used", "demand", "entitled", "ready", "memory", "limited", "median", "worst",
  ]
}

/// A page of its own: one file, no network, no script.
func plainPage(title: String, kicker: String, body: String) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8"/>
  <meta name="viewport" content="width=device-width, initial-scale=1"/>
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
  <meta name="color-scheme" content="light dark"/>
  <title>\(escaped(title)) · Ballast</title>
  <style>\(pageStyle)</style>
  </head>
  <body>
  <header><p class="kicker">\(escaped(kicker))</p><h1>\(escaped(title))</h1></header>
  <main>
  \(body)
  </main>
  <footer>Made by Ballast. This file needs no network.</footer>
  </body>
  </html>

  """
}
