import Glibc

/// The bytes of a file.
func readFile(_ path: String) throws(ImportError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw ImportError(path, systemReason(), remedy: "check the path", isMissing: true)
  }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
    throw ImportError(path, "it is a directory", remedy: "name a file", isMissing: true)
  }
  let size = Int(status.st_size)
  // An export of 100,000 VMs has some hundred MB.
  let sizeMax = 4 << 30
  guard size <= sizeMax else {
    throw ImportError(path, "the file has \(size >> 20) MiB", remedy: "it is limited to 4 GiB")
  }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(size)
  var chunk = [UInt8](repeating: 0, count: 1 << 18)
  while true {
    let got = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    if got == 0 { return bytes }
    guard got > 0 else {
      if errno == EINTR { continue }
      throw ImportError(path, systemReason())
    }
    bytes += chunk[..<got]
  }
}

enum PathKind { case file, folder, missing }

func kind(of path: String) -> PathKind {
  var status = stat()
  guard stat(path, &status) == 0 else { return .missing }
  return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
}

/// Names in a folder, byte-wise in order.
func names(inFolder path: String) throws(ImportError) -> [String] {
  guard let folder = opendir(path) else {
    throw ImportError(path, systemReason(), isMissing: true)
  }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted(by: precedes)
}

/// Byte-wise order, the same everywhere.
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

/// The last component of a path, without a slash at its end.
func fileName(_ path: String) -> String {
  path.split(separator: "/").last.map(String.init) ?? path
}

private func systemReason() -> String { String(cString: strerror(errno)) }
