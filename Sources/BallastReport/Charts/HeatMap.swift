/// Rows × time in a few colour classes, one SVG path per class and group of rows: a long run of one class costs a few
/// bytes, and the lowest class is the background and costs none.
struct HeatMap {
  struct Row {
    /// Anchor to jump to; empty for none.
    var link: String
    var name: String
    var cells: ArraySlice<UInt8>
  }
  struct Group {
    var name: String
    var rows: [Row]
  }
  var id: String
  var title: String
  /// CSS class of the palette: waits or uses.
  var palette: String
  /// What classes 0 … 4 mean, for the legend.
  var classNames: [String]
  var groups: [Group]
  var columns: Int
  /// Seconds that the columns cover.
  var duration: Double

  /// Rows get their names beside them up to this many; above, names show under the pointer.
  static let namedRowsMax = 100

  var html: String {
    let rowCount = groups.reduce(0) { $0 + $1.rows.count }
    let isNamed = rowCount <= Self.namedRowsMax
    let rowHeight = isNamed ? (rowCount <= 40 ? 15 : 12) : 4
    let legend = classNames.enumerated().map { index, name in
      "<span class=\"key\"><i class=\"c\(index)\"></i>\(escaped(name))</span>"
    }.joined()
    var out = """
      <figure class="heat \(palette)" id="\(id)" data-seconds="\(coordinate(duration))" \
      data-columns="\(columns)">
      <figcaption><b>\(escaped(title))</b><span class="legend">\(legend)\
      <span class="key"><i class="off"></i>off</span></span></figcaption>

      """
    for group in groups where !group.rows.isEmpty {
      let height = group.rows.count * rowHeight
      if isNamed, !group.name.isEmpty { out += "<p class=\"group\">\(escaped(group.name))</p>" }
      let names =
        isNamed
        ? group.rows.map { row in
          row.link.isEmpty
            ? "<span>\(escaped(row.name))</span>"
            : "<a href=\"#\(row.link)\">\(escaped(row.name))</a>"
        }.joined()
        : "<span>\(escaped(group.name))</span><span class=\"n\">\(count(group.rows.count)) rows</span>"
      let list = group.rows.map(\.name).joined(separator: "\n")
      let links = group.rows.map(\.link).joined(separator: " ")
      out += """
        <div class="rows"><div class="names\(isNamed ? "" : " few")" style="--row:\(isNamed ? rowHeight : 15)px">\(names)</div>\
        <svg role="img" aria-label="\(escaped(title + " " + group.name))" width="100%" \
        height="\(height)" viewBox="0 0 \(columns) \(group.rows.count)" preserveAspectRatio="none" \
        data-names="\(escaped(list))" data-links="\(links)">\(paths(group.rows))</svg></div>

        """
    }
    let ticks = timeTicks(to: duration).enumerated().map { index, tick in
      "<span class=\"\(index % 2 == 1 ? "odd" : "")\" style=\"left:"
        + "\(coordinate(tick.time / duration * 100))%\">\(tick.label)</span>"
    }.joined()
    return out + "<div class=\"ticks\">\(ticks)</div><output class=\"read\"></output></figure>\n"
  }

  private func paths(_ rows: [Row]) -> String {
    var out = ""
    // Where a row has samples, the background of the lowest class; else the "off" of the page shows through.
    for level in 0..<5 {
      var path = ""
      for (index, row) in rows.enumerated() {
        let cells = Array(row.cells)
        var at = 0
        while at < cells.count {
          guard matches(cells[at], level) else {
            at += 1
            continue
          }
          let start = at
          while at < cells.count, matches(cells[at], level) { at += 1 }
          path += "M\(start) \(index).5h\(at - start)"
        }
      }
      if !path.isEmpty { out += "<path class=\"c\(level)\" d=\"\(path)\"/>" }
    }
    return out
  }

  private func matches(_ cell: UInt8, _ level: Int) -> Bool {
    level == 0 ? cell != HeatCells.none : cell == UInt8(level)
  }
}
