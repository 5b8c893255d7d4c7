import BallastModel
import BallastUnits
import Glibc

/// What a trace's path names: one file, the files of a folder, or the members of a tar archive; each file
/// may be packed with gzip.
///
/// Order     files of a folder byte-wise by name, whatever order the file system has; members as archived.
/// Skipped   folders inside a folder, names that start with a dot, what the format does not take, and
///           `X.gz` beside `X`; `skipped` counts them.
/// SHA-256   of one file, its own, as `sha256sum` prints it. Of a folder or archive, the hash of the lines
///           `<hash>  <name>\n` of all files read, byte-wise by name: what
///           `LC_ALL=C sha256sum * | sha256sum` prints in a folder where every file was read.
final class TraceSource {
  enum Shape {
    case file
    case folder
    case archive
  }

  let path: String
  let shape: Shape
  /// Names below `folder`, byte-wise; the one name of a file; of an archive, its first member.
  let names: [String]
  private let folder: String
  private(set) var skipped: Int64 = 0
  private var hashes: [(name: String, hash: String)] = []

  /// Looks at what is there without reading more than a few KiB.
  init(path: String) throws(ScenarioProblem) {
    self.path = path
    var status = stat()
    if stat(path, &status) != 0 { throw unreadable(path) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      shape = .folder
      folder = path
      let found = try TraceSource.entries(of: path)
      names = found.names
      skipped = found.skipped
    case S_IFREG:
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      folder = slash.map { String(path[...$0]) } ?? "."
      let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
      let first = try TraceSource.firstBytes(try TraceSource.unpacked(path))
      if first.withUnsafeBytes(TarReader.isHeader) {
        shape = .archive
        let archive = TarReader(try TraceSource.unpacked(path))
        names = try TraceSource.nextVisible(archive).map { [lastComponent($0)] } ?? []
      } else {
        shape = .file
        names = [name]
      }
    default:
      throw ScenarioProblem(
        SourcePlace(file: path, line: 1, column: 1), "is neither a file nor a folder",
        remedy: "name a trace file, a folder of them or an archive")
    }
  }

  /// The source at `path`. That it is not there is wrong where the path is written, not at the path.
  static func find(
    _ path: String, namedAt place: SourcePlace
  ) throws(ScenarioProblem) -> TraceSource {
    do throws(ScenarioProblem) {
      return try TraceSource(path: path)
    } catch  where error.isMissingFile {
      throw ScenarioProblem(
        place, "there is no trace at \(path)", remedy: "correct the path", isMissingFile: true)
    }
  }

  /// The files beside a single file that `wanted` accepts; none for a folder or an archive.
  func beside(_ wanted: (String) -> Bool) throws(ScenarioProblem) -> [String] {
    guard shape == .file else { return [] }
    return try TraceSource.entries(of: folder).names.filter { wanted($0) && $0 != names[0] }
  }

  /// The first 4 KiB of a file by name, unpacked; of an archive, of its first member.
  func firstBytes(of name: String) throws(ScenarioProblem) -> [UInt8] {
    guard shape == .archive else {
      return try TraceSource.firstBytes(try TraceSource.unpacked(location(name)))
    }
    let archive = TarReader(try TraceSource.unpacked(path))
    guard let member = try TraceSource.nextVisible(archive) else { return [] }
    return try TraceSource.firstBytes(memberStream(archive, member, MemberStream.init))
  }

  /// Hands each file that `takes` accepts to `body`, in order.
  ///
  /// `rank` comes before the name in the order of a folder. A problem with one file does not keep the
  /// others from being read, until `problems` is full.
  func visit(
    names chosen: [String]? = nil, problems: ProblemList,
    rank: (String) -> UInt32 = { _ in 0 }, takes: (String) -> Bool = { _ in true },
    _ body: (TraceEntry) throws(ScenarioProblem) -> Void
  ) {
    if shape == .archive {
      do throws(ScenarioProblem) {
        try visitArchive(problems: problems, rank: rank, takes: takes, body)
      } catch {
        problems.add(error)
      }
      return
    }
    var taken: [(rank: UInt32, name: String)] = []
    for name in chosen ?? names {
      if takes(name) { taken.append((rank(name), name)) } else { skipped += 1 }
    }
    taken.sort { $0.rank != $1.rank ? $0.rank < $1.rank : precedes($0.name, $1.name) }
    for (rank, name) in taken where !problems.isFull {
      do throws(ScenarioProblem) {
        let stored = HashedStream(try FileStream(path: location(name)))
        let isPacked = try TraceSource.isPacked(location(name))
        let stream: any ByteStream = isPacked ? GunzipStream(stored) : stored
        try body(TraceEntry(name: name, rank: rank, lines: LineReader(stream)))
        hashes.append((name, stored.hash.hexDigest()))
      } catch {
        problems.add(error)
      }
    }
  }

  /// Of all that was visited; see above.
  var sha256: String {
    if shape == .file && hashes.count == 1 { return hashes[0].hash }
    var whole = SHA256()
    for (name, hash) in hashes.sorted(by: { precedes($0.name, $1.name) }) {
      whole.update("\(hash)  \(name)\n")
    }
    return whole.hexDigest()
  }

  private func visitArchive(
    problems: ProblemList, rank: (String) -> UInt32, takes: (String) -> Bool,
    _ body: (TraceEntry) throws(ScenarioProblem) -> Void
  ) throws(ScenarioProblem) {
    let archive = TarReader(try TraceSource.unpacked(path))
    while !problems.isFull, let member = try archive.nextMember() {
      let name = lastComponent(member)
      guard !TraceSource.isHidden(name), takes(name) else {
        skipped += 1
        continue
      }
      var stored: HashedStream?
      let stream = memberStream(archive, member) { archive, label in
        let hashed = HashedStream(MemberStream(archive, label: label))
        stored = hashed
        return hashed
      }
      do throws(ScenarioProblem) {
        try body(TraceEntry(name: name, rank: rank(name), lines: LineReader(stream)))
        if let stored { hashes.append((member, stored.hash.hexDigest())) }
      } catch {
        problems.add(error)
      }
    }
  }

  private static func nextVisible(_ archive: TarReader) throws(ScenarioProblem) -> String? {
    while let member = try archive.nextMember() {
      if !isHidden(lastComponent(member)) { return member }
    }
    return nil
  }

  private static func isHidden(_ name: String) -> Bool { name.utf8.first == UInt8(ascii: ".") }

  /// A member cannot be read twice, so its name says whether it is packed.
  private func memberStream(
    _ archive: TarReader, _ member: String,
    _ make: (TarReader, String) -> any ByteStream
  ) -> any ByteStream {
    let stream = make(archive, path + "/" + member)
    return member.utf8.reversed().starts(with: ".gz".utf8.reversed())
      ? GunzipStream(stream) : stream
  }

  /// How messages name one of the files.
  func label(_ name: String) -> String {
    shape == .archive ? path + "/" + name : location(name)
  }

  /// What is wrong with the source as a whole.
  func problem(_ message: String) -> ScenarioProblem {
    ScenarioProblem(
      SourcePlace(file: path, line: 1, column: 1), message,
      remedy: "check that the path names the trace itself, and the format")
  }

  private func location(_ name: String) -> String {
    if shape == .file && name == names[0] { return path }
    if folder == "." { return name }
    return folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
  }

  private static func isPacked(_ path: String) throws(ScenarioProblem) -> Bool {
    let file = try FileStream(path: path)
    return try withBytes(2) { room throws(ScenarioProblem) in
      try file.readFully(into: room) == 2 && room[0] == 0x1f && room[1] == 0x8b
    }
  }

  private static func unpacked(_ path: String) throws(ScenarioProblem) -> any ByteStream {
    let file = try FileStream(path: path)
    return try isPacked(path) ? GunzipStream(file) : file
  }

  private static func firstBytes(_ stream: any ByteStream) throws(ScenarioProblem) -> [UInt8] {
    try withBytes(4096) { room throws(ScenarioProblem) in
      Array(room[..<(try stream.readFully(into: room))])
    }
  }

  private static func withBytes<Result>(
    _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Result
  ) throws(ScenarioProblem) -> Result {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { room.deallocate() }
    return try body(room)
  }

  /// The files of a folder byte-wise by name, and how many other entries were passed over.
  private static func entries(
    of folder: String
  ) throws(ScenarioProblem) -> (names: [String], skipped: Int64) {
    guard let directory = opendir(folder) else { throw unreadable(folder) }
    defer { closedir(directory) }
    var found: [String] = []
    var skipped: Int64 = 0
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      var status = stat()
      let isFile =
        stat(folder + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      if isFile && !isHidden(name) {
        found.append(name)
      } else {
        skipped += 1
      }
    }
    let plain = Set(found)
    let kept = found.filter { !($0.hasSuffix(".gz") && plain.contains(String($0.dropLast(3)))) }
    skipped += Int64(found.count - kept.count)
    return (kept.sorted(by: precedes), skipped)
  }
}

/// One file or member while it is being read.
struct TraceEntry {
  /// Without folders.
  let name: String
  let rank: UInt32
  let lines: LineReader

  /// The name of a series that has a file to itself: without `.csv`, `.gz` or `.csv.gz`.
  var seriesName: String {
    var stem = name
    if stem.hasSuffix(".gz") { stem.removeLast(3) }
    if stem.hasSuffix(".csv") { stem.removeLast(4) }
    return stem.isEmpty ? name : stem
  }

  /// A file without a single row is a mistake, not an idle VM. Faulty rows have been reported already.
  func requireRows(_ hasRows: Bool, problems: ProblemList) throws(ScenarioProblem) {
    if hasRows || !problems.all.isEmpty { return }
    throw ScenarioProblem(
      SourcePlace(file: lines.label, line: max(lines.number, 1), column: 1),
      lines.number == 0 ? "the file is empty" : "there are no samples after the header",
      remedy: "get the file again or remove it")
  }
}

/// Byte-wise order of names, the same in every locale.
func precedes(_ a: String, _ b: String) -> Bool {
  a.utf8.lexicographicallyPrecedes(b.utf8)
}

func lastComponent(_ path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
  return String(path[path.utf8.index(after: slash)...])
}
