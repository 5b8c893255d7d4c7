import BallastModel

/// The regular files of a tar archive, one after another: ustar, GNU long names and pax paths and sizes.
///
/// Folders, links and devices are passed over. Reading goes forward only, so an archive may be larger
/// than memory.
final class TarReader {
  private static let blockSize = 512
  private let archive: any ByteStream
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
  /// Of the member that is open: bytes not read yet, and the padding after them.
  private var unread = 0
  private var padding = 0

  init(_ archive: any ByteStream) { self.archive = archive }

  deinit { block.deallocate() }

  /// Whether 512 bytes are a header of a tar archive, by their checksum.
  static func isHeader(_ block: UnsafeRawBufferPointer) -> Bool {
    guard block.count >= blockSize, block[0] != 0 else { return false }
    let checksumField = 148..<156
    var sum = 0
    for index in 0..<blockSize {
      sum += checksumField.contains(index) ? 0x20 : Int(block[index])
    }
    return number(block, checksumField) == sum
  }

  /// Goes to the next regular file; nil at the end of the archive.
  func nextMember() throws(ScenarioProblem) -> String? {
    try skip(unread + padding)
    var longName: [UInt8]?
    var longSize: Int?
    while true {
      if try archive.readFully(into: block) < TarReader.blockSize { throw cut() }
      let header = UnsafeRawBufferPointer(block)
      if header.allSatisfy({ $0 == 0 }) {
        try drain()
        return nil
      }
      guard TarReader.isHeader(header), let size = TarReader.number(header, 124..<136) else {
        throw archive.problem("a header of the archive is damaged", remedy: "get the file again")
      }
      switch header[156] {
      case UInt8(ascii: "L"):
        longName = TarReader.text(try contents(size)[...])
      case UInt8(ascii: "x"):
        let records = try contents(size)
        longName = TarReader.paxValue("path", in: records) ?? longName
        longSize = TarReader.paxValue("size", in: records).flatMap {
          Int(String(decoding: $0, as: UTF8.self))
        }
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
        unread = longSize ?? size
        padding = TarReader.paddingAfter(unread)
        let name = longName ?? TarReader.name(header)
        return String(decoding: name, as: UTF8.self)
      default:
        try skip(size + TarReader.paddingAfter(size))
        longName = nil
        longSize = nil
      }
    }
  }

  /// Bytes of the member that is open; 0 at its end.
  func read(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int {
    if unread == 0 || room.isEmpty { return 0 }
    let part = UnsafeMutableRawBufferPointer(rebasing: room[..<min(room.count, unread)])
    let got = try archive.read(into: part)
    if got == 0 { throw cut() }
    unread -= got
    return got
  }

  private func cut() -> ScenarioProblem {
    archive.problem("the archive ends too early", remedy: "the file looks cut; get it again")
  }

  /// Reads what follows the end mark, so that the packing's own checksum is checked too.
  private func drain() throws(ScenarioProblem) {
    while try archive.read(into: block) > 0 {}
    unread = 0
    padding = 0
  }

  private func skip(_ count: Int) throws(ScenarioProblem) {
    var left = count
    while left > 0 {
      let part = UnsafeMutableRawBufferPointer(rebasing: block[..<min(left, block.count)])
      let got = try archive.read(into: part)
      if got == 0 { throw cut() }
      left -= got
    }
    unread = 0
    padding = 0
  }

  /// The contents of a record about the next member. Names longer than 1 MiB are not names.
  private func contents(_ size: Int) throws(ScenarioProblem) -> [UInt8] {
    if size > 1 << 20 {
      throw archive.problem("a header of the archive is damaged", remedy: "get the file again")
    }
    unread = size
    padding = TarReader.paddingAfter(size)
    var bytes: [UInt8] = []
    while unread > 0 {
      let got = try read(into: block)
      bytes.append(contentsOf: block[..<got])
    }
    try skip(padding)
    return bytes
  }

  private static func paddingAfter(_ size: Int) -> Int {
    (blockSize - size % blockSize) % blockSize
  }

  /// An octal field, or GNU's binary one, marked by its top bit, for sizes of 8 GiB and more.
  private static func number(_ block: UnsafeRawBufferPointer, _ field: Range<Int>) -> Int? {
    var value = 0
    if block[field.lowerBound] & 0x80 != 0 {
      for index in field.dropFirst() {
        if value >> 48 != 0 { return nil }
        value = value << 8 | Int(block[index])
      }
      return value
    }
    for index in field {
      let byte = block[index]
      if byte == 0x20 && value == 0 { continue }
      if byte == 0 || byte == 0x20 { break }
      guard (0x30...0x37).contains(byte) else { return nil }
      value = value << 3 | Int(byte - 0x30)
    }
    return value
  }

  private static func name(_ header: UnsafeRawBufferPointer) -> [UInt8] {
    let name = text(header[0..<100])
    let isUstar = header[257..<262].elementsEqual("ustar".utf8)
    let prefix = isUstar && header[262] == 0 ? text(header[345..<500]) : []
    return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    Array(bytes.prefix { $0 != 0 })
  }

  /// The last value of a key among pax records, each "length key=value\n".
  private static func paxValue(_ key: String, in records: [UInt8]) -> [UInt8]? {
    var found: [UInt8]?
    var rest = records[...]
    while let space = rest.firstIndex(of: 0x20),
      let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length > space - rest.startIndex, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      if let equals = record.firstIndex(of: UInt8(ascii: "=")),
        record[..<equals].elementsEqual(key.utf8)
      {
        found = Array(record[(equals + 1)...])
      }
      rest = rest[(rest.startIndex + length)...]
    }
    return found
  }
}

/// The member of an archive that is open now.
final class MemberStream: ByteStream {
  let label: String
  private let archive: TarReader

  init(_ archive: TarReader, label: String) {
    self.archive = archive
    self.label = label
  }

  func read(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int {
    try archive.read(into: room)
  }
}
