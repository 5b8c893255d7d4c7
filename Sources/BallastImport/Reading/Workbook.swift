/// An Excel workbook (Office Open XML): names of its tabs, and one tab at a time as a sheet.
///
/// Source    ECMA-376 part 1, sections 18.2 (workbook), 18.3.1 (worksheets), 18.4 (shared strings); part 2 for the
///           package. Formulas count by the value that was stored beside them.
struct Workbook {
  /// What a tab held besides plain values.
  struct Findings {
    /// Cells with a formula, and those of them without a stored value.
    var formulas = 0
    var formulasWithoutValue = 0
    /// Cells that hold an error, such as #REF!.
    var errors = 0
    /// The last row that the tab declares, filled or not.
    var rowsDeclared = 0
    init() {}
  }

  /// Names of text that all tabs share: at most this much, unpacked.
  private static let sharedTextMax = 512 << 20

  private let zip: ZipArchive
  private var strings: [String] = []
  private(set) var tabs: [(name: String, part: String)] = []

  init(_ bytes: [UInt8], path: String) throws(ImportError) {
    if bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
      throw ImportError(
        path, "the workbook is encrypted, or of Excel 2003 and older (.xls)",
        remedy: "save it as .xlsx without a password")
    }
    guard bytes.starts(with: [0x50, 0x4B]) else {
      throw ImportError(path, "this is no .xlsx workbook", remedy: "name a workbook or CSV file")
    }
    zip = try ZipArchive(bytes, path: path)
    if zip.entry(named: "EncryptedPackage") != nil {
      throw ImportError(path, "the workbook is encrypted", remedy: "save it without a password")
    }
    guard let book = zip.entry(named: "xl/workbook.xml") else {
      throw ImportError(path, "this zip file is no Excel workbook: it has no xl/workbook.xml")
    }
    var list = XMLScanner(TabList(), path: path, part: book.name)
    try zip.unpack(book) { piece throws(ImportError) in try list.take(piece) }
    try list.finish()
    var targets = XMLScanner(TargetList(), path: path, part: "xl/_rels/workbook.xml.rels")
    if let relations = zip.entry(named: "xl/_rels/workbook.xml.rels") {
      try zip.unpack(relations) { piece throws(ImportError) in try targets.take(piece) }
      try targets.finish()
    }
    for (index, tab) in list.handler.tabs.enumerated() {
      let target =
        targets.handler.targets.first { $0.id == tab.relation }?.path
        ?? "worksheets/sheet\(index + 1).xml"
      tabs.append((tab.name, target.hasPrefix("/") ? String(target.dropFirst()) : "xl/" + target))
    }
    if let shared = zip.entry(named: "xl/sharedStrings.xml") {
      guard shared.size <= Self.sharedTextMax else {
        throw ImportError(
          path, "its shared strings unpack to \(shared.size >> 20) MiB",
          remedy: "export fewer tabs")
      }
      var reader = XMLScanner(SharedStrings(), path: path, part: shared.name)
      try zip.unpack(shared) { piece throws(ImportError) in try reader.take(piece) }
      try reader.finish()
      strings = reader.handler.strings
    }
  }

  /// Reads a tab into a sheet. Rows without text cost no memory.
  func read(_ part: String, into sheet: inout Sheet) throws(ImportError) -> Findings {
    guard let entry = zip.entry(named: part) else {
      throw ImportError(
        zip.path, "the tab \(sheet.name) is named, but its part \(part) is missing",
        remedy: "get the file again")
    }
    var reader = XMLScanner(
      SheetRows(sheet: sheet, strings: strings), path: zip.path, part: part)
    // The sheet is in the reader now; a second owner would mean a copy per row.
    sheet = Sheet(name: sheet.name) { _ in false }
    try zip.unpack(entry) { piece throws(ImportError) in try reader.take(piece) }
    try reader.finish()
    sheet = reader.handler.sheet
    return reader.handler.findings
  }
}

/// <sheets><sheet name="vInfo" r:id="rId3"/>
private struct TabList: XMLHandler {
  var tabs: [(name: String, relation: String)] = []
  var wantsText: Bool { false }
  var isDone: Bool { false }

  mutating func start(_ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer) {
    guard isNamed(name, "sheet"), let label = attribute("name", in: attributes) else { return }
    let relation = attribute("r:id", in: attributes).map(unescaped) ?? ""
    tabs.append((unescaped(label), relation))
  }
  mutating func end(_ name: UnsafeRawBufferPointer) {}
  mutating func text(_ bytes: UnsafeRawBufferPointer, isLiteral: Bool) {}
}

/// <Relationship Id="rId3" Target="worksheets/sheet1.xml"/>
private struct TargetList: XMLHandler {
  var targets: [(id: String, path: String)] = []
  var wantsText: Bool { false }
  var isDone: Bool { false }

  mutating func start(_ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer) {
    guard isNamed(name, "Relationship"), let id = attribute("Id", in: attributes),
      let target = attribute("Target", in: attributes)
    else { return }
    targets.append((unescaped(id), unescaped(target)))
  }
  mutating func end(_ name: UnsafeRawBufferPointer) {}
  mutating func text(_ bytes: UnsafeRawBufferPointer, isLiteral: Bool) {}
}

/// <si><t>text</t></si> or <si><r><t>te</t></r><r><t>xt</t></r></si>; readings of Japanese (rPh) are left out.
private struct SharedStrings: XMLHandler {
  var strings: [String] = []
  private var current: [UInt8] = []
  private var isInText = false
  private var isInReading = false

  init() {}
  var wantsText: Bool { isInText && !isInReading }
  var isDone: Bool { false }

  mutating func start(_ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer) {
    if isNamed(name, "t") {
      isInText = true
    } else if isNamed(name, "si") {
      current.removeAll(keepingCapacity: true)
    } else if isNamed(name, "rPh") {
      isInReading = true
    }
  }

  mutating func end(_ name: UnsafeRawBufferPointer) {
    if isNamed(name, "t") {
      isInText = false
    } else if isNamed(name, "rPh") {
      isInReading = false
    } else if isNamed(name, "si") {
      strings.append(current.withUnsafeBytes(unescaped))
    }
  }

  mutating func text(_ bytes: UnsafeRawBufferPointer, isLiteral: Bool) { current += bytes }
}

/// <row r="2"><c r="A2" t="s"><f>…</f><v>7</v></c>…</row>
private struct SheetRows: XMLHandler {
  var sheet: Sheet
  var findings = Workbook.Findings()
  private let strings: [String]
  private var row = 0
  private var cells: [(column: Int, text: String)] = []
  private var column = -1
  private var type: UInt8 = 0
  private var value: [UInt8] = []
  private var isInValue = false
  private var hasFormula = false

  init(sheet: Sheet, strings: [String]) {
    self.sheet = sheet
    self.strings = strings
  }

  var wantsText: Bool { isInValue }
  private(set) var isDone = false

  mutating func start(_ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer) {
    if isNamed(name, "c") {
      column = columnIndex(attributes) ?? column + 1
      // The first letter tells: s(hared), str, inlineStr, n(umber), b(oolean), e(rror), d(ate).
      let kind = attribute("t", in: attributes)
      type = kind?.first ?? UInt8(ascii: "n")
      if type == UInt8(ascii: "s"), kind?.count != 1 { type = UInt8(ascii: "i") }
      value.removeAll(keepingCapacity: true)
      hasFormula = false
    } else if isNamed(name, "v") || isNamed(name, "t") {
      isInValue = true
    } else if isNamed(name, "f") {
      hasFormula = true
    } else if isNamed(name, "row") {
      row = attribute("r", in: attributes).flatMap(number) ?? row + 1
      findings.rowsDeclared = max(findings.rowsDeclared, row)
      column = -1
      cells.removeAll(keepingCapacity: true)
    }
  }

  mutating func end(_ name: UnsafeRawBufferPointer) {
    if isNamed(name, "c") {
      endCell()
    } else if isNamed(name, "v") || isNamed(name, "t") {
      isInValue = false
    } else if isNamed(name, "row") {
      if !cells.isEmpty { sheet.take(row: row, cells: cells) }
    } else if isNamed(name, "sheetData") {
      isDone = true
    }
  }

  mutating func text(_ bytes: UnsafeRawBufferPointer, isLiteral: Bool) { value += bytes }

  private mutating func endCell() {
    if hasFormula {
      findings.formulas += 1
      if value.isEmpty { findings.formulasWithoutValue += 1 }
    }
    // ECMA-376 has 16,384 columns.
    guard !value.isEmpty, column >= 0, column < 16_384 else { return }
    let text = value.withUnsafeBytes(unescaped)
    switch type {
    case UInt8(ascii: "s"):
      if let index = Int(text), strings.indices.contains(index) {
        cells.append((column, strings[index]))
      } else {
        findings.errors += 1
      }
    case UInt8(ascii: "e"): findings.errors += 1
    case UInt8(ascii: "b"): cells.append((column, text == "1" ? "true" : "false"))
    default: cells.append((column, text))
    }
  }

  private func number(_ digits: UnsafeRawBufferPointer) -> Int? {
    var value = 0
    for digit in digits {
      guard digit >= 48, digit <= 57, value < 100_000_000 else { return nil }
      value = value * 10 + Int(digit - 48)
    }
    return value
  }

  /// r="CL17": letters count in base 26, from A = 1.
  private func columnIndex(_ attributes: UnsafeRawBufferPointer) -> Int? {
    guard let reference = attribute("r", in: attributes) else { return nil }
    var index = 0
    for letter in reference {
      guard letter >= 65, letter <= 90, index < 100_000 else { break }
      index = index * 26 + Int(letter - 64)
    }
    return index > 0 ? index - 1 : nil
  }
}
