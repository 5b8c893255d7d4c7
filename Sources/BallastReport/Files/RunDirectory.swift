import Foundation

/// Why a run directory could not be made, or could not become whole. All of them are exit code 74.
public enum RunDirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
  case exists(path: String)
  /// `--force` replaces runs, not whatever else a mistyped path names.
  case notARun(path: String)
  case inUse(path: String)
  case failed(path: String, reason: String)

  public var description: String {
    switch self {
    case .exists(let path): "\(path) exists; --force replaces it, --out names another"
    case .notARun(let path):
      "\(path) exists and does not look like a run (no run.json); --force replaces only runs"
    case .inUse(let path): "another run is writing \(path)"
    case .failed(let path, let reason): "cannot write \(path): \(reason)"
    }
  }
}

/// The life of a run directory: rows go to `DIR.partial`, which becomes DIR when whole and `DIR.incomplete` when
/// interrupted. So a directory without a suffix always holds a whole run, and a run that replaces another leaves the old
/// one untouched until the new one is complete.
public final class RunDirectory {
  /// Where the result will stand.
  public let path: String
  /// Where to write until then.
  public let workingPath: String
  private let replaces: Bool
  private var lock: Int32

  /// Makes `path + ".partial"`, removing what an earlier, killed run left there.
  public init(_ path: String, force: Bool) throws(RunDirectoryError) {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    // A link is followed once, here, so that the renames below move what it points to and not the link. Any other path
    // stays as it was given, for messages.
    if isLink(trimmed), let real = realpath(trimmed, nil) {
      trimmed = String(cString: real)
      free(real)
    }
    self.path = trimmed
    workingPath = trimmed + ".partial"
    replaces = force
    lock = -1

    if fileExists(trimmed) {
      guard force else { throw .exists(path: trimmed) }
      guard isReplaceable(trimmed) else { throw .notARun(path: trimmed) }
    }
    try attempting(trimmed) {
      let parent = URL(fileURLWithPath: trimmed).deletingLastPathComponent().path
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    }
    if fileExists(workingPath) {
      try take(workingPath)
      try removeTree(workingPath)
    }
    guard mkdir(workingPath, 0o755) == 0 else {
      throw .failed(path: workingPath, reason: systemReason())
    }
    try take(workingPath)
  }

  deinit { release() }

  /// The run is whole: `DIR.partial` becomes DIR, in the place of an older run where `force` allows.
  public func commit() throws(RunDirectoryError) {
    try replace(path, allowed: replaces)
  }

  /// The run was interrupted: what was recorded so far stays as `DIR.incomplete`. Returns that path.
  @discardableResult
  public func keepIncomplete() throws(RunDirectoryError) -> String {
    let kept = path + ".incomplete"
    try replace(kept, allowed: true)
    return kept
  }

  /// A write failed: removes what is there, as far as possible.
  public func discard() {
    try? removeTree(workingPath)
    release()
  }

  private func replace(_ target: String, allowed: Bool) throws(RunDirectoryError) {
    defer { release() }
    guard fileExists(target) else { return try rename(workingPath, to: target) }
    guard allowed else { throw .exists(path: target) }
    let old = target + ".replaced"
    if fileExists(old) { try removeTree(old) }
    try rename(target, to: old)
    do throws(RunDirectoryError) {
      try rename(workingPath, to: target)
    } catch {
      try? rename(old, to: target)
      throw error
    }
    try removeTree(old)
  }

  private func rename(_ from: String, to target: String) throws(RunDirectoryError) {
    guard Glibc.rename(from, target) == 0 else {
      throw .failed(path: target, reason: systemReason())
    }
  }

  /// Holds an advisory lock on the directory as long as this process lives: two runs never share a `.partial`.
  private func take(_ directory: String) throws(RunDirectoryError) {
    release()
    lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0 else { throw .failed(path: directory, reason: systemReason()) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .inUse(path: directory) }
    // Between open and flock another run may have removed this directory and made its own.
    var locked = stat()
    var current = stat()
    guard fstat(lock, &locked) == 0, stat(directory, &current) == 0,
      locked.st_ino == current.st_ino, locked.st_dev == current.st_dev
    else { throw .inUse(path: directory) }
  }

  private func release() {
    if lock >= 0 { close(lock) }
    lock = -1
  }
}

private func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

private func isLink(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

/// A run, or an empty directory.
private func isReplaceable(_ path: String) -> Bool {
  if fileExists(path + "/run.json") { return true }
  return (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty ?? false
}

private func removeTree(_ path: String) throws(RunDirectoryError) {
  try attempting(path) { try FileManager.default.removeItem(atPath: path) }
}

/// Foundation's errors as ours: they are verbose, and the path is already in them.
private func attempting(_ path: String, _ action: () throws -> Void) throws(RunDirectoryError) {
  do {
    try action()
  } catch {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    let reason = underlying.map { String(cString: strerror(Int32($0.code))) }
    throw .failed(path: path, reason: reason ?? error.localizedDescription)
  }
}
