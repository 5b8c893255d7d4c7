import Foundation

/// A Jupyter notebook, as text of nbformat 4.5.
///
/// The same content gives the same bytes: keys are sorted and a cell's id is its own name, never a random one.
/// Source: nbformat.readthedocs.io, "The Jupyter Notebook format".
struct Notebook {
  struct Cell {
    /// Unique in the notebook: letters, digits, - and _.
    var id: String
    var isCode: Bool
    var tags: [String] = []
    var text: String

    static func words(_ id: String, _ text: String) -> Cell {
      Cell(id: id, isCode: false, text: text)
    }
    static func code(_ id: String, tags: [String] = [], _ text: String) -> Cell {
      Cell(id: id, isCode: true, tags: tags, text: text)
    }
  }

  var cells: [Cell]

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(Stored(cells)) else {
      preconditionFailure("a notebook of plain text cannot be encoded")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// The file as the format has it.
  private struct Stored: Encodable {
    struct StoredCell: Encodable {
      struct Metadata: Encodable {
        var tags: [String]?
      }
      let cell: Cell
      enum Key: String, CodingKey {
        case type = "cell_type"
        case count = "execution_count"
        case id, metadata, outputs, source
      }
      func encode(to encoder: any Encoder) throws {
        var keyed = encoder.container(keyedBy: Key.self)
        try keyed.encode(cell.isCode ? "code" : "markdown", forKey: .type)
        try keyed.encode(cell.id, forKey: .id)
        try keyed.encode(
          Metadata(tags: cell.tags.isEmpty ? nil : cell.tags), forKey: .metadata)
        if cell.isCode {
          try keyed.encodeNil(forKey: .count)
          try keyed.encode([String](), forKey: .outputs)
        }
        // A list of lines, each with its line end: a notebook's differences can then be read.
        let lines = cell.text.components(separatedBy: "\n")
        let source = lines.enumerated().map {
          $0.offset < lines.count - 1 ? $0.element + "\n" : $0.element
        }
        try keyed.encode(source, forKey: .source)
      }
    }
    struct Metadata: Encodable {
      struct Kernel: Encodable {
        let displayName = "Python 3"
        let language = "python"
        let name = "python3"
        enum CodingKeys: String, CodingKey {
          case displayName = "display_name"
          case language, name
        }
      }
      struct Language: Encodable { let name = "python" }
      let kernelspec = Kernel()
      let languageInfo = Language()
      enum CodingKeys: String, CodingKey {
        case kernelspec
        case languageInfo = "language_info"
      }
    }
    let cells: [StoredCell]
    let metadata = Metadata()
    let nbformat = 4
    let nbformatMinor = 5
    enum CodingKeys: String, CodingKey {
      case cells, metadata, nbformat
      case nbformatMinor = "nbformat_minor"
    }
    init(_ cells: [Cell]) { self.cells = cells.map(StoredCell.init) }
  }
}

/// A Python string literal.
func pythonLiteral(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case _ where scalar.value < 0x20 || scalar.value == 0x7F:
      out += "\\x" + String(format: "%02x", scalar.value)
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
