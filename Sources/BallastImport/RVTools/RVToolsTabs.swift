import BallastUnits

/// The tabs of an RVTools export that count, by lower-case name, wherever they lie.
struct RVToolsTabs {
  /// In the order in which they are reported.
  static let known = ["vInfo", "vCPU", "vMemory", "vHost", "vRP", "vCluster", "vDisk"]

  private var tabs: [String: Tab] = [:]

  subscript(name: String) -> Tab? { tabs[name] }

  init(_ path: String, _ report: inout ImportReport) throws(ImportError) {
    switch kind(of: path) {
    case .missing:
      throw ImportError(path, "there is no such file or folder", isMissing: true)
    case .folder: try readFolder(path, &report)
    case .file:
      let bytes = try readFile(path)
      if bytes.isEmpty { throw ImportError(path, "the file is empty") }
      if bytes.starts(with: [0x50, 0x4B]) || bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) {
        try readWorkbook(path, bytes, &report)
      } else if [".xlsx", ".xlsm", ".xls"].contains(where: path.lowercased().hasSuffix) {
        throw ImportError(
          path, "by its name it is a workbook, but it does not begin as one (a zip file)",
          remedy: "export it again from RVTools; a table in plain text must be called .csv")
      } else {
        try readCSV(path, bytes, tab: "vInfo", sheetName: fileName(path), &report)
      }
    }
    let missing = Self.known.filter { tabs[$0.lowercased()] == nil }
    if !missing.isEmpty {
      report.add(
        .read, "tabs that the export does not have", at: ImportPlace(fileName(path)),
        missing.joined(separator: ", "))
    }
  }

  private mutating func readFolder(
    _ path: String, _ report: inout ImportReport
  ) throws(ImportError) {
    var others: [String] = []
    var workbooks: [String] = []
    for name in try names(inFolder: path) {
      guard let tab = Self.tab(ofFile: name) else {
        if name.lowercased().hasSuffix(".xlsx") && !name.hasPrefix("~$") { workbooks.append(name) }
        others.append(name)
        continue
      }
      if tabs[tab.lowercased()] != nil {
        report.add(.ignored, "a second file of the same tab", at: ImportPlace(name), tab)
        continue
      }
      try readCSV(
        path + "/" + name, try readFile(path + "/" + name), tab: tab, sheetName: tab, &report)
    }
    if tabs.isEmpty {
      guard workbooks.count == 1 else {
        throw ImportError(
          path, "there is no RVTools_tabvInfo.csv in it",
          remedy: "name the folder of the CSV files, or the workbook itself")
      }
      let book = path + "/" + workbooks[0]
      try readWorkbook(book, try readFile(book), &report)
      return
    }
    if !others.isEmpty {
      report.add(
        .ignored, "files that are no tab Ballast uses", at: ImportPlace(fileName(path)),
        "\(others.count)")
    }
  }

  /// "RVTools_tabvInfo.csv" and "vInfo.csv" are vInfo.
  private static func tab(ofFile name: String) -> String? {
    let lower = name.lowercased()
    guard lower.hasSuffix(".csv") else { return nil }
    let stem = lower.dropLast(4)
    return known.first {
      stem == $0.lowercased() || stem.hasSuffix("tab" + $0.lowercased())
        || stem.hasSuffix("_" + $0.lowercased())
    }
  }

  private mutating func readCSV(
    _ path: String, _ bytes: [UInt8], tab: String, sheetName: String,
    _ report: inout ImportReport
  ) throws(ImportError) {
    var sheet = Sheet(name: sheetName) { Headings.all.contains($0) }
    try CSVSheet.read(bytes, into: &sheet, path: path, &report)
    if let undecoded = sheet.rows.first(where: { row in
      row.cells.contains { $0.unicodeScalars.contains("\u{FFFD}") }
    }) {
      report.add(
        .mended, "characters that could not be read",
        at: ImportPlace(sheetName, row: undecoded.number))
    }
    keep(tab, sheet, &report)
  }

  private mutating func readWorkbook(
    _ path: String, _ bytes: [UInt8], _ report: inout ImportReport
  ) throws(ImportError) {
    let book = try Workbook(bytes, path: path)
    var others: [String] = []
    for (name, part) in book.tabs {
      guard let tab = Self.known.first(where: { $0.lowercased() == name.lowercased() }) else {
        others.append(name)
        continue
      }
      var sheet = Sheet(name: tab) { Headings.all.contains($0) }
      let findings = try book.read(part, into: &sheet)
      let place = ImportPlace(tab)
      if findings.formulasWithoutValue > 0 {
        report.add(
          .mended, "formulas without a stored value; their cells count as empty", at: place,
          "\(findings.formulasWithoutValue)")
      } else if findings.formulas > 0 {
        report.add(
          .mended, "formulas; the values stored beside them count", at: place,
          "\(findings.formulas)")
      }
      if findings.errors > 0 {
        report.add(
          .mended, "cells that hold an error; they count as empty", at: place,
          "\(findings.errors)")
      }
      if findings.rowsDeclared > sheet.rows.count + 1 {
        report.add(
          .mended, "rows that the tab declares and does not fill", at: place,
          "\(findings.rowsDeclared - sheet.rows.count - 1)")
      }
      keep(tab, sheet, &report)
    }
    if !others.isEmpty {
      report.add(
        .ignored, "tabs that Ballast does not use", at: ImportPlace(fileName(path)),
        others.joined(separator: ", "))
    }
  }

  private mutating func keep(_ tab: String, _ sheet: Sheet, _ report: inout ImportReport) {
    tabs[tab.lowercased()] = Tab(name: tab, sheet: sheet)
    sheet.reportHeadings(&report)
    report.add(
      .read, "rows", at: ImportPlace(tab),
      "\(sheet.rows.count), \(sheet.headings.count) of \(sheet.headings.count + sheet.otherHeadings.count) columns used"
    )
  }
}

/// A tab with its cells by heading.
struct Tab {
  let name: String
  let sheet: Sheet

  func has(_ headings: [String]) -> Bool { sheet.column(headings) != nil }

  /// Empty where the column or the cell is.
  func text(_ row: SheetRow, _ headings: [String]) -> String {
    sheet.column(headings).map { row.cells[$0] } ?? ""
  }

  func place(_ row: SheetRow, _ headings: [String]? = nil) -> ImportPlace {
    let column = headings.flatMap(sheet.column).map { sheet.headings[$0] }
    return ImportPlace(name, row: row.number, column: column)
  }

  /// The cell in thousandths; nil where it is empty or no number, and that is reported.
  func amount(
    _ row: SheetRow, _ headings: [String], isWhole: Bool = true, _ report: inout ImportReport
  ) -> Int64? {
    let text = text(row, headings)
    if text.isEmpty { return nil }
    if let value = thousandths(text, isWhole: isWhole) { return value }
    report.add(
      .mended, "a cell that is no number counts as empty", at: place(row, headings),
      "\"\(text.prefix(40))\"")
    return nil
  }

  /// The same as a whole number, rounded half up.
  func whole(
    _ row: SheetRow, _ headings: [String], _ report: inout ImportReport
  ) -> Int64? {
    amount(row, headings, &report).map { roundedRatio($0, by: 1, over: 1_000) }
  }
}
