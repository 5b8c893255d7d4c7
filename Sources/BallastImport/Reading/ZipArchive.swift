import CZlib

/// A zip archive in memory, by its central directory.
///
/// Limits    methods stored and deflate; one volume; entries below 4 GiB. An entry that says it unpacks to more
///           than 2 GiB, or to 500 times its size beyond 64 MiB, is refused: real sheets stay below 100 times.
/// Source    PKWARE APPNOTE.TXT 6.3.9, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
struct ZipArchive {
  struct Entry {
    var name: String
    fileprivate var flags: UInt16
    fileprivate var method: UInt16
    fileprivate var packedSize: Int
    var size: Int
    fileprivate var headerAt: Int
  }

  private static let inflatedMax = 2 << 30
  private static let ratioMax = 500
  private static let ratioCountsFrom = 64 << 20

  let path: String
  private let bytes: [UInt8]
  let entries: [Entry]

  init(_ bytes: [UInt8], path: String) throws(ImportError) {
    self.path = path
    self.bytes = bytes
    guard bytes.count >= 22, let end = Self.endOfDirectory(bytes) else {
      throw Self.cut(path)
    }
    let count = Self.word16(bytes, end + 10)
    let directory = Self.word32(bytes, end + 16)
    guard count != 0xFFFF, directory != 0xFFFF_FFFF else {
      throw ImportError(
        path, "the workbook is a zip of more than 4 GiB", remedy: "export fewer tabs")
    }
    var entries: [Entry] = []
    var at = directory
    for _ in 0..<count {
      guard at + 46 <= bytes.count, Self.word32(bytes, at) == 0x0201_4B50 else {
        throw Self.cut(path)
      }
      let nameSize = Self.word16(bytes, at + 28)
      guard at + 46 + nameSize <= bytes.count else { throw Self.cut(path) }
      entries.append(
        Entry(
          name: String(decoding: bytes[(at + 46)..<(at + 46 + nameSize)], as: UTF8.self),
          flags: UInt16(Self.word16(bytes, at + 8)), method: UInt16(Self.word16(bytes, at + 10)),
          packedSize: Self.word32(bytes, at + 20), size: Self.word32(bytes, at + 24),
          headerAt: Self.word32(bytes, at + 42)))
      at += 46 + nameSize + Self.word16(bytes, at + 30) + Self.word16(bytes, at + 32)
    }
    self.entries = entries
  }

  func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  /// Unpacks an entry piece by piece; `take` says false when it has seen enough.
  func unpack(
    _ entry: Entry, _ take: (UnsafeRawBufferPointer) throws(ImportError) -> Bool
  ) throws(ImportError) {
    guard entry.flags & 1 == 0 else {
      throw ImportError(
        path, "\(entry.name) in it is encrypted", remedy: "save it without a password")
    }
    guard entry.packedSize < 0xFFFF_FFFF, entry.size < 0xFFFF_FFFF else {
      throw ImportError(path, "\(entry.name) in it has more than 4 GiB")
    }
    guard entry.size <= Self.inflatedMax else { throw bomb(entry, unpacked: entry.size) }
    guard entry.headerAt + 30 <= bytes.count,
      Self.word32(bytes, entry.headerAt) == 0x0403_4B50
    else { throw Self.cut(path) }
    let start =
      entry.headerAt + 30 + Self.word16(bytes, entry.headerAt + 26)
      + Self.word16(bytes, entry.headerAt + 28)
    guard start + entry.packedSize <= bytes.count else { throw Self.cut(path) }
    let packed = start..<(start + entry.packedSize)
    switch entry.method {
    case 0:
      let outcome = bytes.withUnsafeBytes { all -> Result<Bool, ImportError> in
        do throws(ImportError) {
          return .success(try take(UnsafeRawBufferPointer(rebasing: all[packed])))
        } catch {
          return .failure(error)
        }
      }
      _ = try outcome.get()
    case 8:
      let outcome = bytes.withUnsafeBytes { all -> Result<Void, ImportError> in
        do throws(ImportError) {
          return .success(
            try inflate(entry, UnsafeRawBufferPointer(rebasing: all[packed]), take))
        } catch {
          return .failure(error)
        }
      }
      try outcome.get()
    default:
      throw ImportError(
        path, "\(entry.name) in it is packed by method \(entry.method)",
        remedy: "save the workbook again with a spreadsheet program")
    }
  }

  private func inflate(
    _ entry: Entry, _ packed: UnsafeRawBufferPointer,
    _ take: (UnsafeRawBufferPointer) throws(ImportError) -> Bool
  ) throws(ImportError) {
    var zlib = z_stream()
    // −15: a bare deflate stream with the largest window.
    guard inflateInit2_(&zlib, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw ImportError(path, "zlib cannot start: no memory") }
    defer { inflateEnd(&zlib) }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { room.deallocate() }
    zlib.next_in = UnsafeMutablePointer(
      mutating: packed.baseAddress?.assumingMemoryBound(to: UInt8.self))
    zlib.avail_in = UInt32(packed.count)
    var unpacked = 0
    while true {
      zlib.next_out = room.baseAddress!.assumingMemoryBound(to: UInt8.self)
      zlib.avail_out = UInt32(room.count)
      let status = CZlib.inflate(&zlib, Z_NO_FLUSH)
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw ImportError(
          path, "\(entry.name) in it is damaged: the packed data make no sense",
          remedy: "get the file again")
      }
      let got = room.count - Int(zlib.avail_out)
      unpacked += got
      if unpacked > Self.inflatedMax
        || (unpacked > Self.ratioCountsFrom && unpacked / Self.ratioMax > entry.packedSize)
      {
        throw bomb(entry, unpacked: unpacked)
      }
      if got > 0, try !take(UnsafeRawBufferPointer(rebasing: room[..<got])) { return }
      if status == Z_STREAM_END { return }
      if got == 0 {
        throw ImportError(
          path, "\(entry.name) in it ends too early", remedy: "the file looks cut; get it again")
      }
    }
  }

  private func bomb(_ entry: Entry, unpacked: Int) -> ImportError {
    ImportError(
      path, "\(entry.name) in it unpacks from \(entry.packedSize) bytes to \(unpacked) and more",
      remedy: "no inventory does that; export it again")
  }

  private static func cut(_ path: String) -> ImportError {
    ImportError(
      path, "the workbook is cut or damaged: its zip directory is not whole",
      remedy: "get the file again")
  }

  /// Where the end record begins; it is the last one, before a comment of at most 65,535 bytes.
  private static func endOfDirectory(_ bytes: [UInt8]) -> Int? {
    var at = bytes.count - 22
    let first = max(0, at - 0xFFFF)
    while at >= first {
      if word32(bytes, at) == 0x0605_4B50, at + 22 + word16(bytes, at + 20) <= bytes.count {
        return at
      }
      at -= 1
    }
    return nil
  }

  private static func word16(_ bytes: [UInt8], _ at: Int) -> Int {
    Int(bytes[at]) | Int(bytes[at + 1]) << 8
  }

  private static func word32(_ bytes: [UInt8], _ at: Int) -> Int {
    word16(bytes, at) | word16(bytes, at + 2) << 16
  }
}
