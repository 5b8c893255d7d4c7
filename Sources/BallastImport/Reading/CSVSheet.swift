/// Reads comma-, semicolon- or tab-separated text into a sheet.
///
/// Rule      the separator is what occurs most often outside quotes in the first line, or what a line `sep=;`
///           says; quotes and line ends inside quotes are as in RFC 4180; LF, CRLF and CR end a line.
enum CSVSheet {
  /// Reads the table, all but rows that have more cells than headings: those are in the report, see `LongRows`.
  static func read(
    _ bytes: [UInt8], into sheet: inout Sheet, path: String, _ report: inout ImportReport
  ) throws(ImportError) {
    let (text, encoding) = TextDecoding.decode(bytes)
    if encoding != .utf8 {
      report.add(
        .mended, "text that is not UTF-8", at: ImportPlace(sheet.name),
        "read as \(encoding.rawValue)")
    }
    var failure: ImportError?
    var long = LongRows()
    rows(of: text) { number, cells in
      if sheet.hasHeader { long.look(number, cells, headings: sheet.width) }
      let kept = sheet.hasHeader ? cells.prefix(sheet.width) : cells[...]
      sheet.take(row: number, cells: kept.enumerated().map { ($0.offset, $0.element) })
      return true
    } unclosed: { line in
      failure = ImportError(
        path, "a quoted cell that begins in line \(line) does not end",
        remedy: "the file looks cut; export it again")
    }
    if let failure { throw failure }
    try long.settle(&sheet, path: path, &report)
  }

  /// Calls `body` with each row until it says false. Row numbers are those of the source's records.
  static func rows(
    of text: [UInt8], _ body: (Int, [String]) -> Bool, unclosed: (Int) -> Void = { _ in }
  ) {
    text.withUnsafeBufferPointer { text in
      var at = 0
      var separator = separator(ofFirstLine: text)
      let mark = Array("sep=".utf8)
      if text.count > 5, text.prefix(4).elementsEqual(mark) {
        separator = text[4]
        while at < text.count, text[at] != 10 { at += 1 }
        at += 1
      }
      var number = at == 0 ? 0 : 1
      var line = number + 1
      while at < text.count {
        number += 1
        let began = line
        guard let cells = row(text, &at, separator, &line) else {
          unclosed(began)
          return
        }
        if !body(number, cells) { return }
      }
    }
  }

  private static func row(
    _ text: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ separator: UInt8, _ line: inout Int
  ) -> [String]? {
    let quote = UInt8(ascii: "\"")
    var cells: [String] = []
    while true {
      if at < text.count, text[at] == quote {
        var cell: [UInt8] = []
        at += 1
        while true {
          guard at < text.count else { return nil }
          if text[at] == quote {
            guard at + 1 < text.count, text[at + 1] == quote else { break }
            at += 1
          }
          if text[at] == 10 { line += 1 }
          cell.append(text[at])
          at += 1
        }
        at += 1
        // What follows a closing quote, up to the separator, belongs to the cell.
        while at < text.count, text[at] != separator, text[at] != 10, text[at] != 13 {
          cell.append(text[at])
          at += 1
        }
        cells.append(String(decoding: cell, as: UTF8.self))
      } else {
        let start = at
        while at < text.count, text[at] != separator, text[at] != 10, text[at] != 13 { at += 1 }
        cells.append(
          String(decoding: UnsafeBufferPointer(rebasing: text[start..<at]), as: UTF8.self))
      }
      guard at < text.count, text[at] == separator else { break }
      at += 1
    }
    if at < text.count, text[at] == 13 { at += 1 }
    if at < text.count, text[at] == 10 { at += 1 }
    line += 1
    return cells
  }

  private static func separator(ofFirstLine text: UnsafeBufferPointer<UInt8>) -> UInt8 {
    var counts: [(separator: UInt8, count: Int)] = [(44, 0), (59, 0), (9, 0)]
    var isQuoted = false
    for byte in text {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 10 || byte == 13 { break }
      for index in counts.indices where counts[index].separator == byte {
        counts[index].count += 1
      }
    }
    // Of equals the first: a comma.
    var best = counts[0]
    for candidate in counts where candidate.count > best.count { best = candidate }
    return best.separator
  }
}
