/// A table of an export: a header and the rows that hold anything.
///
/// Only columns that a reader asked for are kept: an export of 100,000 VMs has 90 columns, of which a dozen count.
struct Sheet {
  var name: String
  /// Headings that were kept, as they are written.
  private(set) var headings: [String] = []
  /// `normalised(heading)` → place in a row's cells.
  private var columns: [String: Int] = [:]
  /// Columns that were not asked for.
  private(set) var otherHeadings: [String] = []
  private(set) var rows: [SheetRow] = []
  /// For each column of the source, where its cells go.
  private var slots: [Int?] = []
  /// For each column of the source, whether it has a heading.
  private var isNamed: [Bool] = []
  private(set) var hasHeader = false
  /// Headings that mean what one before them means, with their places; the first one counts.
  private(set) var repeatedHeadings: [ImportPlace] = []
  /// Columns with text below no heading, and the first row that has such.
  private(set) var unheaded: (columns: Set<Int>, row: Int)?
  /// Columns up to the last heading, with those between that have none.
  var width: Int { slots.count }
  private let wants: (String) -> Bool

  /// - Parameter wants: whether a column with this normalised heading is kept.
  init(name: String, wants: @escaping (String) -> Bool) {
    self.name = name
    self.wants = wants
  }

  /// Takes a row of the source; the first with any text is the header. Rows without text are dropped.
  mutating func take(row number: Int, cells: [(column: Int, text: String)]) {
    guard cells.contains(where: { !isBlank($0.text) }) else { return }
    guard hasHeader else {
      hasHeader = true
      for (column, text) in cells {
        let heading = trimmed(text)
        while slots.count <= column {
          slots.append(nil)
          isNamed.append(false)
        }
        guard !heading.isEmpty else { continue }
        isNamed[column] = true
        let key = normalisedHeading(heading)
        // Of headings alike the first one counts.
        if wants(key) && columns[key] == nil {
          columns[key] = headings.count
          slots[column] = headings.count
          headings.append(heading)
        } else {
          if wants(key) { repeatedHeadings.append(ImportPlace(name, row: number, column: heading)) }
          otherHeadings.append(heading)
        }
      }
      return
    }
    var row = SheetRow(number: number, cells: [String](repeating: "", count: headings.count))
    var hasText = false
    for (column, text) in cells {
      guard column < slots.count, let slot = slots[column] else {
        if column >= isNamed.count || !isNamed[column], !isBlank(text) {
          unheaded = unheaded ?? ([], number)
          unheaded!.columns.insert(column)
        }
        continue
      }
      row.cells[slot] = trimmed(text)
      if !row.cells[slot].isEmpty { hasText = true }
    }
    if hasText { rows.append(row) }
  }

  /// Takes rows out, by number.
  mutating func drop(rows numbers: Set<Int>) {
    rows.removeAll { numbers.contains($0.number) }
  }

  /// What is odd about the headings.
  func reportHeadings(_ report: inout ImportReport) {
    for place in repeatedHeadings {
      report.add(.ignored, "a column whose heading occurs before; the first counts", at: place)
    }
    if let unheaded {
      report.add(
        .ignored, "columns with text and without a heading",
        at: ImportPlace(name, row: unheaded.row), "\(unheaded.columns.count)")
    }
  }

  /// The first of the columns that is there, by normalised headings.
  func column(_ names: [String]) -> Int? {
    for name in names {
      if let index = columns[name] { return index }
    }
    return nil
  }
}

struct SheetRow {
  /// As a spreadsheet shows it, from 1.
  var number: Int
  var cells: [String]
}

/// "Provisioned MiB" and "In use (MB)" as "provisioned" and "in use": versions differ in units' names, case and
/// punctuation. `#` and `%` stay, they tell headings apart.
func normalisedHeading(_ heading: String) -> String {
  var words: [String] = [""]
  for scalar in heading.lowercased().unicodeScalars {
    if scalar == "#" || scalar == "%" || scalar.properties.isAlphabetic
      || ("0"..."9").contains(scalar)
    {
      words[words.count - 1].unicodeScalars.append(scalar)
    } else if words.last != "" {
      words.append("")
    }
  }
  if words.last == "" { words.removeLast() }
  // RVTools 3 says MB and means MiB, version 4 says MiB: the numbers are the same.
  while words.count > 1, let last = words.last, ["mb", "mib", "mhz"].contains(last) {
    words.removeLast()
  }
  return words.joined(separator: " ")
}

func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(isSpace) }

func trimmed(_ text: String) -> String {
  let scalars = text.unicodeScalars
  guard let first = scalars.first, let last = scalars.last, isSpace(first) || isSpace(last) else {
    return text
  }
  guard let start = scalars.firstIndex(where: { !isSpace($0) }),
    let end = scalars.lastIndex(where: { !isSpace($0) })
  else { return "" }
  return String(scalars[start...end])
}

/// No-break spaces count: desktops put them between thousands.
private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
  scalar == " " || scalar == "\t" || scalar == "\r" || scalar == "\n" || scalar == "\u{A0}"
    || scalar == "\u{202F}"
}
