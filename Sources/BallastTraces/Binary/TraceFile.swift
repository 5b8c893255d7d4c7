import BallastModel
import BallastUnits
import Glibc

/// Why a trace could not be written; nothing of it stays on disk.
public struct TraceWriteError: Error, Sendable, CustomStringConvertible {
  public let path: String
  /// In the words of the operating system: "No space left on device".
  public let reason: String
  public var description: String { "\(path): cannot write: \(reason)" }
}

extension TraceImage {
  /// Maps a `.btrace` file after checking all of it. Also returns the SHA-256 of the file.
  static func open(_ path: String) throws(ScenarioProblem) -> (image: TraceImage, sha256: String) {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw unreadable(path) }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw unreadable(path) }
    let size = Int(status.st_size)
    func damaged(_ message: String) -> ScenarioProblem {
      ScenarioProblem(
        SourcePlace(file: path, line: 1, column: 1), message,
        remedy: "convert the source again or get the file again")
    }
    guard size >= headerBytes + trailerBytes else {
      throw damaged("the binary trace is cut: \(size) bytes are fewer than its header")
    }
    let storage = try MappedBytes(descriptor: descriptor, count: size, path: path)
    var header = TraceHeader()
    for word in 0..<headerWords {
      header.words[word] = storage.start.load(fromByteOffset: word * 8, as: Int64.self)
    }
    if storage.bytes.starts(with: [0x1f, 0x8b]) {
      throw ScenarioProblem(
        SourcePlace(file: path, line: 1, column: 1), "the binary trace is packed",
        remedy: "unpack it with gunzip: it is used where it lies")
    }
    guard header[.magic] == magic else { throw damaged("this is no binary trace of Ballast") }
    guard header[.byteOrderMark] == byteOrderMark else {
      throw damaged("the binary trace has another byte order than this machine")
    }
    guard header[.version] == version else {
      throw damaged("the binary trace has format version \(header[.version]), not \(version)")
    }
    guard header[.byteCount] >= 0, header[.byteCount] <= Int64(size - trailerBytes) else {
      throw damaged("the binary trace is cut: its header tells of more bytes than there are")
    }
    guard header[.byteCount] == Int64(size - trailerBytes), header[.seriesStart] >= headerBytes,
      header[.seriesStart] <= header[.byteCount]
    else { throw damaged("the header of the binary trace is damaged") }
    let tables = UnsafeRawBufferPointer(
      rebasing: storage.bytes[Int(header[.seriesStart])..<Int(header[.byteCount])])
    guard checksum(of: tables, header: header) == header[.checksum] else {
      throw damaged("the header or a table of the binary trace is damaged")
    }
    let image = TraceImage(storage: storage, header: header)
    guard image.fits() else { throw damaged("the tables of the binary trace contradict its size") }

    var hash = SHA256()
    hash.update(UnsafeRawBufferPointer(rebasing: storage.bytes[..<Int(header[.byteCount])]))
    let trailer = storage.bytes[Int(header[.byteCount])...]
    guard hash.digest().elementsEqual(trailer) else {
      throw damaged("the samples of the binary trace are damaged")
    }
    hash.update(UnsafeRawBufferPointer(rebasing: trailer))
    return (image, hash.hexDigest())
  }

  /// Whether every offset and count stays inside the bytes, so that no accessor can leave them.
  private func fits() -> Bool {
    let bytes = header[.byteCount]
    func region(_ start: Int64, _ count: Int64, _ size: Int64) -> Bool {
      start >= 0 && count >= 0 && start % 8 == 0 && start <= bytes
        && count <= (bytes - start) / size
    }
    let samples = header[.sampleCount]
    guard header[.memoryUnit] >= -1, header[.memoryUnit] <= 2, header[.memoryUnit] != 1,
      header[.seriesCount] > 0, header[.nominalStep] > 0,
      region(header[.cpuStart], samples, 4),
      region(header[.kilohertzStart], header[.hasKilohertz] != 0 ? samples : 0, 4),
      region(header[.memoryStart], header[.memoryUnit] >= 0 ? samples : 0, 4),
      region(header[.timesStart], header[.timesCount], 8),
      region(header[.seriesStart], header[.seriesCount], Int64(TraceImage.recordWords * 8)),
      region(header[.stepsStart], header[.stepsCount], 16),
      region(header[.namesStart], header[.namesBytes], 1)
    else { return false }
    return (0..<Int(header[.seriesCount])).allSatisfy { series in
      let record = record(series)
      func part(_ start: Int64, _ count: Int64, of total: Int64) -> Bool {
        start >= 0 && count >= 0 && start <= total && count <= total - start
      }
      return part(record.nameStart, record.nameBytes, of: header[.namesBytes])
        && part(record.sampleStart, record.sampleCount, of: samples)
        && (record.timesStart < 0
          || part(record.timesStart, record.sampleCount, of: header[.timesCount]))
        && (!record.hasKilohertz || header[.hasKilohertz] != 0)
        && (!record.hasMemory || header[.memoryUnit] >= 0)
    }
  }

  /// Writes the image and its trailer under a temporary name in the same folder, then renames it.
  func write(to path: String) throws(TraceWriteError) {
    let partial = path + ".partial"
    let descriptor = Glibc.open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    func failure() -> TraceWriteError {
      TraceWriteError(path: path, reason: String(cString: strerror(errno)))
    }
    if descriptor < 0 { throw failure() }
    let bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[..<Int(header[.byteCount])])
    var hash = SHA256()
    hash.update(bytes)
    let isWritten =
      writeAll(bytes, to: descriptor)
      && hash.digest().withUnsafeBytes { writeAll($0, to: descriptor) }
      && fsync(descriptor) == 0
    let written = isWritten ? nil : failure()
    // A network file system may report a full disk only here.
    let isClosed = close(descriptor) == 0
    if written == nil && isClosed && rename(partial, path) == 0 { return }
    let error = written ?? failure()
    unlink(partial)
    throw error
  }
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
  var done = 0
  while done < bytes.count {
    let put = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
    if put > 0 { done += put } else if errno != EINTR { return false }
  }
  return true
}
