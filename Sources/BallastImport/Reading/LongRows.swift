/// Rows of a CSV file with more cells than there are headings. A number such as 1,024 without quotes makes two cells of
/// one, and all cells behind it stand one column too far: such a row tells lies, and is left out.
///
/// Rule      where all rows have the same number of empty cells behind the headings, lines just end in separators, and
///           all is well; unless every row also has two cells that look like one number.
struct LongRows {
  private struct Row {
    var number: Int
    var cells: Int
    /// Cells behind the headings have no text.
    var isBlank: Bool
    /// Two cells that together look like a number with a thousands separator.
    var pair: (String, String)?
  }
  private var rows: [Row] = []
  private var headings = 0
  /// Rows with text, below the headings.
  private var rowCount = 0

  mutating func look(_ number: Int, _ cells: [String], headings: Int) {
    guard cells.contains(where: { !isBlank($0) }) else { return }
    self.headings = headings
    rowCount += 1
    guard cells.count > headings else { return }
    let blank = cells[headings...].allSatisfy(isBlank)
    let second = cells.indices.dropFirst().first { Self.isGroup(cells[$0 - 1], cells[$0]) }
    rows.append(
      Row(
        number: number, cells: cells.count, isBlank: blank,
        pair: second.map { (trimmed(cells[$0 - 1]), trimmed(cells[$0])) }))
  }

  /// Takes such rows out of the sheet and reports them.
  ///
  /// - Throws: where no row is left.
  func settle(
    _ sheet: inout Sheet, path: String, _ report: inout ImportReport
  ) throws(ImportError) {
    guard let first = rows.first, !areSeparatorsAtTheEnd else { return }
    let cause =
      "a separator without quotes in a name or number, such as 1,024, moves the cells behind it"
    if rows.count == rowCount {
      throw ImportError(
        path, "all rows have more cells than there are headings (here \(words(first))): \(cause)",
        remedy: "export with quotes, or with another separator",
        at: ImportPlace(sheet.name, row: first.number))
    }
    sheet.drop(rows: Set(rows.map(\.number)))
    for row in rows {
      report.add(
        .ignored, "a row with more cells than there are headings: \(cause)",
        at: ImportPlace(sheet.name, row: row.number), words(row))
    }
  }

  private var areSeparatorsAtTheEnd: Bool {
    rows.count == rowCount && rows.allSatisfy { $0.isBlank && $0.cells == rows[0].cells }
      && rows.contains { $0.pair == nil }
  }

  private func words(_ row: Row) -> String {
    "\(row.cells) cells, \(headings) headings"
      + (row.pair.map { "; \"\($0.0)\" and \"\($0.1)\" may be one number" } ?? "")
  }

  /// 1 to 3 digits, then exactly 3.
  private static func isGroup(_ first: String, _ second: String) -> Bool {
    let (first, second) = (trimmed(first).utf8, trimmed(second).utf8)
    return (1...3).contains(first.count) && second.count == 3
      && (Array(first) + second).allSatisfy { (48...57).contains($0) }
  }
}
